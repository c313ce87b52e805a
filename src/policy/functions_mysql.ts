/**
 * Built-ins of MySQL and MariaDB that only compute on their arguments or tell of the session itself. Left out, and so
 * refused: load_file, sleep and benchmark (a clock on what is hidden), locks, column statistics (decode_histogram),
 * name_const, waiting and replication functions, sequences (nextval, lastval, setval), encryption with keys of the
 * server (des_encrypt, keyring functions), the data dictionary's own (internal_*, get_dd_*), other sessions
 * (ps_thread_id), accounts (roles_graphml), and whatever is unknown.
 */
const TEXT = `
ascii bin bit_length char char_length character_length chr concat concat_ws elt export_set field find_in_set format
format_bytes format_pico_time from_base64 hex insert instr lcase left length lengthb locate lower lpad ltrim make_set
match mid oct octet_length ord position quote regexp_instr regexp_like regexp_replace regexp_substr repeat replace
reverse right rpad rtrim soundex space strcmp substr substring substring_index to_base64 trim ucase unhex upper
weight_string natural_sort_key sformat to_char bin_to_uuid uuid_to_bin is_uuid extractvalue updatexml statement_digest
statement_digest_text concat_operator_oracle lpad_oracle ltrim_oracle replace_oracle rpad_oracle rtrim_oracle
substr_oracle trim_oracle`

const NUMBERS = `
abs acos asin atan atan2 ceil ceiling conv cos cot crc32 crc32c degrees exp floor greatest least ln log log10 log2 mod pi
pow power radians rand round sign sin sqrt tan truncate bit_count interval`

const TIME = `
add_months adddate addtime convert_tz curdate current_date current_time current_timestamp curtime date date_add
date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear extract from_days from_unixtime get_format hour
last_day localtime localtimestamp makedate maketime microsecond minute month monthname months_between now period_add
period_diff quarter sec_to_time second str_to_date subdate subtime sysdate time time_format time_to_sec timediff
timestamp timestampadd timestampdiff to_date to_days to_seconds unix_timestamp utc_date utc_time utc_timestamp week
weekday weekofyear year yearweek`

const GROUPS = `
any_value avg bit_and bit_or bit_xor count cume_dist dense_rank first_value group_concat grouping json_arrayagg
json_objectagg lag last_value lead max median min nth_value ntile percent_rank percentile_cont percentile_disc rank
row_number std stddev stddev_pop stddev_samp sum var_pop var_samp variance`

const DOCUMENTS = `
json_array json_array_append json_array_insert json_array_intersect json_compact json_contains json_contains_path
json_depth json_detailed json_equals json_exists json_extract json_insert json_key_value json_keys json_length json_loose
json_merge json_merge_patch json_merge_preserve json_normalize json_object json_object_filter_keys json_object_to_array
json_overlaps json_pretty json_query json_quote json_remove json_replace json_schema_valid json_schema_validation_report
json_search json_set json_storage_free json_storage_size json_table json_type json_unquote json_valid json_value
member_of column_add column_check column_create column_delete column_exists column_get column_json column_list`

const CHOICE_AND_TYPES = `
binary case cast coalesce convert decode_oracle default if ifnull in isnull nullif nvl nvl2 values value
inet6_aton inet6_ntoa inet_aton inet_ntoa is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 compress uncompress
uncompressed_length md5 sha sha1 sha2 kdf aes_encrypt aes_decrypt encode decode password random_bytes sys_guid uuid
uuid_short uuid_v4 uuid_v7 gtid_subset gtid_subtract`

const SESSION = `
charset coercibility collation connection_id current_role current_user database found_rows icu_version last_insert_id
row_count schema session_user system_user user version can_access_column can_access_database can_access_table
can_access_view ps_current_thread_id`

/** The constructors, and what takes a geometry apart, with the names that MariaDB still has without `st_`. */
const GEOMETRY_TYPES = `
geometry point linestring polygon multipoint multilinestring multipolygon geometrycollection geomcollection`
const GEOMETRY_SOURCES =
  'geom geometry point line linestring poly polygon mpoint multipoint mline multilinestring mpoly multipolygon geomcoll geometrycollection'
const GEOMETRY = `
area asbinary astext aswkb aswkt boundary buffer centroid contains convexhull crosses dimension disjoint endpoint envelope
equals exteriorring geometryn geometrytype glength interiorringn intersects isclosed isempty isring issimple
numgeometries numinteriorrings numpoints overlaps pointn pointonsurface srid startpoint touches within x y
mbrcontains mbrcoveredby mbrcovers mbrdisjoint mbrequal mbrequals mbrintersects mbroverlaps mbrtouches mbrwithin
st_area st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_boundary st_buffer st_buffer_strategy st_centroid
st_collect st_contains st_convexhull st_crosses st_difference st_dimension st_disjoint st_distance st_distance_sphere
st_endpoint st_envelope st_equals st_exteriorring st_frechetdistance st_geohash st_geomfromgeojson st_geometryn
st_geometrytype st_hausdorffdistance st_interiorringn st_intersection st_intersects st_isclosed st_isempty st_isring
st_issimple st_isvalid st_latfromgeohash st_latitude st_length st_lineinterpolatepoint st_lineinterpolatepoints
st_longfromgeohash st_longitude st_makeenvelope st_numgeometries st_numinteriorring st_numinteriorrings st_numpoints
st_overlaps st_pointatdistance st_pointfromgeohash st_pointn st_pointonsurface st_relate st_simplify st_srid
st_startpoint st_swapxy st_symdifference st_touches st_transform st_union st_validate st_within st_x st_y`

const VECTORS = `
distance from_vector string_to_vector to_vector vec_distance vec_distance_cosine vec_distance_euclidean vec_fromtext
vec_totext vector_dim vector_distance vector_to_string`

/** `st_pointfromtext`, `pointfromwkb` and their like. */
function geometryReaders(): string {
  return names(GEOMETRY_SOURCES)
    .flatMap((type) => [`${type}fromtext`, `${type}fromwkb`])
    .flatMap((name) => [name, `st_${name}`])
    .join(' ')
}

function names(list: string): string[] {
  return list.trim().split(/\s+/)
}

export const MYSQL_FUNCTIONS: ReadonlySet<string> = new Set([
  ...[TEXT, NUMBERS, TIME, GROUPS, DOCUMENTS, CHOICE_AND_TYPES, SESSION].flatMap(names),
  ...[GEOMETRY_TYPES, GEOMETRY, geometryReaders(), VECTORS].flatMap(names),
])

/** Variables that hold texts of statements or what the server did with them, or a state that a result leaks into. */
export const MYSQL_HIDDEN_VARIABLES: ReadonlySet<string> = new Set([
  'debug',
  'debug_sync',
  'init_file',
  'init_replica',
  'init_slave',
  'last_gtid',
  'optimizer_trace',
  'rand_seed1',
  'rand_seed2',
  'statement_id',
])
