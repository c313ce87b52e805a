import { type Asked, asked } from './browsing.ts'

export const DBEAVER: readonly Asked[] = [
  asked('connect', 'SELECT DATABASE()'),
  asked('connect', "SET SESSION sql_mode='NO_ENGINE_SUBSTITUTION'"),
  asked('connect', 'SELECT @@GLOBAL.character_set_server, @@GLOBAL.collation_server'),
  asked('engines', 'SHOW ENGINES'),
  asked('character sets', 'SHOW CHARSET'),
  asked('collations', 'SHOW COLLATION'),
  asked('plug-ins', 'SHOW PLUGINS'),
  asked('databases', 'show databases'),
  asked('databases', "SELECT * FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'clinic'"),
  asked('variables', "SHOW VARIABLES LIKE 'lower_case_table_names'"),
  asked('variables', "SHOW GLOBAL VARIABLES LIKE 'version%'"),
  asked('tables', 'SHOW FULL TABLES FROM `clinic`'),
  asked('one table', "SHOW FULL TABLES FROM `clinic` LIKE 'rooms'"),
  asked('table status', "SHOW TABLE STATUS FROM `clinic` LIKE 'rooms'"),
  asked(
    'tables',
    "SELECT * FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = 'clinic' AND t.TABLE_NAME = 'rooms'",
  ),
  asked(
    'columns',
    "SELECT c.* FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA='clinic' AND c.TABLE_NAME='rooms' ORDER BY c.ORDINAL_POSITION",
  ),
  asked(
    'columns of all tables',
    "SELECT c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_TYPE FROM INFORMATION_SCHEMA.COLUMNS c WHERE c.TABLE_SCHEMA='clinic' ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION",
  ),
  asked(
    'keys',
    `SELECT kc.CONSTRAINT_NAME,kc.TABLE_NAME,kc.COLUMN_NAME,kc.ORDINAL_POSITION FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE kc
     WHERE kc.TABLE_SCHEMA='clinic' AND kc.REFERENCED_TABLE_NAME IS NULL AND kc.TABLE_NAME='stays' ORDER BY kc.CONSTRAINT_NAME, kc.ORDINAL_POSITION`,
  ),
  asked(
    'checks',
    `SELECT cc.CONSTRAINT_NAME, cc.CHECK_CLAUSE, tc.TABLE_NAME FROM (SELECT CONSTRAINT_NAME, CHECK_CLAUSE FROM INFORMATION_SCHEMA.CHECK_CONSTRAINTS
     WHERE CONSTRAINT_SCHEMA = 'clinic' ORDER BY CONSTRAINT_NAME) cc, (SELECT TABLE_NAME, CONSTRAINT_NAME FROM INFORMATION_SCHEMA.TABLE_CONSTRAINTS
     WHERE TABLE_SCHEMA='clinic' AND TABLE_NAME='rooms') tc WHERE cc.CONSTRAINT_NAME = tc.CONSTRAINT_NAME ORDER BY cc.CONSTRAINT_NAME`,
  ),
  asked(
    'foreign keys',
    `SELECT kcu.CONSTRAINT_NAME, rc.UPDATE_RULE, rc.DELETE_RULE, kcu.REFERENCED_TABLE_NAME, kcu.COLUMN_NAME, kcu.REFERENCED_COLUMN_NAME
     FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE kcu JOIN INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS rc
     ON rc.CONSTRAINT_SCHEMA = kcu.CONSTRAINT_SCHEMA AND rc.CONSTRAINT_NAME = kcu.CONSTRAINT_NAME
     WHERE kcu.TABLE_SCHEMA = 'clinic' AND kcu.REFERENCED_TABLE_NAME IS NOT NULL ORDER BY kcu.CONSTRAINT_NAME, kcu.ORDINAL_POSITION`,
  ),
  asked(
    'partitions',
    "SELECT PARTITION_NAME, PARTITION_METHOD, PARTITION_EXPRESSION, TABLE_ROWS, PARTITION_COMMENT FROM INFORMATION_SCHEMA.PARTITIONS WHERE TABLE_SCHEMA='clinic' AND TABLE_NAME='readings' ORDER BY PARTITION_ORDINAL_POSITION",
  ),
  asked('triggers', 'SHOW FULL TRIGGERS FROM `clinic`', 'MySQL'),
  asked('triggers', "SHOW TRIGGERS FROM `clinic` WHERE `Table`='rooms'"),
  asked(
    'procedures',
    "SELECT * FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'clinic' AND ROUTINE_NAME IN ('twice','nothing') ORDER BY ROUTINE_NAME",
  ),
  asked(
    'parameters',
    "SELECT * FROM INFORMATION_SCHEMA.PARAMETERS WHERE SPECIFIC_SCHEMA='clinic' AND SPECIFIC_NAME='nothing' ORDER BY ORDINAL_POSITION",
  ),
  asked('events', "SELECT * FROM information_schema.EVENTS WHERE EVENT_SCHEMA='clinic'"),
  asked('table', 'SHOW CREATE TABLE `clinic`.`rooms`'),
  asked('table', 'SHOW CREATE TABLE `clinic`.`readings`'),
  asked('view', 'SHOW CREATE VIEW `clinic`.`room_list`'),
  asked('view', "SELECT * FROM information_schema.VIEWS WHERE TABLE_SCHEMA='clinic' AND TABLE_NAME='room_list'"),
  asked('database', 'SHOW CREATE DATABASE `clinic`'),
  asked('rows', 'SELECT r.* FROM clinic.rooms r LIMIT 0, 200'),
  asked('row count', 'SELECT COUNT(*) FROM clinic.rooms r'),
  asked('a second page', 'SELECT r.* FROM clinic.rooms r LIMIT 1, 200'),
  asked('plan', 'EXPLAIN SELECT r.* FROM clinic.rooms r'),
  asked('plan', 'EXPLAIN FORMAT=JSON SELECT r.* FROM clinic.rooms r WHERE r.id = 1'),
]

