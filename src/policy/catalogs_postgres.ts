/**
 * System relations of PostgreSQL that clients browse with (psql's \d, pgAdmin, DBeaver, DataGrip, the drivers), by
 * schema. What is not here is refused: value statistics, other sessions, credentials, files, locks, large objects.
 */
const PG_CATALOG = `
pg_aggregate pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_auth_members pg_available_extension_versions
pg_available_extensions pg_cast pg_class pg_collation pg_constraint pg_conversion pg_database pg_db_role_setting
pg_default_acl pg_depend pg_description pg_enum pg_event_trigger pg_extension pg_foreign_data_wrapper pg_foreign_server
pg_foreign_table pg_group pg_index pg_indexes pg_inherits pg_init_privs pg_language pg_matviews pg_namespace pg_opclass
pg_operator pg_opfamily pg_parameter_acl pg_partitioned_table pg_policies pg_policy pg_proc pg_publication
pg_publication_namespace pg_publication_rel pg_publication_tables pg_range pg_rewrite pg_roles pg_rules pg_seclabel
pg_seclabels pg_sequence pg_sequences pg_settings pg_shdepend pg_shdescription pg_shseclabel pg_statistic_ext
pg_subscription pg_subscription_rel pg_tables pg_tablespace pg_timezone_abbrevs pg_timezone_names pg_transform
pg_trigger pg_ts_config pg_ts_config_map pg_ts_dict pg_ts_parser pg_ts_template pg_type pg_user pg_user_mappings pg_views`

const INFORMATION_SCHEMA = `
administrable_role_authorizations applicable_roles attributes character_sets check_constraint_routine_usage
check_constraints collation_character_set_applicability collations column_column_usage column_domain_usage
column_options column_privileges column_udt_usage columns constraint_column_usage constraint_table_usage
data_type_privileges domain_constraints domain_udt_usage domains element_types enabled_roles foreign_data_wrappers
foreign_servers foreign_tables information_schema_catalog_name key_column_usage parameters referential_constraints
role_column_grants role_routine_grants role_table_grants role_udt_grants role_usage_grants routine_column_usage
routine_privileges routine_routine_usage routine_sequence_usage routine_table_usage routines schemata sequences
sql_features sql_implementation_info sql_parts sql_sizing table_constraints table_privileges tables transforms
triggered_update_columns triggers udt_privileges usage_privileges user_defined_types view_column_usage
view_routine_usage view_table_usage views`

/** Columns of listed relations that hold credentials or a position in the data: the relation without them is readable. */
export const POSTGRES_HIDDEN: ReadonlyMap<string, readonly string[]> = new Map([
  ['pg_catalog.pg_user_mappings', ['umoptions']],
  ['pg_catalog.pg_sequences', ['last_value']],
])

/** Relations of which clients need these columns alone: the rest tells of other sessions. */
export const POSTGRES_VISIBLE: ReadonlyMap<string, readonly string[]> = new Map([
  // DataGrip asks for the oldest transaction that runs.
  ['pg_catalog.pg_locks', ['transactionid']],
  // pgAdmin asks whether its own session is encrypted.
  ['pg_catalog.pg_stat_gssapi', ['pid', 'gss_authenticated', 'encrypted']],
])

export const POSTGRES_SYSTEM: ReadonlySet<string> = new Set([
  ...names(PG_CATALOG).map((name) => `pg_catalog.${name}`),
  ...names(INFORMATION_SCHEMA).map((name) => `information_schema.${name}`),
])

function names(list: string): string[] {
  return list.trim().split(/\s+/)
}
