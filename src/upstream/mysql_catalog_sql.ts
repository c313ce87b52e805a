/** The queries of the MySQL and MariaDB catalog (MySQL manual, chapter "INFORMATION_SCHEMA Tables"). */

/** Whether the server uses invisible indexes stands in a switch of MySQL that a session takes over from the server. */
export const SERVER_SQL = `
  SELECT @@lower_case_table_names AS folding, CURRENT_USER() AS account,
    @@optimizer_switch LIKE '%use_invisible_indexes=on%' AS uses_invisible`

export const DATABASES_SQL = 'SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA LIMIT ?'

/** MariaDB lists a session's temporary tables here too; ours has none. */
export const TABLES_SQL = `
  SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS name, TABLE_TYPE AS kind, ENGINE AS engine,
    ENGINE IN ('InnoDB', 'ROCKSDB') AS transactional
  FROM information_schema.TABLES LIMIT ?`

export const COLUMNS_SQL = `
  SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS relation, COLUMN_NAME AS name, ORDINAL_POSITION AS ordinal,
    COLUMN_TYPE AS type, COLLATION_NAME AS collation, GENERATION_EXPRESSION AS expression,
    LEFT(COLUMN_COMMENT, 2000) AS comment, EXTRA LIKE '%INVISIBLE%' AS invisible, EXTRA LIKE '%on update%' AS on_update
  FROM information_schema.COLUMNS ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION LIMIT ?`

/** An invalid view has a definition too; one that the admin may not see has an empty one. */
export const VIEWS_MYSQL_SQL = `
  SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS relation, VIEW_DEFINITION AS definition, DEFINER AS definer,
    SECURITY_TYPE AS security, CHECK_OPTION AS \`check\`, NULL AS algorithm
  FROM information_schema.VIEWS LIMIT ?`

export const VIEWS_MARIADB_SQL = `
  SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS relation, VIEW_DEFINITION AS definition, DEFINER AS definer,
    SECURITY_TYPE AS security, CHECK_OPTION AS \`check\`, ALGORITHM AS algorithm
  FROM information_schema.VIEWS LIMIT ?`

export const KEYS_SQL = `
  SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS relation, COLUMN_NAME AS name,
    CONSTRAINT_NAME AS \`constraint\`, CONSTRAINT_NAME = 'PRIMARY' AS primary_key, REFERENCED_TABLE_SCHEMA AS other_schema,
    REFERENCED_TABLE_NAME AS other_relation, REFERENCED_COLUMN_NAME AS other_name
  FROM information_schema.KEY_COLUMN_USAGE
  ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION LIMIT ?`

/** A key part is a column, or (MySQL alone) an expression. */
export const INDEXES_MYSQL_SQL = `
  SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS relation, INDEX_NAME AS \`index\`, COLUMN_NAME AS name,
    EXPRESSION AS expression, NON_UNIQUE = 0 AS is_unique, IS_VISIBLE = 'YES' AS visible
  FROM information_schema.STATISTICS ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX LIMIT ?`

export const INDEXES_MARIADB_SQL = `
  SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS relation, INDEX_NAME AS \`index\`, COLUMN_NAME AS name,
    NULL AS expression, NON_UNIQUE = 0 AS is_unique, IGNORED = 'NO' AS visible
  FROM information_schema.STATISTICS ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX LIMIT ?`

/** KEY () names no column: the rows are spread by the primary key. */
export const PARTITIONS_SQL = `
  SELECT DISTINCT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS relation, PARTITION_METHOD AS method,
    PARTITION_EXPRESSION AS expression, SUBPARTITION_METHOD AS sub_method, SUBPARTITION_EXPRESSION AS sub_expression
  FROM information_schema.PARTITIONS WHERE PARTITION_NAME IS NOT NULL LIMIT ?`

/** A name is unique by database in MySQL and by table in MariaDB. */
export const CHECKS_MYSQL_SQL = `
  SELECT t.TABLE_SCHEMA AS \`schema\`, t.TABLE_NAME AS relation, t.CONSTRAINT_NAME AS \`constraint\`, c.CHECK_CLAUSE AS expression
  FROM information_schema.CHECK_CONSTRAINTS c JOIN information_schema.TABLE_CONSTRAINTS t
    ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME
    AND t.CONSTRAINT_TYPE = 'CHECK' ORDER BY 1, 2, 3 LIMIT ?`

export const CHECKS_MARIADB_SQL = `
  SELECT CONSTRAINT_SCHEMA AS \`schema\`, TABLE_NAME AS relation, CONSTRAINT_NAME AS \`constraint\`, CHECK_CLAUSE AS expression
  FROM information_schema.CHECK_CONSTRAINTS ORDER BY 1, 2, 3 LIMIT ?`

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
