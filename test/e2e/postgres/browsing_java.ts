import { type Asked, asked, SCHEMA } from './browsing.ts'

/** dbeaver/dbeaver, plugins/org.jkiss.dbeaver.ext.postgresql, model/Postgre*.java, over pgjdbc. */
export const DBEAVER: readonly Asked[] = [
  asked('startup of pgjdbc', 'SET extra_float_digits = 3'),
  asked('startup of pgjdbc', "SET application_name = 'DBeaver 25.2.0 - Main <postgres>'"),
  asked('PostgreExecutionContext', 'SELECT current_schema(), session_user'),
  asked('PostgreExecutionContext', 'SHOW search_path'),
  asked('PostgreExecutionContext', 'SET search_path = club,public'),
  asked('PostgreExecutionContext', 'SET search_path = "$user",public'),
  asked('PostgreDataSource', 'SELECT version()'),
  asked(
    'PostgreDataSource',
    'SELECT db.oid, db.* FROM pg_catalog.pg_database db WHERE 1 = 1 AND datallowconn AND NOT datistemplate OR db.datname = $1 ORDER BY db.datname',
    'postgres',
  ),
  asked('PostgreDataSource', 'SELECT * FROM pg_catalog.pg_settings WHERE name = $1', 'standard_conforming_strings'),
  asked(
    'PostgreDataSource',
    'SELECT d.datname, pg_database_size(d.oid) > 0 FROM pg_catalog.pg_database d WHERE datistemplate',
  ),
  asked(
    'PostgreDatabase',
    'SELECT description FROM pg_shdescription JOIN pg_database ON objoid = pg_database.oid WHERE datname = $1',
    'postgres',
  ),
  asked(
    'PostgreDatabase',
    "SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = n.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass ORDER BY nspname",
  ),
  asked(
    'PostgreDatabase',
    "SELECT t.oid, t.*, c.relkind, format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base_type_name, d.description FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid = t.typelem LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid = t.typrelid LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid = d.objoid WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C') ORDER BY t.oid, d.description",
  ),
  asked(
    'PostgreDatabase',
    'SELECT a.oid, a.*, pd.description FROM pg_catalog.pg_roles a LEFT JOIN pg_catalog.pg_shdescription pd ON a.oid = pd.objoid ORDER BY a.rolname',
  ),
  asked('PostgreDatabase', 'SELECT m.* FROM pg_catalog.pg_auth_members m WHERE member = $1', 10),
  asked('PostgreDatabase', 'SELECT am.oid, am.* FROM pg_catalog.pg_am am ORDER BY am.oid'),
  asked(
    'PostgreDatabase',
    'SELECT c.contoencoding AS encid, pg_catalog.pg_encoding_to_char(c.contoencoding) AS encname FROM pg_catalog.pg_conversion c GROUP BY c.contoencoding ORDER BY 2',
  ),
  asked('PostgreDatabase', 'SELECT c.oid, c.* FROM pg_catalog.pg_collation c ORDER BY c.oid LIMIT 20'),
  asked('PostgreDatabase', 'SELECT l.oid, l.* FROM pg_catalog.pg_language l ORDER BY l.oid'),
  asked(
    'PostgreDatabase',
    'SELECT t.oid, t.*, pg_tablespace_location(t.oid) AS loc FROM pg_catalog.pg_tablespace t ORDER BY t.oid',
  ),
  asked(
    'PostgreDatabase',
    'SELECT name, default_version, installed_version, comment FROM pg_catalog.pg_available_extensions ORDER BY name',
  ),
  asked(
    'PostgreDatabase',
    'SELECT pet.*, d.description FROM pg_catalog.pg_event_trigger pet LEFT OUTER JOIN pg_catalog.pg_description d ON pet."oid" = d.objoid',
  ),
  asked(
    'PostgreDatabase',
    'SELECT e.oid, e.extname, e.extversion, n.nspname, cls.relname FROM pg_catalog.pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace LEFT JOIN (SELECT c.oid, unnest(x.extconfig) AS cfg FROM pg_class c CROSS JOIN pg_extension x) u ON u.oid = e.oid LEFT JOIN pg_class cls ON cls.oid = u.cfg ORDER BY 1',
  ),
  asked('PostgreDatabase', 'SELECT * FROM pg_catalog.pg_enum ORDER BY oid'),
  asked(
    'PostgreRole',
    'SELECT * FROM information_schema.table_privileges WHERE table_catalog = $1 AND grantee = $2 ORDER BY table_schema, table_name, privilege_type',
    'postgres',
    'PUBLIC',
  ),
  asked(
    'PostgreRole',
    'SELECT * FROM information_schema.routine_privileges WHERE specific_catalog = $1 AND grantee = $2 ORDER BY specific_name LIMIT 50',
    'postgres',
    'postgres',
  ),
  asked('PostgreRole', 'SELECT n.oid, n.nspacl FROM pg_catalog.pg_namespace n WHERE n.nspacl IS NOT NULL ORDER BY 1'),
  asked(
    'PostgreRole',
    'SELECT d.setconfig, db.datname FROM pg_db_role_setting d LEFT JOIN pg_database db ON db.oid = d.setdatabase WHERE d.setrole = $1',
    10,
  ),
  asked(
    'PostgreSchema',
    `SELECT c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_expr, pg_catalog.pg_get_partkeydef(c.oid) AS partition_key FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass WHERE c.relnamespace = ${SCHEMA} AND c.relkind NOT IN ('i', 'I', 'c') ORDER BY c.relname`,
  ),
  asked(
    'PostgreSchema',
    `SELECT c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value, dsc.description, dep.objid FROM pg_catalog.pg_attribute a INNER JOIN pg_catalog.pg_class c ON (a.attrelid = c.oid) LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid = ad.adrelid AND a.attnum = ad.adnum) LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid) LEFT OUTER JOIN pg_depend dep ON dep.refobjid = a.attrelid AND dep.deptype = 'i' AND dep.refobjsubid = a.attnum AND dep.classid = dep.refclassid WHERE NOT a.attisdropped AND c.relkind NOT IN ('i', 'I', 'c') AND c.relnamespace = ${SCHEMA} ORDER BY c.relname, a.attnum`,
  ),
  asked(
    'PostgreSchema',
    `SELECT c.oid, c.*, t.relname AS tabrelname, rt.relnamespace AS refnamespace, d.description, pg_catalog.pg_get_constraintdef(c.oid) AS definition FROM pg_catalog.pg_constraint c INNER JOIN pg_catalog.pg_class t ON t.oid = c.conrelid LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid = c.confrelid LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_constraint'::regclass WHERE t.relnamespace = ${SCHEMA} ORDER BY c.oid`,
  ),
  asked(
    'PostgreSchema',
    `SELECT i.*, i.indkey AS keys, c.relname, c.relnamespace, c.relam, c.reltablespace, tc.relname AS tabrelname, dsc.description, pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS pred_expr, pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) AS expr, pg_catalog.pg_relation_size(i.indexrelid) AS index_rel_size FROM pg_catalog.pg_index i INNER JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid INNER JOIN pg_catalog.pg_class tc ON tc.oid = i.indrelid LEFT OUTER JOIN pg_catalog.pg_description dsc ON i.indexrelid = dsc.objoid WHERE c.relnamespace = ${SCHEMA} ORDER BY c.relname`,
  ),
  asked('PostgreSchema', 'SELECT pg_catalog.pg_get_indexdef($1::regclass, $2, true)', 'club.trips_days', 1),
  asked(
    'PostgreSchema',
    `SELECT p.oid AS poid, p.*, pg_catalog.pg_get_expr(p.proargdefaults, 0) AS arg_defaults, d.description FROM pg_catalog.pg_proc p LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = p.oid AND d.objsubid = 0 WHERE p.pronamespace = ${SCHEMA} AND p.prokind <> 'a' ORDER BY p.proname`,
  ),
  asked(
    'PostgreSchema',
    `SELECT p.oid AS proc_oid, p.proname AS proc_name, a.* FROM pg_catalog.pg_aggregate a, pg_catalog.pg_proc p WHERE p.oid = a.aggfnoid AND p.pronamespace = ${SCHEMA} ORDER BY 2`,
  ),
  asked('PostgreSchema', `SELECT * FROM pg_default_acl WHERE defaclnamespace = ${SCHEMA}`),
  asked(
    'PostgreSchema',
    `SELECT i.inhrelid relid, pc.relnamespace parent_ns, pc.oid parent_oid, i.inhseqno FROM pg_catalog.pg_inherits i, pg_class rc, pg_class pc WHERE rc.oid = i.inhrelid AND rc.relnamespace = ${SCHEMA} AND pc.oid = i.inhparent ORDER BY 1`,
  ),
  asked(
    'PostgreSchema, statistics',
    `SELECT c.oid, pg_catalog.pg_total_relation_size(c.oid) AS total_rel_size, pg_catalog.pg_relation_size(c.oid) AS rel_size FROM pg_class c WHERE c.relnamespace = ${SCHEMA} ORDER BY c.relname`,
  ),
  asked(
    'PostgreTable',
    "SELECT x.oid, x.*, p.relname FROM pg_catalog.pg_trigger x, pg_catalog.pg_class p WHERE x.tgrelid = p.oid AND x.tgrelid = 'club.trips'::regclass AND NOT x.tgisinternal",
  ),
  asked(
    'PostgreTable',
    'SELECT * FROM pg_catalog.pg_policies WHERE schemaname = $1 AND tablename = $2',
    'club',
    'trips',
  ),
  asked(
    'PostgreTable',
    `SELECT pg_get_expr(c.relpartbound, c.oid, true) AS partition_range FROM "pg_catalog".pg_class c WHERE relname = $1 AND relnamespace = ${SCHEMA}`,
    'cards_old',
  ),
  asked('PostgreTableColumn', 'SELECT col_description($1::regclass, 3), obj_description($1::regclass)', 'club.trips'),
  asked('PostgreView', 'SELECT pg_get_viewdef($1::regclass, true)', 'club.contacts'),
  asked('PostgreProcedure', "SELECT pg_get_functiondef('club.twice(int, int)'::regprocedure)"),
  asked(
    'PostgreRule',
    "SELECT r.oid, r.*, pg_get_ruledef(r.oid) AS definition FROM pg_rewrite r WHERE r.ev_class = 'club.trips'::regclass",
  ),
  asked('PostgreTrigger', "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE tgname = 'trips_keep'"),
  asked(
    'PostgreDependency',
    "SELECT DISTINCT dep.deptype, dep.classid, dep.objid, cl.relkind, attr.attname, pg_get_expr(ad.adbin, ad.adrelid) adefval, (pg_identify_object(dep.classid, dep.objid, 0)).identity FROM pg_depend dep LEFT JOIN pg_class cl ON dep.objid = cl.oid LEFT JOIN pg_attribute attr ON dep.objid = attr.attrelid AND dep.objsubid = attr.attnum LEFT JOIN pg_attrdef ad ON ad.oid = dep.objid WHERE dep.refobjid = 'club.trips'::regclass ORDER BY 2, 3, 5",
  ),
]

