/**
 * What graphical clients and a newer psql ask when they connect and browse: statements of the same shape, for the
 * sailing club. Where a client binds parameters, so does the list.
 */

export interface Asked {
  readonly what: string
  readonly sql: string
  readonly values?: readonly unknown[]
}

export const asked = (what: string, sql: string, ...values: readonly unknown[]): Asked => ({ what, sql, values })

export const SCHEMA = "(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'club')"

/** Objects of each kind that clients show. */
export const BROWSED_SQL: readonly string[] = [
  "CREATE TYPE club.rank AS ENUM ('mate', 'captain')",
  'CREATE TYPE club.place AS (name text, berth int)',
  'CREATE TYPE club.span AS RANGE (subtype = int)',
  "CREATE DOMAIN club.short AS text DEFAULT 'x' NOT NULL CHECK (length(VALUE) < 9)",
  'CREATE SEQUENCE club.numbers OWNED BY club.drafts.id',
  `CREATE TABLE club.trips (
     id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, boat_id int REFERENCES club.boats ON DELETE CASCADE,
     days int DEFAULT 1 CHECK (days > 0), hours int GENERATED ALWAYS AS (days * 24) STORED, at club.place, by club.rank,
     label club.short, number int DEFAULT nextval('club.numbers'), tags text[] COLLATE "C", during club.span, UNIQUE (boat_id, days))`,
  'CREATE INDEX trips_days ON club.trips ((days * 2) DESC NULLS LAST) INCLUDE (label) WHERE days > 3',
  'CREATE STATISTICS club.trips_both ON id, days FROM club.trips',
  "CREATE FUNCTION club.twice(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * $2'",
  "CREATE PROCEDURE club.nothing() LANGUAGE plpgsql AS 'BEGIN END'",
  "CREATE AGGREGATE club.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0')",
  "CREATE FUNCTION club.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
  'CREATE TRIGGER trips_keep BEFORE UPDATE ON club.trips FOR EACH ROW EXECUTE FUNCTION club.keep()',
  'CREATE RULE trips_quiet AS ON DELETE TO club.trips DO INSTEAD NOTHING',
  'ALTER TABLE club.trips ENABLE ROW LEVEL SECURITY',
  'CREATE POLICY trips_short ON club.trips USING (days < 9)',
  'CREATE PUBLICATION club_trips FOR TABLE club.trips (id, days)',
  "COMMENT ON TABLE club.trips IS 'where the boats went'",
  "COMMENT ON COLUMN club.trips.days IS 'how long'",
  'ALTER DEFAULT PRIVILEGES IN SCHEMA club GRANT SELECT ON TABLES TO PUBLIC',
  'GRANT SELECT (id) ON club.boats TO PUBLIC',
  'CREATE FOREIGN DATA WRAPPER far_wrapper',
  "CREATE SERVER far_server FOREIGN DATA WRAPPER far_wrapper OPTIONS (secret 'CANARY-SERVER')",
]

