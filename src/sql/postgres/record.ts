import { type Node, names } from './node.ts'
import { isShadowed } from './routine.ts'
import type { Work } from './work.ts'

/**
 * Built-in functions that give a record, by the names of its attributes. Made from pg_proc of PostgreSQL 15 and 18, of
 * those that are the same in both; what only a superuser may call or tells of other sessions is left out.
 */
const RECORDS: ReadonlyMap<string, readonly string[]> = new Map(
  rows(`
aclexplode grantor grantee privilege_type is_grantable
json_each key value
json_each_text key value
jsonb_each key value
jsonb_each_text key value
pg_available_extension_versions name version superuser trusted relocatable schema requires comment
pg_available_extensions name default_version comment
pg_extension_update_paths source target path
pg_get_catalog_foreign_keys fktable fkcols pktable pkcols is_array is_opt
pg_get_keywords word catcode barelabel catdesc baredesc
pg_get_object_address classid objid objsubid
pg_get_wait_events type name description
pg_get_wal_resource_managers rm_id rm_name rm_builtin
pg_get_sequence_data last_value is_called
pg_identify_object type schema name identity
pg_identify_object_as_address type object_names object_args
pg_input_error_info message detail hint sql_error_code
pg_options_to_table option_name option_value
pg_partition_tree relid parentrelid isleaf level
pg_sequence_parameters start_value minimum_value maximum_value increment cycle_option cache_size data_type
pg_show_all_settings name setting unit category short_desc extra_desc context vartype source min_val max_val enumvals boot_val reset_val sourcefile sourceline pending_restart
pg_split_walfile_name segment_number timeline_id
pg_timezone_abbrevs abbrev utc_offset is_dst
pg_timezone_names name abbrev utc_offset is_dst
pg_walfile_name_offset file_name file_offset
ts_debug alias description token dictionaries dictionary lexemes
ts_parse tokid token
ts_stat word ndoc nentry
ts_token_type tokid alias description`),
)

/** Built-in functions that give a scalar and name it, by their single OUT parameter. */
const NAMED_SCALARS: ReadonlyMap<string, string> = new Map([
  ['json_array_elements', 'value'],
  ['json_array_elements_text', 'value'],
  ['jsonb_array_elements', 'value'],
  ['jsonb_array_elements_text', 'value'],
  ['pg_partition_ancestors', 'relid'],
])

/** Built-in functions that give a scalar without a name of its own, in every overload. */
const SCALARS: ReadonlySet<string> = new Set(
  `
generate_series generate_subscripts json_object_keys jsonb_object_keys jsonb_path_query jsonb_path_query_tz
pg_listening_channels pg_snapshot_xip pg_tablespace_databases regexp_matches regexp_split_to_table string_to_table
txid_snapshot_xip
age array_length array_to_string array_upper cardinality clock_timestamp col_description concat concat_ws
current_database current_schema current_schemas current_setting date_part date_trunc format format_type
gen_random_uuid has_database_privilege has_schema_privilege has_table_privilege inet_client_addr inet_server_addr
inet_server_port json_array_length json_typeof jsonb_array_length jsonb_pretty jsonb_typeof length ltrim md5 now
obj_description pg_backend_pid pg_client_encoding pg_column_size pg_database_size pg_encoding_to_char
pg_get_constraintdef pg_get_expr pg_get_function_arguments pg_get_functiondef pg_get_indexdef pg_get_ruledef
pg_get_serial_sequence pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role pg_index_column_has_property
pg_index_has_property pg_indexam_has_property pg_indexes_size pg_is_in_recovery
pg_my_temp_schema pg_postmaster_start_time pg_relation_size pg_size_pretty pg_table_is_visible pg_table_size
pg_total_relation_size pg_typeof random regexp_replace regexp_split_to_array replace right rtrim set_config
shobj_description split_part string_to_array substring to_char to_date to_json to_jsonb to_number to_regclass
to_regtype to_timestamp transaction_timestamp txid_current version`
    .trim()
    .split(/\s+/),
)

function rows(text: string): readonly (readonly [string, readonly string[]])[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [name, ...attributes] = line.split(' ')
      return [name!, attributes] as const
    })
}

/** The attributes that a function's result has, or null where it is none of the known ones. */
export function recordOf(work: Work, node: Node): readonly string[] | null {
  if (node.tag !== 'FuncCall') return null
  const parts = names(node.body, 'funcname')
  if (parts.join('.') === 'information_schema._pg_expandarray') return ['x', 'n']
  const name = builtinName(work, parts)
  return name === null ? null : (RECORDS.get(name) ?? null)
}

/** The column name of a scalar function's result: '' where the alias or the function names it, null where unknown. */
export function scalarName(work: Work, parts: readonly string[]): string | null {
  const name = builtinName(work, parts)
  if (name === null) return null
  return NAMED_SCALARS.get(name) ?? (SCALARS.has(name) ? '' : null)
}

/** The built-in function that is meant, or null: one of that name in the path may be meant, and give something else. */
export function builtinName(work: Work, parts: readonly string[]): string | null {
  if (parts.length === 1) return isShadowed(work, parts[0]!) ? null : parts[0]!
  return parts.length === 2 && parts[0] === 'pg_catalog' ? parts[1]! : null
}
