/**
 * The queries of the PostgreSQL catalog (documentation, chapter "System Catalogs"). They run with an empty
 * search_path, so that bare names here are those of pg_catalog, and what the server prints is qualified by schema.
 */

import { FIRST_USER_OID } from '../sql/catalog.ts'

/** Schemas of other sessions' temporary objects and of TOAST are nobody's to name. */
const LASTING_NAMESPACE = `n.nspname !~ '^pg_(toast|temp_|toast_temp_)'`
const USER_NAMESPACE = `${LASTING_NAMESPACE} AND n.nspname NOT IN ('pg_catalog', 'information_schema')`
const SYSTEM_NAMESPACE = `n.nspname IN ('pg_catalog', 'information_schema')`
const RELATION_KINDS = `c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')`
const RELATIONS = `
  SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, c.xmin, n.nspname, ${SYSTEM_NAMESPACE} AS system
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${RELATION_KINDS} AND ${LASTING_NAMESPACE}`

export const SERVER_SQL = `
  SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number`

export const SCHEMAS_SQL = `SELECT n.nspname::text AS name FROM pg_namespace n WHERE ${LASTING_NAMESPACE} LIMIT $1`

/** $1 rows at most, $2 characters of a definition at most. Any rule but a view's own SELECT rule counts. */
export const RELATIONS_SQL = `
  SELECT c.oid, c.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, c.system,
    c.relrowsecurity AS row_security,
    EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) AS triggers,
    EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1') AS rules,
    CASE WHEN length(v.definition) <= $2 THEN v.definition END AS definition
  FROM (${RELATIONS}) c
  LEFT JOIN LATERAL (
    SELECT pg_get_viewdef(c.oid) AS definition WHERE c.relkind IN ('v', 'm') AND NOT c.system
  ) v ON true
  LIMIT $1`

/** A domain gives its base type and the modifier of the last step, as getBaseTypeAndTypmod of the server does. */
export const COLUMNS_SQL = `
  WITH RECURSIVE step(oid, base, modifier) AS (
    SELECT t.oid, t.typbasetype, t.typtypmod FROM pg_type t WHERE t.typtype = 'd'
    UNION ALL
    SELECT step.oid, t.typbasetype, t.typtypmod FROM step JOIN pg_type t ON t.oid = step.base WHERE t.typtype = 'd'
  ), domain AS MATERIALIZED (
    SELECT step.* FROM step JOIN pg_type t ON t.oid = step.base WHERE t.typtype <> 'd'
  )
  SELECT a.attrelid AS relation, a.attname::text AS name, a.attnum AS ordinal, a.attgenerated <> '' AS generated,
    t.oid AS type_oid, format_type(t.oid, coalesce(d.modifier, a.atttypmod)) AS type,
    CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation
      THEN quote_ident(n.nspname) || '.' || quote_ident(l.collname) END AS collation,
    left(x.description, 2000) AS comment
  FROM (${RELATIONS}) c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN domain d ON d.oid = a.atttypid
  JOIN pg_type t ON t.oid = coalesce(d.base, a.atttypid)
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
  LEFT JOIN pg_namespace n ON n.oid = l.collnamespace
  LEFT JOIN pg_description x ON x.classoid = 'pg_class'::regclass AND x.objoid = a.attrelid AND x.objsubid = a.attnum
    AND (x.description ~* '\\[class:' OR x.description ~ '^\\s*\\d+-\\d+-\\d+')
  ORDER BY a.attrelid, a.attnum
  LIMIT $1`

/**
 * What the expression of a generated column refers to: by its pg_attrdef entry (15 and later) or by the column itself
 * (earlier). Source 0 is the whole row.
 */
export const GENERATED_SQL = `
  SELECT a.attrelid AS relation, a.attnum AS ordinal, p.refobjsubid AS source
  FROM pg_attribute a
  JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
  JOIN pg_depend p ON p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid AND p.refobjsubid <> a.attnum
    AND (p.classid = 'pg_attrdef'::regclass AND p.objid = f.oid
      OR p.classid = 'pg_class'::regclass AND p.objid = a.attrelid AND p.objsubid = a.attnum)
  WHERE a.attgenerated <> '' AND NOT a.attisdropped
  LIMIT $1`