/** JetBrains/datagrip: its introspection as its own log shows it in public reports (YouTrack DBE, over pgjdbc). */
export const DATAGRIP: readonly Asked[] = [
  asked('connection', "SET application_name = 'DataGrip 2025.2'"),
  asked('connection', 'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY'),
  asked('connection', 'select current_database() as a, current_schemas(false) as b'),
  asked('connection', 'SHOW TRANSACTION ISOLATION LEVEL'),
  asked(
    'server',
    "select round(extract(epoch from pg_postmaster_start_time() at time zone 'UTC')) > 0 as startup_time",
  ),
  asked(
    'server',
    'select L.transactionid::varchar::bigint is not null as transaction_id from pg_catalog.pg_locks L where L.transactionid is not null and false order by pg_catalog.age(L.transactionid) desc limit 1',
  ),
  asked(
    'server',
    'select case when pg_catalog.pg_is_in_recovery() then null else pg_catalog.txid_current()::varchar::bigint > 0 end as current_txid',
  ),
  asked(
    'server',
    'select name, is_dst from pg_catalog.pg_timezone_names union distinct select abbrev as name, is_dst from pg_catalog.pg_timezone_abbrevs order by 1, 2 limit 30',
  ),
  asked(
    'databases',
    'select N.oid::bigint as id, datname as name, D.description, datistemplate as is_template, datallowconn as allow_connections, pg_catalog.pg_get_userbyid(N.datdba) as "owner" from pg_catalog.pg_database N left join pg_catalog.pg_shdescription D on N.oid = D.objoid order by case when datname = pg_catalog.current_database() then -1::bigint else N.oid::bigint end',
  ),
  asked(
    'schemas',
    'select N.oid::bigint as id, N.xmin::varchar::bigint as state_number, nspname as name, D.description, pg_catalog.pg_get_userbyid(N.nspowner) as "owner" from pg_catalog.pg_namespace N left join pg_catalog.pg_description D on N.oid = D.objoid order by case when nspname = pg_catalog.current_schema() then -1::bigint else N.oid::bigint end',
  ),
  asked(
    'roles',
    'select R.oid::bigint as role_id, rolname as role_name, rolsuper is_super, rolinherit is_inherit, rolcreaterole can_createrole, rolcreatedb can_createdb, rolcanlogin can_login, rolreplication is_replication, rolconnlimit conn_limit, rolvaliduntil valid_until, rolbypassrls bypass_rls, rolconfig config, D.description from pg_catalog.pg_roles R left join pg_catalog.pg_shdescription D on D.objoid = R.oid order by rolname',
  ),
  asked(
    'roles',
    'select member id, roleid role_id, admin_option from pg_catalog.pg_auth_members order by id, roleid::text',
  ),
  asked(
    'tablespaces',
    'select T.oid::bigint as id, T.spcname as name, T.xmin as state_number, pg_catalog.pg_get_userbyid(T.spcowner) as owner, pg_catalog.pg_tablespace_location(T.oid) as location, T.spcoptions as options, D.description as comment from pg_catalog.pg_tablespace T left join pg_catalog.pg_shdescription D on D.objoid = T.oid where pg_catalog.age(T.xmin) <= 2147483647 order by 1',
  ),
  asked(
    'access',
    'select T.oid as object_id, T.datacl as acl from pg_catalog.pg_database T union all select T.oid, T.spcacl from pg_catalog.pg_tablespace T order by 1',
  ),
  asked(
    'extensions',
    'select E.oid as id, E.xmin as state_number, extname as name, extversion as version, extnamespace as schema_id, nspname as schema_name, array(select target from pg_extension_update_paths(extname) where source = extversion and path is not null) as available_updates from pg_catalog.pg_extension E join pg_namespace N on E.extnamespace = N.oid left join pg_catalog.pg_description D on D.objoid = E.oid order by 1',
  ),
  asked(
    'tables',
    `select T.relkind as table_kind, T.relname as table_name, T.oid as table_id, T.xmin as table_state_number, false as table_with_oids, T.reltablespace as tablespace_id, T.reloptions as options, T.relpersistence as persistence, (select pg_catalog.array_agg(inhparent::bigint order by inhseqno)::varchar from pg_catalog.pg_inherits where T.oid = inhrelid) as ancestors, (select pg_catalog.array_agg(inhrelid::bigint order by inhrelid)::varchar from pg_catalog.pg_inherits where T.oid = inhparent) as successors, T.relispartition as is_partition, pg_catalog.pg_get_partkeydef(T.oid) as partition_key, pg_catalog.pg_get_expr(T.relpartbound, T.oid) as partition_expression, T.relam am_id, pg_catalog.pg_get_userbyid(T.relowner) as "owner" from pg_catalog.pg_class T where relnamespace = ${SCHEMA} and relkind in ('r', 'm', 'v', 'f', 'p') order by table_kind, table_id`,
  ),
  asked(
    'columns',
    `with T as (select distinct T.oid as table_id, T.relname as table_name from pg_catalog.pg_class T, pg_catalog.pg_attribute A where T.relnamespace = ${SCHEMA} and T.relkind in ('r', 'm', 'v', 'f', 'p') and A.attrelid = T.oid) select T.table_id, C.attnum as column_position, C.attname as column_name, C.xmin as column_state_number, C.atttypmod as type_mod, C.attndims as dimensions_number, pg_catalog.format_type(C.atttypid, C.atttypmod) as type_spec, C.atttypid as type_id, C.attnotnull as mandatory, pg_catalog.pg_get_expr(D.adbin, T.table_id) as column_default_expression, not C.attislocal as column_is_inherited, C.attfdwoptions as options, C.attisdropped as column_is_dropped, C.attidentity as identity_kind, C.attgenerated as generated from T join pg_catalog.pg_attribute C on T.table_id = C.attrelid left join pg_catalog.pg_attrdef D on (C.attrelid, C.attnum) = (D.adrelid, D.adnum) where attnum > 0 order by table_id, attnum`,
  ),
  asked(
    'indexes',
    `select tab.oid table_id, tab.relkind table_kind, ind_stor.relname index_name, ind_head.indexrelid index_id, ind_stor.xmin state_number, ind_head.indisunique is_unique, ind_head.indisprimary is_primary, ind_head.indnullsnotdistinct nulls_not_distinct, pg_catalog.pg_get_expr(ind_head.indpred, ind_head.indrelid) as condition, (select pg_catalog.array_agg(inhparent::bigint order by inhseqno)::varchar from pg_catalog.pg_inherits where ind_stor.oid = inhrelid) as ancestors, ind_stor.reltablespace tablespace_id, opcmethod as access_method_id from pg_catalog.pg_class tab join pg_catalog.pg_index ind_head on ind_head.indrelid = tab.oid join pg_catalog.pg_class ind_stor on tab.relnamespace = ind_stor.relnamespace and ind_stor.oid = ind_head.indexrelid left join pg_catalog.pg_opclass on pg_opclass.oid = any(indclass) where tab.relnamespace = ${SCHEMA} and tab.relkind in ('r', 'm', 'v', 'p') and ind_stor.relkind in ('i', 'I') order by index_name, opcmethod`,
  ),
  asked(
    'index columns',
    "select ind_head.indexrelid index_id, k col_idx, k <= indnkeyatts in_key, ind_head.indkey[k-1] column_position, ind_head.indoption[k-1] column_options, ind_head.indcollation[k-1] as collation, colln.nspname as collation_schema, collname as collation_str, ind_head.indclass[k-1] as opclass, case when opcdefault then null else opcn.nspname end as opclass_schema, case when indexprs is null then null when ind_head.indkey[k-1] = 0 then chr(27) || pg_catalog.pg_get_indexdef(ind_head.indexrelid, k::int, true) else pg_catalog.pg_get_indexdef(ind_head.indexrelid, k::int, true) end as expression, amcanorder can_order from pg_catalog.pg_index ind_head join pg_catalog.pg_class ind_stor on ind_stor.oid = ind_head.indexrelid cross join unnest(ind_head.indkey) with ordinality u(u, k) left join pg_catalog.pg_collation on pg_collation.oid = ind_head.indcollation[k-1] left join pg_catalog.pg_namespace colln on collnamespace = colln.oid cross join pg_catalog.pg_indexam_has_property(ind_stor.relam, 'can_order') amcanorder left join pg_catalog.pg_opclass on pg_opclass.oid = ind_head.indclass[k-1] left join pg_catalog.pg_namespace opcn on opcnamespace = opcn.oid where ind_head.indrelid = 'club.trips'::regclass order by index_id, k",
  ),
  asked(
    'constraints',
    `select T.oid table_id, relkind table_kind, C.oid::bigint con_id, C.xmin::varchar::bigint con_state_id, conname con_name, contype con_kind, conkey con_columns, conindid index_id, confrelid ref_table_id, condeferrable is_deferrable, condeferred is_init_deferred, confupdtype on_update, confdeltype on_delete, connoinherit no_inherit, pg_catalog.pg_get_expr(conbin, T.oid) con_expression, confkey ref_columns, conexclop::int[] excl_operators from pg_catalog.pg_constraint C join pg_catalog.pg_class T on C.conrelid = T.oid where relkind in ('r', 'v', 'f', 'p') and relnamespace = ${SCHEMA} and contype in ('p', 'u', 'f', 'c', 'x') order by con_id`,
  ),
  asked(
    'routines',
    `with languages as (select oid as lang_oid, lanname as lang from pg_catalog.pg_language), routines as (select proname as r_name, prolang as lang_oid, oid as r_id, xmin as r_state_number, proargnames as arg_names, proargmodes as arg_modes, proargtypes::int[] as in_arg_types, proallargtypes::int[] as all_arg_types, pg_catalog.pg_get_expr(proargdefaults, 0) as arg_defaults, provariadic as arg_variadic_id, prorettype as ret_type_id, proisstrict as is_strict, prosecdef as is_security_definer, proconfig as configuration_parameters, procost as cost, pg_catalog.pg_get_userbyid(proowner) as "owner", prorows as rows, proleakproof as is_leakproof, proparallel as concurrency_kind, prokind as kind from pg_catalog.pg_proc where pronamespace = ${SCHEMA} and not (prokind = 'a')) select * from routines natural join languages order by r_name`,
  ),
  asked(
    'types',
    `select T.oid as type_id, T.xmin as type_state_number, T.typname as type_name, T.typtype as type_sub_kind, T.typcategory as type_category, T.typrelid as class_id, T.typbasetype as base_type_id, case when T.typtype in ('c', 'e') then null else pg_catalog.format_type(T.typbasetype, T.typtypmod) end as type_def, T.typdefault as default_expression, T.typnotnull as mandatory, pg_catalog.pg_get_userbyid(T.typowner) as "owner" from pg_catalog.pg_type T where T.typnamespace = ${SCHEMA} and (T.typtype in ('d', 'e') or T.typrelid <> 0) order by 1`,
  ),
  asked(
    'enum labels',
    `with types as (select distinct T.oid as type_id from pg_catalog.pg_type T join pg_catalog.pg_enum E on T.oid = E.enumtypid where T.typnamespace = ${SCHEMA}) select T.type_id as enum_id, pg_catalog.array_agg(E.enumlabel::varchar order by E.enumsortorder) as enum_labels from types T join pg_catalog.pg_enum E on T.type_id = E.enumtypid group by T.type_id`,
  ),
  asked(
    'sequences',
    `select S.relname as sequence_name, S.oid as sequence_id, Q.seqstart, Q.seqincrement, Q.seqmin, Q.seqmax, Q.seqcache, Q.seqcycle, Q.seqtypid::regtype, D.refobjid, D.refobjsubid from pg_catalog.pg_class S join pg_catalog.pg_sequence Q on Q.seqrelid = S.oid left join pg_catalog.pg_depend D on D.objid = S.oid and D.deptype in ('a', 'i') and D.refobjsubid > 0 where S.relnamespace = ${SCHEMA} order by 1, 10`,
  ),
  asked(
    'rules',
    `select R.ev_class as table_id, R.oid as rule_id, R.xmin as rule_state_number, R.rulename as rule_name, pg_catalog.translate(ev_type, '1234', 'SUID') as rule_event_code, R.ev_enabled as rule_fire_mode, R.is_instead as rule_is_instead from pg_catalog.pg_rewrite R where R.ev_class in (select oid from pg_catalog.pg_class where relnamespace = ${SCHEMA}) and R.rulename != '_RETURN'::name order by R.ev_class::bigint, ev_type`,
  ),
  asked(
    'triggers',
    `select T.tgrelid as table_id, T.oid as trigger_id, T.xmin as trigger_state_number, T.tgname as trigger_name, T.tgfoid as function_id, pg_catalog.encode(T.tgargs, 'escape') as function_args, T.tgtype as bits, T.tgdeferrable as is_deferrable, T.tginitdeferred as is_init_deferred, T.tgenabled as trigger_fire_mode, T.tgattr as columns, T.tgconstraint != 0 as is_constraint, T.tgoldtable as old_table_name, T.tgnewtable as new_table_name, pg_catalog.pg_get_triggerdef(T.oid, true) as source_code from pg_catalog.pg_trigger T where T.tgrelid in (select oid from pg_catalog.pg_class where relnamespace = ${SCHEMA}) and not T.tgisinternal`,
  ),
  asked(
    'descriptions',
    `select D.objoid id, case when 'pg_catalog.pg_class'::regclass = classoid then case when relkind = 'r' then 'table' else 'other' end when 'pg_catalog.pg_proc'::regclass = classoid then 'routine' else 'x' end kind, D.objsubid sub_id, D.description from pg_catalog.pg_description D left join pg_catalog.pg_class C on C.oid = D.objoid where D.objoid in (select oid from pg_catalog.pg_class where relnamespace = ${SCHEMA}) order by 1, 3`,
  ),
  asked(
    'view sources',
    `select T.relkind as view_kind, T.oid as view_id, pg_catalog.pg_get_viewdef(T.oid, true) as source_text from pg_catalog.pg_class T where T.relnamespace = ${SCHEMA} and T.relkind in ('m', 'v') order by 2`,
  ),
  asked(
    'routine sources',
    `with system_languages as (select oid as lang from pg_catalog.pg_language where lanname in ('c', 'internal')) select PC.oid as id, pg_catalog.pg_get_function_arguments(PC.oid) as arguments_def, pg_catalog.pg_get_function_result(PC.oid) as result_def, pg_catalog.pg_get_function_sqlbody(PC.oid) as sqlbody_def, PC.prosrc as source_text from pg_catalog.pg_proc PC where PC.pronamespace = ${SCHEMA} and not (PC.prokind = 'a') and PC.prolang not in (select lang from system_languages) order by 1`,
  ),
  asked(
    'policies',
    `select P.oid, P.xmin as state_number, polname, polrelid, polcmd, polpermissive, polroles, pg_catalog.pg_get_expr(polqual, polrelid) as quals, pg_catalog.pg_get_expr(polwithcheck, polrelid) from pg_catalog.pg_policy P join pg_catalog.pg_class T on polrelid = T.oid where T.relnamespace = ${SCHEMA} order by polrelid`,
  ),
  asked(
    'access',
    `select T.oid as object_id, T.relacl as acl from pg_catalog.pg_class T where T.relnamespace = ${SCHEMA} union all select A.attrelid, A.attacl from pg_catalog.pg_attribute A join pg_catalog.pg_class T on T.oid = A.attrelid where T.relnamespace = ${SCHEMA} and A.attacl is not null order by 1`,
  ),
]