export const DATAGRIP: readonly Asked[] = [
  asked('connect', "select database(), schema(), left(user(),instr(concat(user(),'@'),'@')-1), @@version_comment"),
  asked('connect', 'select @@session.transaction_read_only', 'MySQL'),
  asked('databases', 'select schema_name, default_collation_name from information_schema.schemata'),
  asked(
    'collations',
    "select collation_name, character_set_name, is_default collate utf8_general_ci = 'Yes' as is_default from information_schema.collations",
  ),
  asked(
    'tables',
    `select table_name, table_type, table_comment, engine, table_collation, create_options from information_schema.tables
     where table_schema = 'clinic' and table_type in ('BASE TABLE','VIEW') order by table_name`,
  ),
  asked(
    'columns',
    `select ordinal_position, column_name, column_type, column_default, generation_expression, table_name, column_comment,
     is_nullable, extra, collation_name from information_schema.columns where table_schema = 'clinic' and table_name in ('rooms','stays') order by table_name, ordinal_position`,
  ),
  asked(
    'indexes',
    `select table_name, index_name, index_comment, index_type, non_unique, column_name, sub_part, collation, null expression
     from information_schema.statistics where table_schema = 'clinic' and index_schema = 'clinic' order by index_schema, table_name, index_name, index_type, seq_in_index`,
  ),
  asked(
    'constraints',
    `select c.constraint_name, c.constraint_schema, c.table_name, c.constraint_type, c.enforced = 'YES' enforced from information_schema.table_constraints c
     where c.table_schema = 'clinic' order by c.table_name, c.constraint_name`,
    'MySQL',
  ),
  asked(
    'foreign keys',
    `select constraint_name, table_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name from information_schema.key_column_usage
     where table_schema = 'clinic' and referenced_column_name is not null order by table_name, constraint_name, ordinal_position`,
  ),
  asked(
    'foreign keys',
    "select constraint_name, table_name, update_rule, delete_rule from information_schema.referential_constraints where constraint_schema = 'clinic' order by 1",
  ),
  asked(
    'partitions',
    "select table_name, partition_name, subpartition_name, partition_ordinal_position, partition_method, partition_expression, partition_comment from information_schema.partitions where partition_name is not null and table_schema = 'clinic' order by 1, 2",
  ),
  asked(
    'triggers',
    "select trigger_name, event_object_table, event_manipulation, action_timing, definer from information_schema.triggers where trigger_schema = 'clinic'",
  ),
  asked(
    'events',
    "select event_name, event_comment, definer, event_type, interval_value, interval_field, starts, ends, status, on_completion from information_schema.events where event_schema = 'clinic'",
  ),
  asked(
    'routines',
    "select routine_name, routine_type, dtd_identifier, sql_data_access, is_deterministic, routine_comment, definer, security_type from information_schema.routines where routine_schema = 'clinic' order by 1",
  ),
  asked(
    'parameters',
    "select specific_name, ordinal_position, parameter_name, parameter_mode, dtd_identifier from information_schema.parameters where specific_schema = 'clinic' and ordinal_position > 0 order by specific_name, ordinal_position",
  ),
  asked(
    'views',
    "select table_name, view_definition, definer, security_type, check_option from information_schema.views where table_schema = 'clinic' and table_name = 'room_list'",
  ),
  asked('variables', "show variables like 'version%'"),
  asked('variables', "show global status like 'Ssl_version'"),
  asked('source', 'show create table clinic.stays'),
  asked('rows', 'SELECT t.* FROM clinic.rooms t LIMIT 501'),
  asked('keep alive', "SELECT 'keep alive'"),
]