/** Columns by constraint, by unique or exclusion index, and by the expression or predicate of any index; `by` is that object. */
export const CONSTRAINED_SQL = `
  SELECT k.conrelid AS relation, u.ordinal, k.contype = 'p' AS primary_key, k.contype <> 'c' AS compares, u.place,
    k.oid AS by
  FROM pg_constraint k CROSS JOIN unnest(k.conkey) WITH ORDINALITY AS u(ordinal, place)
  WHERE k.conrelid <> 0 AND k.contype IN ('p', 'u', 'x', 'f', 'c')
  UNION ALL
  SELECT k.confrelid, u.ordinal, false, true, 0, k.oid FROM pg_constraint k CROSS JOIN unnest(k.confkey) AS u(ordinal)
  WHERE k.contype = 'f'
  UNION ALL
  SELECT i.indrelid, u.ordinal, false, true, 0, i.indexrelid FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) AS u(ordinal)
  WHERE (i.indisunique OR i.indisexclusion) AND u.ordinal > 0
  UNION ALL
  SELECT i.indrelid, p.refobjsubid, false, i.indisunique OR i.indisexclusion, 0, i.indexrelid FROM pg_index i
  JOIN pg_depend p ON p.classid = 'pg_class'::regclass AND p.objid = i.indexrelid
    AND p.refclassid = 'pg_class'::regclass AND p.refobjid = i.indrelid AND p.refobjsubid > 0
  WHERE i.indisunique OR i.indisexclusion OR i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
  ORDER BY 5, 1, 6, 2
  LIMIT $1`

export const PARENTS_SQL = `SELECT h.inhrelid AS child, h.inhparent AS parent FROM pg_inherits h LIMIT $1`

/** True where the object belongs to one of the extensions in $2. */
function ofTrustedExtension(catalog: string, oid: string): string {
  return `EXISTS (SELECT FROM pg_depend p JOIN pg_extension e ON e.oid = p.refobjid
    WHERE p.classid = '${catalog}'::regclass AND p.objid = ${oid} AND p.deptype = 'e'
      AND p.refclassid = 'pg_extension'::regclass AND e.extname = ANY ($2))`
}

/** Of each table, the keys of others that it holds, with the columns of both in one order. */
export const FOREIGN_KEYS_SQL = `
  SELECT k.conrelid AS relation, n.nspname::text AS schema, c.relname::text AS name,
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(ordinal, place)
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.ordinal ORDER BY u.place) AS columns,
    ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(ordinal, place)
      JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.ordinal ORDER BY u.place) AS theirs
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE k.contype = 'f' LIMIT $1`

/** Made in pg_catalog after initdb (FirstNormalObjectId, transam.h): it bears a built-in's schema and is none. */
function addedToBuiltIns(oid: string): string {
  return `(n.nspname = 'pg_catalog' AND ${oid} >= ${FIRST_USER_OID})`
}

export const FUNCTIONS_SQL = `
  SELECT DISTINCT f.proname::text AS name, n.nspname::text AS schema
  FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
  WHERE (${USER_NAMESPACE} OR ${addedToBuiltIns('f.oid')}) AND NOT ${ofTrustedExtension('pg_proc', 'f.oid')} LIMIT $1`

export const OPERATORS_SQL = `
  SELECT DISTINCT o.oprname::text AS name, n.nspname::text AS schema
  FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
  WHERE (${USER_NAMESPACE} OR ${addedToBuiltIns('o.oid')}) AND NOT ${ofTrustedExtension('pg_operator', 'o.oid')} LIMIT $1`

/**
 * A type that people made, of which a value can't come from a built-in one by an implicit cast, nor from a literal where a
 * text would do as well. Domains count as what they are made of, and a table's row is a value of its type: neither is one.
 */
const OWN_TYPES = `
  SELECT t.oid FROM pg_type t
  WHERE t.oid >= ${FIRST_USER_OID} AND t.typtype IN ('b', 'e', 'r', 'm') AND t.typcategory NOT IN ('S', 'A')
    AND NOT EXISTS (SELECT FROM pg_cast k WHERE k.casttarget = t.oid AND k.castcontext = 'i' AND k.castsource < ${FIRST_USER_OID})`

export const FUNCTIONS_ON_OWN_TYPES_SQL = `
  SELECT f.proname::text AS name, n.nspname::text AS schema
  FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
  WHERE ${USER_NAMESPACE} AND NOT ${ofTrustedExtension('pg_proc', 'f.oid')}
  GROUP BY 1, 2 HAVING bool_and(EXISTS (SELECT FROM unnest(f.proargtypes) AS a (type) WHERE a.type IN (${OWN_TYPES})))
  LIMIT $1`

export const OPERATORS_ON_OWN_TYPES_SQL = `
  SELECT o.oprname::text AS name, n.nspname::text AS schema
  FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
  WHERE ${USER_NAMESPACE} AND NOT ${ofTrustedExtension('pg_operator', 'o.oid')}
  GROUP BY 1, 2 HAVING bool_and(o.oprleft IN (${OWN_TYPES}) OR o.oprright IN (${OWN_TYPES}))
  LIMIT $1`

/** Without the row types of tables and the array types that come with every type. */
export const TYPES_SQL = `
  SELECT t.typname::text AS name, n.nspname::text AS schema
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
  WHERE ${USER_NAMESPACE} AND (t.typtype <> 'c' OR c.relkind = 'c')
    AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid) LIMIT $1`

