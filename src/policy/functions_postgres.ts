/**
 * Built-in functions, aggregates and window functions of PostgreSQL 15 to 18 of which the server says that every
 * overload is immutable: the result depends on nothing but the arguments. Made from pg_proc of real servers, without
 * those that are only called by the server itself (operators' and types' own functions, transition functions).
 */
const IMMUTABLE = `
abbrev abs acos acosd acosh area array_append array_cat array_dims array_fill array_length array_lower array_ndims
array_position array_positions array_prepend array_remove array_replace array_reverse array_sort array_to_tsvector
array_upper ascii asin asind asinh atan atan2 atan2d atand atanh bit bit_count bit_length bool box bpchar broadcast
btrim bytea cardinality casefold cash_words cbrt ceil ceiling center char char_length character_length chr cidr
circle cos cosd cosh cot cotd crc32 crc32c date_bin datemultirange daterange decode degrees dexp diagonal diameter
div dlog1 dlog10 dround dtrunc encode erf erfc exp factorial family float4 float8 floor gamma gcd get_bit get_byte
height host hostmask icu_unicode_version inet_merge inet_same_family initcap int2 int4 int4multirange int4range
int8 int8multirange int8range is_normalized isclosed isempty isfinite ishorizontal isopen isparallel isperp
isvertical json_array_elements json_array_elements_text json_array_length json_each json_each_text
json_extract_path json_extract_path_text json_object_keys json_strip_nulls json_typeof jsonb_array_elements
jsonb_array_elements_text jsonb_array_length jsonb_concat jsonb_contains jsonb_delete jsonb_delete_path jsonb_each
jsonb_each_text jsonb_exists jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg
jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict jsonb_object_keys jsonb_path_exists
jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set
jsonb_set_lax jsonb_strip_nulls jsonb_typeof justify_days justify_hours justify_interval lcm left lgamma like
like_escape line ln log log10 lower lower_inc lower_inf lpad lseg ltrim macaddr macaddr8 macaddr8_set7bit make_date
make_interval make_time make_timestamp masklen md5 min_scale mod multirange name netmask network notlike npoints
numeric_div_trunc numeric_exp numeric_ln numeric_log numeric_sqrt nummultirange numnode numrange oid overlay
parse_ident path pclose pg_encoding_max_length pg_lsn pg_snapshot_xip pg_snapshot_xmax pg_snapshot_xmin
pg_visible_in_snapshot pi point point_distance polygon popen position pow radians radius range_merge regexp_count
regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table
regexp_substr repeat replace reverse right round rpad rtrim scale set_bit set_byte set_masklen setweight sha224
sha256 sha384 sha512 sign similar_escape similar_to_escape sin sind sinh slope split_part sqrt string_to_array
string_to_table strip strpos substr substring tan tand tanh textlen to_ascii to_bin to_hex to_oct translate
trim_array trim_scale trunc ts_delete ts_filter ts_lexize ts_rank ts_rank_cd tsmultirange tsquery_phrase tsrange
tstzmultirange tstzrange tsvector_to_array txid_snapshot_xip txid_snapshot_xmax txid_snapshot_xmin
txid_visible_in_snapshot unicode_assigned unicode_version unistr upper upper_inc upper_inf uuid_extract_timestamp
uuid_extract_version varbit varchar width width_bucket xid`

export const POSTGRES_FUNCTIONS: ReadonlySet<string> = new Set(IMMUTABLE.trim().split(/\s+/))
