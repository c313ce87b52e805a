/**
 * System relations of MySQL and MariaDB that clients browse with, lower-cased. What is not here is refused: other
 * sessions, histograms, engines' internals, locks, accounts, other people's statements. What some of them hold beside
 * what is browsed is blanked (`catalog_blanks_mysql.ts`). Row counts and sizes of tables are shown, also under a row
 * scope: they are of whole tables, and SECURITY.md lists them as accepted.
 */
const INFORMATION_SCHEMA = `
administrable_role_authorizations all_plugins applicable_roles character_sets check_constraints
collation_character_set_applicability collations column_privileges column_statistics columns columns_extensions
enabled_roles engines events files geometry_columns global_status global_variables keywords key_caches key_column_usage
key_period_usage libraries locales parameters partitions periods plugins referential_constraints resource_groups
role_column_grants role_routine_grants role_table_grants routine_libraries routines schema_privileges schemata
schemata_extensions session_status session_variables spatial_ref_sys sql_functions st_geometry_columns
st_spatial_reference_systems st_units_of_measure statistics system_variables table_constraints
table_constraints_extensions table_privileges tables tables_extensions tablespaces_extensions triggers user_privileges
user_variables view_routine_usage view_table_usage views`

const OTHERS = `
performance_schema.session_variables performance_schema.global_variables
performance_schema.session_status performance_schema.global_status
mysql.help_category mysql.help_keyword mysql.help_relation mysql.help_topic
mysql.time_zone mysql.time_zone_leap_second mysql.time_zone_name mysql.time_zone_transition
mysql.time_zone_transition_type sys.version`

export const MYSQL_SYSTEM: ReadonlySet<string> = new Set([
  ...names(INFORMATION_SCHEMA).map((name) => `information_schema.${name}`),
  ...names(OTHERS),
])

function names(list: string): string[] {
  return list.trim().split(/\s+/)
}
