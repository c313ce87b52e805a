/** The queries of the MySQL and MariaDB catalog (MySQL manual, chapter "INFORMATION_SCHEMA Tables"). */

export const SERVER_SQL = 'SELECT @@lower_case_table_names AS folding, CURRENT_USER() AS account'

export const DATABASES_SQL = 'SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA LIMIT ?'

/** MariaDB lists a session's temporary tables here too; ours has none. */
export const TABLES_SQL = `
  SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS name, TABLE_TYPE AS kind, TABLE_COLLATION AS collation
  FROM information_schema.TABLES LIMIT ?`

export const COLUMNS_SQL = `
  SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS relation, COLUMN_NAME AS name, ORDINAL_POSITION AS ordinal,
    COLUMN_TYPE AS type, COLLATION_NAME AS collation, GENERATION_EXPRESSION AS expression
  FROM information_schema.COLUMNS ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION LIMIT ?`

/** An invalid view has a definition too; one that the admin may not see has an empty one. */
export const VIEWS_SQL = `
  SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS relation, VIEW_DEFINITION AS definition
  FROM information_schema.VIEWS LIMIT ?`

export const KEYS_SQL = `
  SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS relation, COLUMN_NAME AS name,
    CONSTRAINT_NAME = 'PRIMARY' AS primary_key, REFERENCED_TABLE_SCHEMA AS other_schema,
    REFERENCED_TABLE_NAME AS other_relation, REFERENCED_COLUMN_NAME AS other_name
  FROM information_schema.KEY_COLUMN_USAGE ORDER BY ORDINAL_POSITION LIMIT ?`

/** Columns of unique indexes, and texts of the expressions of any index (MySQL alone has those). */
export const INDEXES_MYSQL_SQL = `
  SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS relation, COLUMN_NAME AS name, EXPRESSION AS expression
  FROM information_schema.STATISTICS WHERE NON_UNIQUE = 0 OR EXPRESSION IS NOT NULL LIMIT ?`

export const INDEXES_MARIADB_SQL = `
  SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS relation, COLUMN_NAME AS name, NULL AS expression
  FROM information_schema.STATISTICS WHERE NON_UNIQUE = 0 LIMIT ?`

/** A name is unique by database in MySQL and by table in MariaDB. */
export const CHECKS_MYSQL_SQL = `
  SELECT t.TABLE_SCHEMA AS \`schema\`, t.TABLE_NAME AS relation, NULL AS name, c.CHECK_CLAUSE AS expression
  FROM information_schema.CHECK_CONSTRAINTS c JOIN information_schema.TABLE_CONSTRAINTS t
    ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME
    AND t.CONSTRAINT_TYPE = 'CHECK' LIMIT ?`

export const CHECKS_MARIADB_SQL = `
  SELECT CONSTRAINT_SCHEMA AS \`schema\`, TABLE_NAME AS relation, NULL AS name, CHECK_CLAUSE AS expression
  FROM information_schema.CHECK_CONSTRAINTS LIMIT ?`

export const TRIGGERS_SQL = `
  SELECT DISTINCT EVENT_OBJECT_SCHEMA AS \`schema\`, EVENT_OBJECT_TABLE AS relation
  FROM information_schema.TRIGGERS LIMIT ?`

export const ROUTINES_SQL = `
  SELECT DISTINCT ROUTINE_NAME AS name, ROUTINE_SCHEMA AS \`schema\` FROM information_schema.ROUTINES LIMIT ?`

/** Where the admin may see triggers: everywhere (NULL) or in a database. */
export const TRIGGER_SIGHT_SQL = `
  SELECT NULL AS \`schema\` FROM information_schema.USER_PRIVILEGES
  WHERE GRANTEE = ? AND PRIVILEGE_TYPE = 'TRIGGER'
  UNION ALL
  SELECT TABLE_SCHEMA FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = ? AND PRIVILEGE_TYPE = 'TRIGGER'
  LIMIT ?`