/** postgres/postgres, REL_18, src/bin/psql/describe.c, command.c and tab-complete.in.c. */
export const PSQL_18: readonly Asked[] = [
  asked(
    '\\d, step 1',
    "SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname OPERATOR(pg_catalog.~) '^(trips)$' COLLATE pg_catalog.default AND n.nspname OPERATOR(pg_catalog.~) '^(club)$' COLLATE pg_catalog.default ORDER BY 2, 3",
  ),
  asked(
    '\\d, step 2',
    "SELECT c.relchecks, c.relkind, c.relhasindex, c.relhasrules, c.relhastriggers, c.relrowsecurity, c.relforcerowsecurity, false AS relhasoids, c.relispartition, pg_catalog.array_to_string(c.reloptions || array(SELECT 'toast.' || x FROM pg_catalog.unnest(tc.reloptions) x), ', '), c.reltablespace, CASE WHEN c.reloftype = 0 THEN '' ELSE c.reloftype::pg_catalog.regtype::pg_catalog.text END, c.relpersistence, c.relreplident, am.amname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_class tc ON (c.reltoastrelid = tc.oid) LEFT JOIN pg_catalog.pg_am am ON (c.relam = am.oid) WHERE c.oid = 'club.trips'::regclass",
  ),
  asked(
    '\\d+, columns',
    "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef), a.attnotnull, (SELECT c.collname FROM pg_catalog.pg_collation c, pg_catalog.pg_type t WHERE c.oid = a.attcollation AND t.oid = a.atttypid AND a.attcollation <> t.typcollation) AS attcollation, a.attidentity, a.attgenerated, a.attstorage, a.attcompression AS attcompression, CASE WHEN a.attstattarget = -1 THEN NULL ELSE a.attstattarget END AS attstattarget, pg_catalog.col_description(a.attrelid, a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'club.trips'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
  ),
  asked(
    '\\d, indexes',
    "SELECT c2.relname, i.indisprimary, i.indisunique, i.indisclustered, i.indisvalid, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), pg_catalog.pg_get_constraintdef(con.oid, true), contype, condeferrable, condeferred, i.indisreplident, c2.reltablespace, con.conperiod FROM pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_index i LEFT JOIN pg_catalog.pg_constraint con ON (conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p','u','x')) WHERE c.oid = 'club.trips'::regclass AND c.oid = i.indrelid AND i.indexrelid = c2.oid ORDER BY i.indisprimary DESC, c2.relname",
  ),
  asked(
    '\\d+, not-null constraints',
    "SELECT c.conname, a.attname, c.connoinherit, c.conislocal, c.coninhcount <> 0, c.convalidated FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_attribute a ON (a.attrelid = c.conrelid AND a.attnum = c.conkey[1]) WHERE c.contype = 'n' AND c.conrelid = 'club.trips'::pg_catalog.regclass ORDER BY a.attnum",
  ),
  asked(
    '\\d, foreign keys',
    "SELECT conname, conrelid::pg_catalog.regclass AS ontable, pg_catalog.pg_get_constraintdef(oid, true) AS condef FROM pg_catalog.pg_constraint c WHERE confrelid IN (SELECT pg_catalog.pg_partition_ancestors('club.boats'::regclass) UNION ALL VALUES ('club.boats'::pg_catalog.regclass)) AND contype = 'f' AND conparentid = 0 ORDER BY conname",
  ),
  asked(
    '\\d, policies',
    "SELECT pol.polname, pol.polpermissive, CASE WHEN pol.polroles = '{0}' THEN NULL ELSE pg_catalog.array_to_string(array(SELECT rolname FROM pg_catalog.pg_roles WHERE oid = any (pol.polroles) ORDER BY 1), ',') END, pg_catalog.pg_get_expr(pol.polqual, pol.polrelid), pg_catalog.pg_get_expr(pol.polwithcheck, pol.polrelid), CASE pol.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' END AS cmd FROM pg_catalog.pg_policy pol WHERE pol.polrelid = 'club.trips'::regclass ORDER BY 1",
  ),
  asked(
    '\\d, statistics',
    "SELECT oid, stxrelid::pg_catalog.regclass, stxnamespace::pg_catalog.regnamespace::pg_catalog.text AS nsp, stxname, pg_catalog.pg_get_statisticsobjdef_columns(oid) AS columns, 'd' = any(stxkind) AS ndist_enabled, 'f' = any(stxkind) AS deps_enabled, 'm' = any(stxkind) AS mcv_enabled, stxstattarget FROM pg_catalog.pg_statistic_ext WHERE stxrelid = 'club.trips'::regclass ORDER BY nsp, stxname",
  ),
  asked(
    '\\d, publications',
    "SELECT pubname, NULL, NULL FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_namespace pn ON p.oid = pn.pnpubid JOIN pg_catalog.pg_class pc ON pc.relnamespace = pn.pnnspid WHERE pc.oid = 'club.trips'::regclass AND pg_catalog.pg_relation_is_publishable('club.trips'::regclass) UNION SELECT pubname, pg_get_expr(pr.prqual, c.oid), (CASE WHEN pr.prattrs IS NOT NULL THEN (SELECT string_agg(attname, ', ') FROM pg_catalog.generate_series(0, pg_catalog.array_upper(pr.prattrs::pg_catalog.int2[], 1)) s, pg_catalog.pg_attribute WHERE attrelid = pr.prrelid AND attnum = prattrs[s]) ELSE NULL END) FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_rel pr ON p.oid = pr.prpubid JOIN pg_catalog.pg_class c ON c.oid = pr.prrelid WHERE pr.prrelid = 'club.trips'::regclass ORDER BY 1",
  ),
  asked(
    '\\dRp',
    "SELECT pubname AS \"Name\", pg_catalog.pg_get_userbyid(pubowner) AS \"Owner\", puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, (CASE pubgencols WHEN 'n' THEN 'none' WHEN 's' THEN 'stored' END) AS \"Generated columns\", pubviaroot FROM pg_catalog.pg_publication ORDER BY 1",
  ),
  asked(
    '\\l+',
    "SELECT d.datname AS \"Name\", pg_catalog.pg_get_userbyid(d.datdba) AS \"Owner\", pg_catalog.pg_encoding_to_char(d.encoding) AS \"Encoding\", CASE d.datlocprovider WHEN 'b' THEN 'builtin' WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' END AS \"Locale Provider\", d.datcollate, d.datctype, d.datlocale, d.daticurules, CASE WHEN pg_catalog.array_length(d.datacl, 1) = 0 THEN '(none)' ELSE pg_catalog.array_to_string(d.datacl, E'\\n') END AS \"Access privileges\", CASE WHEN pg_catalog.has_database_privilege(d.datname, 'CONNECT') THEN pg_catalog.pg_size_pretty(pg_catalog.pg_database_size(d.datname)) ELSE 'No Access' END <> '' AS \"Size\", t.spcname, pg_catalog.shobj_description(d.oid, 'pg_database') FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON d.dattablespace = t.oid ORDER BY 1",
  ),
  asked(
    '\\drg',
    'SELECT m.rolname AS "Role name", r.rolname AS "Member of", pg_catalog.concat_ws(\', \', CASE WHEN pam.admin_option THEN \'ADMIN\' END, CASE WHEN pam.inherit_option THEN \'INHERIT\' END, CASE WHEN pam.set_option THEN \'SET\' END) AS "Options", g.rolname AS "Grantor" FROM pg_catalog.pg_roles m JOIN pg_catalog.pg_auth_members pam ON (pam.member = m.oid) LEFT JOIN pg_catalog.pg_roles r ON (pam.roleid = r.oid) LEFT JOIN pg_catalog.pg_roles g ON (pam.grantor = g.oid) ORDER BY 1, 2, 4',
  ),
  asked(
    '\\dx',
    'SELECT e.extname AS "Name", e.extversion AS "Version", ae.default_version AS "Default version", n.nspname AS "Schema", d.description FROM pg_catalog.pg_extension e LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace LEFT JOIN pg_catalog.pg_description d ON d.objoid = e.oid AND d.classoid = \'pg_catalog.pg_extension\'::pg_catalog.regclass LEFT JOIN pg_catalog.pg_available_extensions() ae(name, default_version, comment) ON ae.name = e.extname ORDER BY 1',
  ),
  asked(
    '\\df+',
    "SELECT n.nspname, p.proname, pg_catalog.pg_get_function_result(p.oid), pg_catalog.pg_get_function_arguments(p.oid), CASE p.prokind WHEN 'a' THEN 'agg' WHEN 'w' THEN 'window' WHEN 'p' THEN 'proc' ELSE 'func' END, CASE WHEN p.provolatile = 'i' THEN 'immutable' WHEN p.provolatile = 's' THEN 'stable' WHEN p.provolatile = 'v' THEN 'volatile' END, p.proparallel, pg_catalog.pg_get_userbyid(p.proowner), CASE WHEN prosecdef THEN 'definer' ELSE 'invoker' END, CASE WHEN p.proleakproof THEN 'yes' ELSE 'no' END, CASE WHEN pg_catalog.array_length(p.proacl, 1) = 0 THEN '(none)' ELSE pg_catalog.array_to_string(p.proacl, E'\\n') END, l.lanname, CASE WHEN l.lanname IN ('internal', 'c') THEN p.prosrc END, pg_catalog.obj_description(p.oid, 'pg_proc') FROM pg_catalog.pg_proc p LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE n.nspname OPERATOR(pg_catalog.~) '^(club)$' COLLATE pg_catalog.default ORDER BY 1, 2, 4",
  ),
  asked(
    '\\dO+',
    "SELECT n.nspname, c.collname, CASE c.collprovider WHEN 'd' THEN 'default' WHEN 'b' THEN 'builtin' WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' END, c.collcollate, c.collctype, c.colllocale, c.collicurules, CASE WHEN c.collisdeterministic THEN 'yes' ELSE 'no' END, pg_catalog.obj_description(c.oid, 'pg_collation') FROM pg_catalog.pg_collation c, pg_catalog.pg_namespace n WHERE n.oid = c.collnamespace AND c.collencoding IN (-1, pg_catalog.pg_char_to_encoding(pg_catalog.getdatabaseencoding())) AND pg_catalog.pg_collation_is_visible(c.oid) ORDER BY 1, 2 LIMIT 20",
  ),
  asked(
    '\\dP+',
    "SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner), CASE c.relkind WHEN 'p' THEN 'partitioned table' END, am.amname, s.dps, pg_catalog.obj_description(c.oid, 'pg_class') FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_am am ON c.relam = am.oid, LATERAL (SELECT pg_catalog.pg_size_pretty(sum(CASE WHEN ppt.isleaf AND ppt.level = 1 THEN pg_catalog.pg_table_size(ppt.relid) ELSE 0 END)) AS dps FROM pg_catalog.pg_partition_tree(c.oid) ppt) s WHERE c.relkind IN ('p', '') ORDER BY 1, 2",
  ),
  asked(
    '\\dconfig',
    "SELECT s.name AS \"Parameter\", pg_catalog.current_setting(s.name) AS \"Value\", s.vartype, s.context, CASE WHEN pg_catalog.array_length(p.paracl, 1) = 0 THEN '(none)' ELSE pg_catalog.array_to_string(p.paracl, E'\\n') END FROM pg_catalog.pg_settings s LEFT JOIN pg_catalog.pg_parameter_acl p ON pg_catalog.lower(s.name) = p.parname WHERE s.name ~ '^(work_mem|search_path|max_connections)$' ORDER BY 1",
  ),
  asked(
    '\\sf',
    "SELECT pg_catalog.pg_get_functiondef('club.twice(int, int)'::pg_catalog.regprocedure::pg_catalog.oid)",
  ),
  asked(
    '\\sv',
    "SELECT nspname, relname, relkind, pg_catalog.pg_get_viewdef(c.oid, true), pg_catalog.array_remove(pg_catalog.array_remove(c.reloptions, 'check_option=local'), 'check_option=cascaded') AS reloptions, CASE WHEN 'check_option=local' = ANY (c.reloptions) THEN 'LOCAL'::text END AS checkoption FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid WHERE c.oid = 'club.contacts'::regclass",
  ),
  asked(
    'completion of tables',
    "SELECT c.relname, NULL::pg_catalog.text FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'S', 'v', 'm', 'f', 'p') AND (c.relname) LIKE 'mem%' AND pg_catalog.pg_table_is_visible(c.oid) AND c.relnamespace <> (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'pg_catalog') UNION ALL SELECT NULL::pg_catalog.text, n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname LIKE 'cl%' AND n.nspname NOT LIKE E'pg\\\\_%' LIMIT 1000",
  ),
  asked(
    'completion of settings',
    "SELECT pg_catalog.lower(name) FROM pg_catalog.pg_settings WHERE context IN ('user', 'superuser') AND pg_catalog.lower(name) LIKE pg_catalog.lower('work%') ORDER BY 1 LIMIT 1000",
  ),
  asked(
    'completion of columns',
    "SELECT attname FROM pg_catalog.pg_attribute a, pg_catalog.pg_class c WHERE c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped AND (attname) LIKE '%' AND c.relname = 'boats' AND pg_catalog.pg_table_is_visible(c.oid) LIMIT 1000",
  ),
]