/** Every type that is not built in, with the array types and without the row types of tables and theirs. */
export const TYPE_SHAPES_SQL = `
  SELECT t.oid, t.typname::text AS name, n.nspname::text AS schema, t.typtype::text AS kind,
    t.typbasetype AS base, CASE WHEN e.typarray = t.oid THEN e.oid ELSE 0 END AS element
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
  LEFT JOIN pg_class c ON c.oid = coalesce(nullif(e.typrelid, 0), t.typrelid)
  WHERE t.oid >= ${FIRST_USER_OID} AND ${LASTING_NAMESPACE} AND (c.oid IS NULL OR c.relkind = 'c') LIMIT $1`

/** $1 is the account or null. In the order of the server's preference, the nearest first. */
export const PATH_SETTINGS_SQL = `
  SELECT substr(c.setting, length('search_path=') + 1) AS path, coalesce(r.rolname::text = $1, false) AS account,
    coalesce(r.rolname = session_user, false) AS own, s.setrole = 0 AS everyone
  FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS c(setting) LEFT JOIN pg_roles r ON r.oid = s.setrole
  WHERE c.setting LIKE 'search\\_path=%' AND (s.setrole = 0 OR r.rolname IS NOT NULL)
    AND (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
  ORDER BY s.setrole = 0, s.setdatabase = 0`

export const PATH_DEFAULT_SQL = `SELECT reset_val, boot_val FROM pg_settings WHERE name = 'search_path'`

/** A schema that the account may not use is no part of its path. */
export const USABLE_SCHEMAS_SQL = `
  SELECT n.nspname::text AS name FROM pg_namespace n JOIN pg_roles r ON r.rolname = $1
  WHERE has_schema_privilege(r.oid, n.oid, 'USAGE')`

/** Catalog rows that belong to a lasting relation, by the column that names it. */
function perRelation(catalog: string, relation: string, key: string): string {
  return `SELECT ${key}, x.xmin FROM ${catalog} x JOIN c ON c.oid = x.${relation}`
}

function perNamespace(catalog: string, namespace: string): string {
  return `SELECT x.oid::text, x.xmin FROM ${catalog} x JOIN n ON n.oid = x.${namespace}`
}

const WATCHED = [
  'SELECT oid::text, xmin FROM n',
  'SELECT oid::text, xmin FROM c',
  perRelation('pg_attribute', 'attrelid', `x.attrelid || '.' || x.attnum`),
  perRelation('pg_rewrite', 'ev_class', 'x.oid::text'),
  perRelation('pg_description', 'objoid', `x.classoid || '.' || x.objoid || '.' || x.objsubid`),
  perRelation('pg_trigger', 'tgrelid', 'x.oid::text'),
  perRelation('pg_attrdef', 'adrelid', 'x.oid::text'),
  perRelation('pg_index', 'indrelid', 'x.indexrelid::text'),
  perRelation('pg_statistic_ext', 'stxrelid', 'x.oid::text'),
  perRelation('pg_inherits', 'inhrelid', `x.inhrelid || '.' || x.inhparent`),
  perNamespace('pg_proc', 'pronamespace'),
  perNamespace('pg_type', 'typnamespace'),
  perNamespace('pg_operator', 'oprnamespace'),
  perNamespace('pg_constraint', 'connamespace'),
  perNamespace('pg_collation', 'collnamespace'),
  'SELECT oid::text, xmin FROM pg_extension',
  `SELECT oid::text, xmin FROM pg_cast WHERE oid >= ${FIRST_USER_OID}`,
  `SELECT x.objid || '.' || x.refobjid, x.xmin FROM pg_depend x WHERE x.deptype = 'e'`,
  `SELECT x.setdatabase || '.' || x.setrole, x.xmin FROM pg_db_role_setting x`,
  `SELECT x.roleid || '.' || x.member, x.xmin FROM pg_auth_members x`,
]

/**
 * One text that changes with every committed change of what the catalog is read from: each version of a catalog row
 * has the transaction that wrote it in xmin. Statistics that VACUUM and ANALYZE write in place don't count.
 */
export const FINGERPRINT_SQL = `
  WITH n AS MATERIALIZED (SELECT n.oid, n.xmin FROM pg_namespace n WHERE ${LASTING_NAMESPACE}),
    c AS MATERIALIZED (${RELATIONS})
  SELECT string_agg(part, ' ' ORDER BY place) || ' ' || current_setting('server_version')
    || coalesce((SELECT reset_val FROM pg_settings WHERE name = 'search_path'), '') AS fingerprint
  FROM (${WATCHED.map(
    (query, place) => `
    SELECT ${place} AS place, count(*) || ':' || coalesce(sum(hashtextextended(key || ' ' || xmin, 0)), 0) AS part
    FROM (${query}) AS w(key, xmin)`,
  ).join(' UNION ALL ')}) AS parts`
