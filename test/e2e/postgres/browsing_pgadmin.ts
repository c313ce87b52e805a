import { type Asked, asked, SCHEMA } from './browsing.ts'

/** pgadmin-org/pgadmin4, web/pgadmin/utils/driver/psycopg3/connection.py and browser/server_groups/servers, templates. */
export const PGADMIN: readonly Asked[] = [
  asked(
    'connection.py',
    "SET DateStyle=ISO; SET client_min_messages=notice; SELECT set_config('bytea_output','hex',false) FROM pg_show_all_settings() WHERE name = 'bytea_output'; SET client_encoding='UTF8';",
  ),
  asked(
    'connection.py',
    "SELECT d.oid AS did, d.datname, d.datallowconn, pg_encoding_to_char(d.encoding) AS serverencoding, has_database_privilege(d.oid, 'CREATE') AS cancreate, datistemplate FROM pg_catalog.pg_database d WHERE d.datname = current_database()",
  ),
  asked(
    'connection.py',
    'SELECT gss_authenticated, encrypted FROM pg_catalog.pg_stat_gssapi WHERE pid = pg_backend_pid()',
  ),
  asked(
    'connection.py',
    "SELECT r.oid AS id, r.rolname AS name, r.rolsuper AS is_superuser, CASE WHEN r.rolsuper THEN true ELSE r.rolcreatedb END AS can_create_db, CASE WHEN 'pg_signal_backend' = ANY(ARRAY(WITH RECURSIVE up AS (SELECT g.oid, g.rolname FROM pg_catalog.pg_roles g WHERE g.oid = r.oid UNION ALL SELECT m.roleid, h.rolname FROM up JOIN pg_catalog.pg_auth_members m ON m.member = up.oid JOIN pg_catalog.pg_roles h ON h.oid = m.roleid) SELECT rolname FROM up)) THEN true ELSE false END AS can_signal FROM pg_catalog.pg_roles AS r WHERE rolname = current_user",
  ),
  asked(
    'databases',
    "SELECT d.oid AS did, d.datname AS name, t.spcname, d.datallowconn, has_database_privilege(d.oid, 'CREATE') AS cancreate, datdba AS owner, s.description FROM pg_catalog.pg_database d LEFT OUTER JOIN pg_catalog.pg_tablespace t ON d.dattablespace = t.oid LEFT OUTER JOIN pg_catalog.pg_shdescription s ON (d.oid = s.objoid AND s.classoid = 'pg_database'::regclass) WHERE d.oid > 16383::oid OR d.datname IN ('postgres', 'edb') ORDER BY datname",
  ),
  asked(
    'databases, acl',
    "SELECT 'datacl' AS deftype, COALESCE(gt.rolname, 'PUBLIC') AS grantee, g.rolname AS grantor, array_agg(privilege_type) AS privileges, array_agg(is_grantable) AS grantable FROM (SELECT a.grantee, a.grantor, a.is_grantable, a.privilege_type FROM (SELECT (d).grantee, (d).grantor, (d).is_grantable, (d).privilege_type FROM (SELECT aclexplode(db.datacl) AS d FROM pg_catalog.pg_database db) aa) a) x LEFT JOIN pg_catalog.pg_roles g ON (x.grantor = g.oid) LEFT JOIN pg_catalog.pg_roles gt ON (x.grantee = gt.oid) GROUP BY g.rolname, gt.rolname ORDER BY 2, 3",
  ),
  asked(
    'schemas',
    "SELECT n.oid, n.nspname AS name, has_schema_privilege(n.oid, 'CREATE') AS can_create, has_schema_privilege(n.oid, 'USAGE') AS has_usage, d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d ON (d.objoid = n.oid AND d.classoid = 'pg_namespace'::regclass) WHERE nspname NOT LIKE E'pg\\\\_%' AND NOT ((n.nspname = 'pg_catalog' AND EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'pg_class' AND relnamespace = n.oid LIMIT 1)) OR (n.nspname = 'information_schema')) ORDER BY nspname",
  ),
  asked(
    'tables',
    `SELECT rel.oid, rel.relname AS name, (SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid = rel.oid AND tgisinternal = false) AS triggercount, (SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid = rel.oid AND tgisinternal = false AND tgenabled = 'O') AS enabled, (CASE WHEN rel.relkind = 'p' THEN true ELSE false END) AS is_partitioned, (SELECT count(*) FROM pg_catalog.pg_inherits WHERE inhrelid = rel.oid LIMIT 1) AS is_inherits, d.description FROM pg_catalog.pg_class rel LEFT OUTER JOIN pg_catalog.pg_description d ON (d.objoid = rel.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass) WHERE rel.relkind IN ('r', 's', 't', 'p') AND rel.relnamespace = ${SCHEMA} AND NOT rel.relispartition ORDER BY rel.relname`,
  ),
  asked(
    'tables',
    "SELECT rel.oid, rel.relname, rel.reltablespace AS spcoid, rel.relacl AS relacl_str, array_to_string(rel.relacl::text[], ', ') AS acl, (CASE WHEN length(s.spcname::text) > 0 OR rel.relkind = 'p' THEN s.spcname ELSE (SELECT sp.spcname FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace sp ON d.dattablespace = sp.oid WHERE d.datname = current_database()) END) AS spc, pg_get_userbyid(rel.relowner) AS relowner, rel.relhasoids IS NULL FROM (SELECT c.*, NULL::bool AS relhasoids FROM pg_catalog.pg_class c) rel LEFT OUTER JOIN pg_catalog.pg_tablespace s ON s.oid = rel.reltablespace WHERE rel.oid = 'club.trips'::regclass",
  ),
  asked(
    'tables, storage',
    "SELECT substring(array_to_string(rel.reloptions, ',') FROM 'fillfactor=([0-9]*)') AS fillfactor, (CASE WHEN (substring(array_to_string(rel.reloptions, ',') FROM 'autovacuum_enabled=([a-z|0-9]*)') = 'true') THEN true ELSE false END) AS autovacuum, rel.relrowsecurity, rel.relforcerowsecurity, array_to_string(tst.reloptions, ',') FROM pg_catalog.pg_class rel LEFT OUTER JOIN pg_catalog.pg_class tst ON tst.oid = rel.reltoastrelid WHERE rel.oid = 'club.trips'::regclass",
  ),
  asked(
    'columns',
    "SELECT att.attname AS name, att.*, def.*, pg_get_expr(def.adbin, def.adrelid) AS defval, CASE WHEN att.attndims > 0 THEN 1 ELSE 0 END AS isarray, format_type(ty.oid, NULL) AS typname, format_type(ty.oid, att.atttypmod) AS displaytypname, CASE WHEN ty.typelem > 0 THEN ty.typelem ELSE ty.oid END AS elemoid, tn.nspname AS typnspname, et.typname AS elemtypname, d.description, CASE WHEN length(coll.collname::text) > 0 THEN concat(quote_ident(nspc.nspname), '.', quote_ident(coll.collname)) ELSE '' END AS collspcname, (SELECT count(1) FROM pg_catalog.pg_type t2 WHERE t2.typname = ty.typname) > 1 AS isdup, EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid = att.attrelid AND contype = 'f' AND att.attnum = ANY(conkey)) AS is_fk, seq.* FROM pg_catalog.pg_attribute att JOIN pg_catalog.pg_type ty ON ty.oid = atttypid LEFT OUTER JOIN pg_catalog.pg_namespace tn ON tn.oid = ty.typnamespace LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid = ty.typelem LEFT OUTER JOIN pg_catalog.pg_attrdef def ON adrelid = att.attrelid AND adnum = att.attnum LEFT OUTER JOIN pg_catalog.pg_description d ON (d.objoid = att.attrelid AND d.objsubid = att.attnum AND d.classoid = 'pg_class'::regclass) LEFT OUTER JOIN (pg_catalog.pg_depend dep JOIN pg_catalog.pg_class cs ON dep.classid = 'pg_class'::regclass AND dep.objid = cs.oid AND cs.relkind = 'S') ON dep.refobjid = att.attrelid AND dep.refobjsubid = att.attnum LEFT OUTER JOIN pg_catalog.pg_collation coll ON att.attcollation = coll.oid LEFT OUTER JOIN pg_catalog.pg_namespace nspc ON coll.collnamespace = nspc.oid LEFT OUTER JOIN pg_catalog.pg_sequence seq ON cs.oid = seq.seqrelid WHERE att.attrelid = 'club.trips'::regclass AND att.attnum > 0 AND att.attisdropped IS FALSE ORDER BY att.attnum",
  ),
  asked(
    'columns, statistics target',
    "SELECT a.attname, a.attstattarget, a.attstorage, a.attoptions, a.attidentity, a.attgenerated FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'club.trips'::regclass AND a.attnum > 0 ORDER BY a.attnum",
  ),
  asked(
    'foreign keys',
    "SELECT ct.oid, conname AS name, condeferrable, condeferred, confupdtype, confdeltype, CASE confmatchtype WHEN 's' THEN false WHEN 'f' THEN true END AS confmatchtype, conkey, confkey, confrelid, nl.nspname AS fknsp, cl.relname AS fktab, nr.nspname AS refnspname, cr.relname AS reftab, d.description, convalidated FROM pg_catalog.pg_constraint ct JOIN pg_catalog.pg_class cl ON cl.oid = conrelid JOIN pg_catalog.pg_namespace nl ON nl.oid = cl.relnamespace JOIN pg_catalog.pg_class cr ON cr.oid = confrelid JOIN pg_catalog.pg_namespace nr ON nr.oid = cr.relnamespace LEFT OUTER JOIN pg_catalog.pg_description d ON (d.objoid = ct.oid AND d.classoid = 'pg_constraint'::regclass) WHERE contype = 'f' AND conrelid = 'club.trips'::regclass ORDER BY conname",
  ),
  asked(
    'index constraints',
    "SELECT cls.oid, cls.relname AS name, indnkeyatts AS col_count, CASE WHEN length(spcname::text) > 0 THEN spcname END AS spcname, CASE contype WHEN 'p' THEN d.description WHEN 'u' THEN d.description ELSE NULL END AS comment, condeferrable, condeferred, conislocal, substring(array_to_string(cls.reloptions, ',') FROM 'fillfactor=([0-9]*)') AS fillfactor FROM pg_catalog.pg_index idx JOIN pg_catalog.pg_class cls ON cls.oid = indexrelid LEFT OUTER JOIN pg_catalog.pg_tablespace ta ON ta.oid = cls.reltablespace LEFT JOIN pg_catalog.pg_depend dep ON (dep.classid = cls.tableoid AND dep.objid = cls.oid AND dep.refobjsubid = '0' AND dep.refclassid = (SELECT oid FROM pg_catalog.pg_class WHERE relname = 'pg_constraint') AND dep.deptype = 'i') LEFT OUTER JOIN pg_catalog.pg_constraint con ON (con.tableoid = dep.refclassid AND con.oid = dep.refobjid) LEFT OUTER JOIN pg_catalog.pg_description d ON (d.objoid = con.oid) WHERE indrelid = 'club.trips'::regclass AND contype = 'u' ORDER BY cls.relname",
  ),
  asked(
    'indexes',
    "SELECT i.indexrelid, pg_get_indexdef(i.indexrelid, 1 + 0, true) AS attdef, CASE WHEN (o.opcdefault = FALSE) THEN o.opcname ELSE NULL END AS opcname, op.oprname, pg_index_column_has_property(i.indexrelid, 1, 'asc') AS is_asc, CASE WHEN length(coll.collname) > 0 THEN coll.collname END FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON (a.attrelid = i.indexrelid AND attnum = 1) LEFT OUTER JOIN pg_catalog.pg_opclass o ON (o.oid = i.indclass[0]) LEFT OUTER JOIN pg_catalog.pg_constraint c ON (c.conindid = i.indexrelid) LEFT OUTER JOIN pg_catalog.pg_operator op ON (op.oid = c.conexclop[1]) LEFT OUTER JOIN pg_catalog.pg_collation coll ON a.attcollation = coll.oid WHERE i.indrelid = 'club.trips'::regclass ORDER BY pg_get_indexdef(i.indexrelid), op.oprname",
  ),
  asked(
    'functions',
    `SELECT pr.oid, pr.xmin, pr.prosrc, pr.proname AS name, pg_get_function_result(pr.oid) AS prorettypename, pr.prorettype, pr.proallargtypes, pr.proargmodes, pr.prosupport, pr.proacl, lanname, typns.nspname AS typnsp, pg_get_function_arguments(pr.oid), pg_get_function_identity_arguments(pr.oid), pg_get_expr(proargdefaults, 'pg_catalog.pg_class'::regclass) AS proargdefaultvals, pr.pronargdefaults, proconfig, pg_get_userbyid(proowner) AS funcowner, pg_get_function_sqlbody(pr.oid) FROM pg_catalog.pg_proc pr JOIN pg_catalog.pg_type typ ON typ.oid = prorettype JOIN pg_catalog.pg_namespace typns ON typns.oid = typ.typnamespace JOIN pg_catalog.pg_language lng ON lng.oid = prolang WHERE pr.prokind IN ('f', 'w', 'p') AND pronamespace = ${SCHEMA} ORDER BY proname`,
  ),
  asked(
    'triggers',
    "SELECT t.oid, t.tgname AS name, t.xmin, t.tgenabled AS is_enable, t.*, relname, CASE WHEN relkind = 'r' THEN TRUE ELSE FALSE END AS parentistable, nspname, d.description, l.lanname, p.prosrc, p.proname AS tfunction, substring(pg_get_triggerdef(t.oid), 'WHEN (.*) EXECUTE (PROCEDURE|FUNCTION)') AS whenclause FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class cl ON cl.oid = tgrelid JOIN pg_catalog.pg_namespace na ON na.oid = relnamespace LEFT OUTER JOIN pg_catalog.pg_description d ON (d.objoid = t.oid AND d.classoid = 'pg_trigger'::regclass) LEFT OUTER JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid LEFT OUTER JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE NOT tgisinternal AND tgrelid = 'club.trips'::regclass ORDER BY tgname",
  ),
  asked(
    'types',
    `SELECT t.oid, t.typname AS name FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_class ct ON ct.oid = t.typrelid WHERE t.typtype != 'd' AND t.typname NOT LIKE E'\\\\_%' AND t.typnamespace = ${SCHEMA} AND ct.relkind = 'c' ORDER BY t.typname`,
  ),
  asked(
    'enum labels and ranges',
    "SELECT enumlabel, rngsubtype::regtype, rngcanonical FROM pg_catalog.pg_enum FULL JOIN pg_catalog.pg_range ON enumtypid = rngtypid WHERE enumtypid = 'club.rank'::regtype OR rngtypid = 'club.span'::regtype ORDER BY enumsortorder",
  ),
  asked(
    'domains',
    `SELECT d.oid, d.typname AS name, pg_get_userbyid(d.typowner) AS owner, format_type(b.oid, d.typtypmod), c.consrc FROM pg_catalog.pg_type d JOIN pg_catalog.pg_type b ON b.oid = d.typbasetype LEFT JOIN (SELECT contypid, pg_get_constraintdef(oid) AS consrc FROM pg_catalog.pg_constraint) c ON c.contypid = d.oid WHERE d.typtype = 'd' AND d.typnamespace = ${SCHEMA}`,
  ),
  asked(
    'sequences',
    `SELECT cl.oid, relname AS name, cl.relpersistence, has_sequence_privilege(cl.oid, 'SELECT'), seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle FROM pg_catalog.pg_class cl JOIN pg_catalog.pg_sequence ON seqrelid = cl.oid WHERE relkind = 'S' AND relnamespace = ${SCHEMA} ORDER BY relname`,
  ),
  asked(
    'views',
    `SELECT c.oid, c.relname AS name, pg_get_viewdef(c.oid) AS definition, pg_get_userbyid(c.relowner), array_to_string(c.relacl::text[], ', ') AS acl, substring(array_to_string(c.reloptions, ',') FROM 'security_barrier=([a-z|0-9]*)')::boolean AS barrier FROM pg_catalog.pg_class c WHERE c.relkind IN ('v', 'm') AND c.relnamespace = ${SCHEMA} ORDER BY c.relname`,
  ),
  asked(
    'extensions',
    'SELECT x.oid, pg_get_userbyid(extowner) AS owner, x.extname AS name, n.nspname AS schema, x.extrelocatable, x.extversion AS version, e.comment FROM pg_catalog.pg_extension x LEFT JOIN pg_catalog.pg_namespace n ON x.extnamespace = n.oid JOIN pg_catalog.pg_available_extensions() e(name, default_version, comment) ON x.extname = e.name ORDER BY x.extname',
  ),
  asked(
    'partitions',
    "SELECT rel.oid, rel.relname AS name, pg_get_expr(rel.relpartbound, rel.oid) AS partition_value, rel.relnamespace, (CASE WHEN rel.relkind = 'p' THEN pg_get_partkeydef(rel.oid) ELSE '' END) AS partition_scheme, rel.relpages > -2 FROM (SELECT * FROM pg_catalog.pg_inherits WHERE inhparent = 'club.cards'::regclass) inh LEFT JOIN pg_catalog.pg_class rel ON inh.inhrelid = rel.oid WHERE rel.relispartition ORDER BY rel.relname",
  ),
  asked(
    'roles',
    "SELECT r.oid, r.*, r.rolsuper AS rolcatupdate, d.description, ARRAY(SELECT CASE WHEN am.admin_option THEN '1' ELSE '0' END || rm.rolname FROM (SELECT * FROM pg_catalog.pg_auth_members WHERE member = r.oid) am LEFT JOIN pg_catalog.pg_roles rm ON (rm.oid = am.roleid) ORDER BY rm.rolname) AS rolmembership FROM pg_catalog.pg_roles r LEFT OUTER JOIN pg_catalog.pg_shdescription d ON (d.objoid = r.oid) ORDER BY r.rolcanlogin, r.rolname",
  ),
  asked(
    'dependents',
    "SELECT DISTINCT dep.deptype, dep.refclassid, cl.relkind, ad.adbin IS NULL, pg_get_expr(ad.adbin, ad.adrelid) AS adsrc, CASE WHEN cl.relkind IS NOT NULL THEN cl.relkind::text || COALESCE(dep.refobjsubid::text, '') WHEN tg.oid IS NOT NULL THEN 'T' WHEN co.oid IS NOT NULL THEN 'C' || contype::text WHEN pr.prokind = 'p' THEN 'Pp' ELSE '' END AS type, COALESCE(coc.relname, clrw.relname, tgr.relname) AS ownertable, COALESCE(cl.relname, co.conname, pr.proname, tg.tgname, ty.typname) AS refname FROM pg_catalog.pg_depend dep LEFT JOIN pg_catalog.pg_class cl ON dep.objid = cl.oid LEFT JOIN pg_catalog.pg_proc pr ON dep.objid = pr.oid LEFT JOIN pg_catalog.pg_trigger tg ON dep.objid = tg.oid LEFT JOIN pg_catalog.pg_class tgr ON tg.tgrelid = tgr.oid LEFT JOIN pg_catalog.pg_type ty ON dep.objid = ty.oid LEFT JOIN pg_catalog.pg_constraint co ON dep.objid = co.oid LEFT JOIN pg_catalog.pg_class coc ON co.conrelid = coc.oid LEFT JOIN pg_catalog.pg_rewrite rw ON dep.objid = rw.oid LEFT JOIN pg_catalog.pg_class clrw ON clrw.oid = rw.ev_class LEFT JOIN pg_catalog.pg_attrdef ad ON ad.oid = dep.objid WHERE dep.refobjid = 'club.boats'::regclass AND classid IN (SELECT oid FROM pg_catalog.pg_class WHERE relname IN ('pg_class', 'pg_constraint', 'pg_trigger', 'pg_rewrite', 'pg_attrdef')) ORDER BY 6, 8",
  ),
  asked(
    'shared dependents',
    "SELECT dep.deptype, dep.dbid, dep.classid::regclass, pg_describe_object(dep.classid, dep.objid, dep.objsubid) FROM pg_catalog.pg_shdepend dep WHERE dep.refclassid = 'pg_authid'::regclass AND dep.dbid = 0 ORDER BY 4",
  ),
  asked(
    'publications',
    'SELECT c.oid, c.pubname AS name, c.puballtables, pubowner, pt.* FROM pg_catalog.pg_publication c JOIN pg_catalog.pg_publication_tables pt USING (pubname)',
  ),
  asked(
    'keywords',
    "SELECT upper(word) AS word FROM pg_catalog.pg_get_keywords() WHERE catcode IN ('R', 'T') ORDER BY 1",
  ),
  asked(
    'completion',
    `SELECT c.relname AS objname, n.nspname AS schname, 'table' AS kind FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('club') AND c.relkind = ANY(ARRAY['r', 'p', 'f']) UNION ALL SELECT p.proname, n.nspname, 'function' FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'club' ORDER BY 1, 2, 3`,
  ),
]
