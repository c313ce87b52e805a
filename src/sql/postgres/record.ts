import { type Node, names } from './node.ts'

/** Built-in functions that give a record, by the names of its attributes: the ones that clients' catalog queries use. */
const RECORDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['aclexplode', ['grantor', 'grantee', 'privilege_type', 'is_grantable']],
  ['json_each', ['key', 'value']],
  ['json_each_text', ['key', 'value']],
  ['jsonb_each', ['key', 'value']],
  ['jsonb_each_text', ['key', 'value']],
  ['pg_get_keywords', ['word', 'catcode', 'barelabel', 'catdesc', 'baredesc']],
  ['pg_options_to_table', ['option_name', 'option_value']],
  ['pg_partition_tree', ['relid', 'parentrelid', 'isleaf', 'level']],
  ['pg_timezone_names', ['name', 'abbrev', 'utc_offset', 'is_dst']],
  ['pg_identify_object', ['type', 'schema', 'name', 'identity']],
  ['pg_timezone_abbrevs', ['abbrev', 'utc_offset', 'is_dst']],
  ['ts_token_type', ['tokid', 'alias', 'description']],
])

/** Built-in functions that give a scalar, by the name of their single OUT parameter, or '' for none. */
const SCALARS: ReadonlyMap<string, string> = new Map([
  ['generate_series', ''],
  ['generate_subscripts', ''],
  ['json_array_elements', 'value'],
  ['json_array_elements_text', 'value'],
  ['json_object_keys', ''],
  ['jsonb_array_elements', 'value'],
  ['jsonb_array_elements_text', 'value'],
  ['jsonb_object_keys', ''],
  ['jsonb_path_query', ''],
  ['jsonb_path_query_tz', ''],
  ['pg_partition_ancestors', 'relid'],
  ['regexp_matches', ''],
  ['regexp_split_to_table', ''],
  ['string_to_table', ''],
  ['current_database', ''],
  ['current_schema', ''],
  ['current_schemas', ''],
  ['current_setting', ''],
  ['format_type', ''],
  ['now', ''],
  ['pg_get_userbyid', ''],
  ['pg_get_viewdef', ''],
  ['to_regclass', ''],
  ['version', ''],
])

/** The attributes that a function's result has, or null where it is none of the known ones. */
export function recordOf(node: Node): readonly string[] | null {
  if (node.tag !== 'FuncCall') return null
  const parts = names(node.body, 'funcname')
  if (parts.join('.') === 'information_schema._pg_expandarray') return ['x', 'n']
  const name = builtinName(parts)
  return name === null ? null : (RECORDS.get(name) ?? null)
}

/** The column name of a scalar function's result: '' where the alias or the function names it, null where unknown. */
export function scalarName(parts: readonly string[]): string | null {
  const name = builtinName(parts)
  return name === null ? null : (SCALARS.get(name) ?? null)
}

function builtinName(parts: readonly string[]): string | null {
  if (parts.length === 1) return parts[0]!
  return parts.length === 2 && parts[0] === 'pg_catalog' ? parts[1]! : null
}
