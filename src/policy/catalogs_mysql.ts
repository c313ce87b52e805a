/**
 * System relations of MySQL and MariaDB that clients browse with, lower-cased. What is not here is refused: other
 * sessions, histograms, statistics of values, engines' internals, accounts, other people's statements.
 */
const INFORMATION_SCHEMA = `
administrable_role_authorizations applicable_roles character_sets check_constraints collation_character_set_applicability
collations column_privileges columns columns_extensions enabled_roles engines events keywords key_caches key_column_usage
parameters partitions plugins referential_constraints resource_groups role_column_grants role_routine_grants
role_table_grants routines schema_privileges schemata schemata_extensions session_variables sql_functions statistics
st_geometry_columns st_spatial_reference_systems st_units_of_measure system_variables table_constraints
table_constraints_extensions table_privileges tables tables_extensions tablespaces_extensions triggers user_privileges
view_routine_usage view_table_usage views periods key_period_usage`

const OTHERS = `
performance_schema.session_variables
mysql.help_category mysql.help_keyword mysql.help_relation mysql.help_topic
mysql.time_zone mysql.time_zone_name sys.version`

export const MYSQL_SYSTEM: ReadonlySet<string> = new Set([
  ...names(INFORMATION_SCHEMA).map((name) => `information_schema.${name}`),
  ...names(OTHERS),
])

function names(list: string): string[] {
  return list.trim().split(/\s+/)
}