export const WORKBENCH: readonly Asked[] = [
  asked('connect', 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ'),
  asked('connect', 'SET SQL_SAFE_UPDATES=1'),
  asked('connect', "SHOW SESSION VARIABLES LIKE 'lower_case_table_names'"),
  asked('connect', "SHOW SESSION VARIABLES LIKE 'sql_mode'"),
  asked('connect', "SHOW SESSION STATUS LIKE 'Ssl_cipher'"),
  asked('connect', 'SELECT current_user()'),
  asked('connect', 'SHOW DATABASES'),
  asked('connect', "SHOW SESSION VARIABLES LIKE 'version_compile_os'"),
  asked('tables', 'SHOW FULL TABLES FROM `clinic`'),
  asked('columns', 'SHOW FULL COLUMNS FROM `clinic`.`rooms`'),
  asked('columns', "SHOW COLUMNS FROM `clinic`.`stays` LIKE 'room%'"),
  asked('procedures', "SHOW PROCEDURE STATUS WHERE Db='clinic'"),
  asked('functions', "SHOW FUNCTION STATUS WHERE Db='clinic'"),
  asked('triggers', 'SHOW TRIGGERS FROM `clinic`'),
  asked('events', 'SHOW EVENTS FROM `clinic`'),
  asked('table status', "SHOW TABLE STATUS FROM `clinic` WHERE Name = 'stays'"),
  asked('rows', 'SELECT * FROM clinic.rooms LIMIT 0, 1000'),
  asked('definition', 'SHOW CREATE TABLE `clinic`.`rooms`'),
  asked('server', 'SHOW GLOBAL VARIABLES LIKE "max_connections"'),
  asked('server', "SHOW VARIABLES LIKE 'character_set%'"),
  asked('character sets', 'SHOW CHARACTER SET'),
  asked('plan', 'EXPLAIN SELECT * FROM clinic.stays WHERE room_id = 1'),
]

export const PHPMYADMIN: readonly Asked[] = [
  asked('connect', 'SELECT @@version, @@version_comment'),
  asked('connect', "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_general_ci'"),
  asked('connect', 'SELECT CURRENT_USER();'),
  asked('connect', "SHOW SESSION VARIABLES LIKE 'FOREIGN_KEY_CHECKS'"),
  asked('connect', 'SELECT @@lower_case_table_names'),
  asked(
    'databases',
    "SELECT `SCHEMA_NAME` FROM `INFORMATION_SCHEMA`.`SCHEMATA`, (SELECT DB_first_level FROM ( SELECT DISTINCT SUBSTRING_INDEX(SCHEMA_NAME, '_', 1) DB_first_level FROM INFORMATION_SCHEMA.SCHEMATA WHERE TRUE ) t ORDER BY DB_first_level ASC LIMIT 0, 100) t2 WHERE TRUE AND 1 = LOCATE(CONCAT(DB_first_level, '_'), CONCAT(SCHEMA_NAME, '_')) ORDER BY SCHEMA_NAME ASC",
  ),
  asked('tables', 'SHOW TABLES FROM `clinic`;'),
  asked('tables', "SHOW TABLE STATUS FROM `clinic` WHERE `Name` IN ('rooms', 'stays')"),
  asked(
    'tables',
    `SELECT *, \`TABLE_SCHEMA\` AS \`Db\`, \`TABLE_NAME\` AS \`Name\`, \`TABLE_TYPE\` AS \`TABLE_TYPE\`, \`ENGINE\` AS \`Engine\`, \`TABLE_ROWS\` AS \`Rows\`
     FROM \`information_schema\`.\`TABLES\` t WHERE \`TABLE_SCHEMA\` COLLATE utf8_bin IN ('clinic') AND t.\`TABLE_NAME\` COLLATE utf8_bin = 'rooms' ORDER BY Name ASC`,
  ),
  asked('columns', 'SHOW FULL COLUMNS FROM `clinic`.`rooms`'),
  asked(
    'relations',
    "SELECT `COLUMN_NAME`, `CONSTRAINT_NAME`, `REFERENCED_TABLE_NAME` FROM `INFORMATION_SCHEMA`.`KEY_COLUMN_USAGE` WHERE `TABLE_SCHEMA` = 'clinic' AND `TABLE_NAME` = 'stays' AND `REFERENCED_TABLE_NAME` IS NOT NULL ORDER BY 1",
  ),
  asked(
    'events',
    "SELECT `EVENT_NAME` AS `Name`, `EVENT_TYPE`, `STATUS` FROM `information_schema`.`EVENTS` WHERE `EVENT_SCHEMA` COLLATE utf8_bin = 'clinic'",
  ),
  asked(
    'routines',
    "SELECT `SPECIFIC_NAME`, `ROUTINE_NAME`, `ROUTINE_TYPE`, `DTD_IDENTIFIER` FROM `information_schema`.`ROUTINES` WHERE `ROUTINE_SCHEMA` COLLATE utf8_bin = 'clinic' ORDER BY 1",
  ),
  asked(
    'triggers',
    "SELECT TRIGGER_SCHEMA, TRIGGER_NAME, EVENT_MANIPULATION, EVENT_OBJECT_TABLE, ACTION_TIMING, ACTION_STATEMENT, DEFINER FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA COLLATE utf8_bin= 'clinic'",
  ),
  asked('engines', 'SELECT UPPER(engine) AS engine, support FROM information_schema.ENGINES ORDER BY 1'),
  asked(
    'collations',
    'SELECT `CHARACTER_SET_NAME` AS `Charset`, `DEFAULT_COLLATE_NAME` AS `Default collation`, `DESCRIPTION` AS `Description`, `MAXLEN` AS `Maxlen` FROM `information_schema`.`CHARACTER_SETS`',
  ),
  asked('variables', "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'port', 'collation_server')"),
  asked('status', "SHOW GLOBAL STATUS LIKE 'Innodb_page_size'"),
  asked('rows', 'SELECT * FROM `rooms` LIMIT 0, 25'),
  asked('rows', 'SELECT COUNT(*) FROM `clinic`.`rooms`'),
  asked('privileges', "SELECT `PRIVILEGE_TYPE` FROM `INFORMATION_SCHEMA`.`USER_PRIVILEGES` WHERE GRANTEE = 'nobody'"),
  asked('definition', 'SHOW CREATE TABLE `clinic`.`stays`'),
]