/**
 * Other people's sessions, their statements and locks, counters of rows, positions of sequences, files and credentials
 * are nobody's to browse: a client that asks for every column of such a relation is told which one is closed.
 */
export const REFUSED: readonly Asked[] = [
  asked(
    'dashboard of pgAdmin',
    'SELECT pid, datname, usename, application_name, client_addr, backend_start, state, wait_event_type, query FROM pg_catalog.pg_stat_activity ORDER BY pid',
  ),
  asked(
    'dashboard of pgAdmin',
    'SELECT pid, locktype, datname, relation::regclass, mode, granted FROM pg_catalog.pg_locks l LEFT OUTER JOIN pg_catalog.pg_database d ON (l.database = d.oid)',
  ),
  asked(
    'dashboard of pgAdmin',
    "SELECT 'tps', row_to_json(t) FROM (SELECT sum(xact_commit) FROM pg_catalog.pg_stat_database) t",
  ),
  asked('dashboard of pgAdmin', 'SELECT gid, database, owner, transaction, prepared FROM pg_catalog.pg_prepared_xacts'),
  asked('dashboard of pgAdmin', 'SELECT * FROM pg_catalog.pg_hba_file_rules'),
  asked('dashboard of pgAdmin', "SELECT pg_catalog.pg_read_file('postgresql.conf')"),
  asked('session manager of DBeaver', 'SELECT sa.* FROM pg_catalog.pg_stat_activity sa'),
  asked('session manager of DBeaver', 'SELECT pg_catalog.pg_terminate_backend(1)'),
  asked(
    'lock manager of DBeaver',
    'SELECT blocked.pid, blocked.query FROM pg_catalog.pg_locks bl JOIN pg_catalog.pg_stat_activity blocked ON bl.pid = blocked.pid',
  ),
  asked(
    'statistics of pgAdmin',
    "SELECT seq_scan, n_live_tup FROM pg_catalog.pg_stat_user_tables WHERE relname = 'members'",
  ),
  asked('roles with their passwords', 'SELECT rolname, rolpassword FROM pg_catalog.pg_authid'),
  asked('value statistics', "SELECT most_common_vals FROM pg_catalog.pg_stats WHERE tablename = 'members'"),
  asked('a sequence in DBeaver', "SELECT * FROM pg_catalog.pg_sequences WHERE sequencename = 'numbers'"),
  asked('user mappings of pgAdmin', 'SELECT u.umid, u.usename, u.umoptions FROM pg_catalog.pg_user_mappings u'),
]
