import { type Asked, asked } from './browsing.ts'

export const SQLALCHEMY: readonly Asked[] = [
  asked('connect', 'SELECT DATABASE()'),
  asked('connect', 'SELECT @@sql_mode'),
  asked('connect', 'SELECT @@lower_case_table_names'),
  asked('connect', "SHOW VARIABLES LIKE 'sql_mode'"),
  asked('has_table', 'DESCRIBE `clinic`.`rooms`'),
  asked('tables', 'SHOW FULL TABLES FROM `clinic`'),
  asked('definition', 'SHOW CREATE TABLE `rooms`'),
  asked('definition', 'SHOW CREATE TABLE `room_list`'),
  asked('columns of a view', 'SHOW FULL COLUMNS FROM `room_list`'),
  asked('isolation', 'SELECT @@transaction_isolation', 'MySQL'),
  asked('isolation', 'SELECT @@tx_isolation', 'MariaDB'),
  asked(
    'casing',
    "select table_schema, table_name, column_name from information_schema.columns where (table_schema, table_name, lower(column_name)) in (('clinic', 'rooms', 'id'))",
  ),
]

export const DJANGO: readonly Asked[] = [
  asked(
    'connect',
    "SELECT VERSION(), @@sql_mode, @@default_storage_engine, @@sql_auto_is_null, @@lower_case_table_names, CONVERT_TZ('2001-01-01 01:00:00', 'UTC', 'UTC') IS NOT NULL",
  ),
  asked('connect', 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED'),
  asked(
    'tables',
    'SELECT table_name, table_type, table_comment FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1',
  ),
  asked(
    'columns',
    "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, extra, column_default, CASE WHEN collation_name = 'utf8mb4_bin' THEN NULL ELSE collation_name END AS collation_name, CASE WHEN column_type LIKE '% unsigned' THEN 1 ELSE 0 END AS is_unsigned, column_comment FROM information_schema.columns WHERE table_name = 'rooms' AND table_schema = DATABASE() ORDER BY ordinal_position",
  ),
  asked(
    'relations',
    "SELECT kcu.column_name, kcu.referenced_table_name, kcu.referenced_column_name FROM information_schema.key_column_usage kcu WHERE kcu.table_name = 'stays' AND kcu.table_schema = DATABASE() AND kcu.referenced_table_schema = DATABASE() AND kcu.referenced_table_name IS NOT NULL AND kcu.referenced_column_name IS NOT NULL ORDER BY 1",
  ),
  asked(
    'constraints',
    "SELECT kc.`constraint_name`, kc.`column_name`, kc.`referenced_table_name`, kc.`referenced_column_name`, c.`constraint_type` FROM information_schema.key_column_usage AS kc, information_schema.table_constraints AS c WHERE kc.table_schema = DATABASE() AND c.table_schema = kc.table_schema AND c.constraint_name = kc.constraint_name AND kc.table_name = 'stays' AND c.table_name = kc.table_name ORDER BY kc.constraint_name, kc.`ordinal_position`",
  ),
  asked(
    'engine',
    "SELECT engine FROM information_schema.tables WHERE table_name = 'stays' AND table_schema = DATABASE()",
  ),
]

export const RAILS: readonly Asked[] = [
  asked(
    'connect',
    "SET  @@SESSION.sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'),  @@SESSION.wait_timeout = 2147483",
  ),
  asked('connect', 'SET NAMES utf8mb4,  @@SESSION.sql_auto_is_null = 0, @@SESSION.wait_timeout = 2147483'),
  asked('version', 'SELECT VERSION()'),
  asked(
    'tables',
    "SELECT table_name FROM (SELECT * FROM information_schema.tables WHERE table_schema = database()) _subquery WHERE _subquery.table_type = 'BASE TABLE' ORDER BY 1",
  ),
  asked(
    'exists',
    "SELECT table_name FROM (SELECT * FROM information_schema.tables WHERE table_schema = 'clinic') _subquery WHERE _subquery.table_name = 'rooms'",
  ),
  asked('columns', 'SHOW FULL FIELDS FROM `rooms`'),
  asked('definition', 'SHOW CREATE TABLE `rooms`'),
  asked(
    'primary keys',
    "SELECT column_name FROM information_schema.statistics WHERE index_name = 'PRIMARY' AND table_schema = database() AND table_name = 'stays' ORDER BY seq_in_index",
  ),
  asked(
    'foreign keys',
    "SELECT fk.referenced_table_name AS 'to_table', fk.referenced_column_name AS 'primary_key', fk.column_name AS 'column', fk.constraint_name AS 'name', rc.update_rule AS 'on_update', rc.delete_rule AS 'on_delete' FROM information_schema.referential_constraints rc JOIN information_schema.key_column_usage fk USING (constraint_schema, constraint_name) WHERE fk.referenced_column_name IS NOT NULL AND fk.table_schema = database() AND fk.table_name = 'stays' AND rc.constraint_schema = database() AND rc.table_name = 'stays' ORDER BY 4",
  ),
  asked(
    'checks',
    "SELECT cc.constraint_name AS 'name', cc.check_clause AS 'expression' FROM information_schema.check_constraints cc JOIN information_schema.table_constraints tc USING (constraint_schema, constraint_name) WHERE tc.table_schema = database() AND tc.table_name = 'rooms' AND cc.constraint_schema = database() ORDER BY 1",
  ),
  asked(
    'comment',
    "SELECT table_comment FROM information_schema.tables WHERE table_schema = database() AND table_name = 'rooms'",
  ),
  asked('variables', "SHOW VARIABLES LIKE 'collation_database'"),
  asked('plan', 'EXPLAIN SELECT `rooms`.* FROM `rooms` WHERE `rooms`.`id` = 1'),
]

export const PRISMA: readonly Asked[] = [
  asked('version', 'SELECT @@GLOBAL.version version'),
  asked('case', 'SELECT @@lower_case_table_names'),
  asked(
    'tables',
    "SELECT DISTINCT BINARY table_info.table_name AS table_name, table_info.create_options AS create_options, table_info.table_comment AS table_comment FROM information_schema.tables AS table_info JOIN information_schema.columns AS column_info ON BINARY column_info.table_name = BINARY table_info.table_name WHERE table_info.table_schema = 'clinic' AND column_info.table_schema = 'clinic' AND table_info.table_type = 'BASE TABLE' ORDER BY BINARY table_info.table_name",
  ),
  asked(
    'columns',
    "SELECT column_name column_name, data_type data_type, column_type full_data_type, character_maximum_length character_maximum_length, numeric_precision numeric_precision, numeric_scale numeric_scale, datetime_precision datetime_precision, column_default column_default, is_nullable is_nullable, extra extra, table_name table_name, IF(column_comment = '', NULL, column_comment) AS column_comment FROM information_schema.columns WHERE table_schema = 'clinic' AND table_name IN ('rooms','stays') ORDER BY table_name, ordinal_position",
  ),
  asked(
    'indexes',
    "SELECT DISTINCT BINARY index_name AS index_name, non_unique AS non_unique, BINARY column_name AS column_name, seq_in_index AS seq_in_index, BINARY table_name AS table_name, sub_part AS partial, collation AS column_order, index_type AS index_type FROM information_schema.statistics WHERE table_schema = 'clinic' AND table_name IN ('rooms','stays') ORDER BY BINARY table_name, BINARY index_name, seq_in_index",
  ),
  asked(
    'foreign keys',
    "SELECT BINARY kcu.constraint_name AS constraint_name, BINARY kcu.column_name AS column_name, BINARY kcu.referenced_table_name AS referenced_table_name, rc.delete_rule AS delete_rule, kcu.ordinal_position AS ordinal_position FROM information_schema.key_column_usage AS kcu INNER JOIN information_schema.referential_constraints AS rc ON BINARY kcu.constraint_name = BINARY rc.constraint_name WHERE BINARY kcu.table_schema = 'clinic' AND BINARY rc.constraint_schema = 'clinic' AND kcu.referenced_column_name IS NOT NULL ORDER BY BINARY kcu.table_name, BINARY kcu.constraint_name, kcu.ordinal_position",
  ),
  asked(
    'views',
    "SELECT TABLE_NAME AS view_name, VIEW_DEFINITION AS view_sql FROM INFORMATION_SCHEMA.VIEWS WHERE TABLE_SCHEMA = 'clinic' AND TABLE_NAME = 'room_list'",
  ),
  asked(
    'procedures',
    "SELECT routine_schema AS namespace, routine_name AS name, routine_definition AS definition FROM information_schema.routines WHERE ROUTINE_SCHEMA = 'clinic' AND ROUTINE_TYPE = 'PROCEDURE' AND routine_name = 'nothing'",
  ),
]

/** Hibernate, Doctrine and Laravel, TypeORM and Sequelize, Flyway and Liquibase. */
export const OTHERS: readonly Asked[] = [
  asked('Hibernate', 'select @@version_comment, @@lower_case_table_names'),
  asked(
    'Hibernate',
    "select table_name from information_schema.tables where table_schema = 'clinic' and table_type like 'BASE%' order by 1",
  ),
  asked('Hibernate', 'select r1_0.id,r1_0.floor,r1_0.label from rooms r1_0 where r1_0.id=1'),
  asked(
    'Doctrine',
    "SELECT COLUMN_NAME AS Field, COLUMN_TYPE AS Type, IS_NULLABLE AS `Null`, COLUMN_KEY AS `Key`, COLUMN_DEFAULT AS `Default`, EXTRA AS Extra, COLUMN_COMMENT AS Comment, CHARACTER_SET_NAME AS CharacterSet, COLLATION_NAME AS Collation FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'rooms' ORDER BY ORDINAL_POSITION",
  ),
  asked(
    'Doctrine',
    "SELECT NON_UNIQUE AS Non_Unique, INDEX_NAME AS Key_name, COLUMN_NAME AS Column_Name, SUB_PART AS Sub_Part, INDEX_TYPE AS Index_Type FROM information_schema.STATISTICS WHERE TABLE_NAME = 'stays' AND TABLE_SCHEMA = DATABASE() ORDER BY INDEX_NAME, SEQ_IN_INDEX",
  ),
  asked(
    'Laravel',
    "select table_name as `name`, (data_length + index_length) as `size`, table_comment as `comment`, engine as `engine`, table_collation as `collation` from information_schema.tables where table_schema = 'clinic' and table_type in ('BASE TABLE', 'SYSTEM VERSIONED') order by table_name",
  ),
  asked(
    'Laravel',
    "select index_name as `name`, group_concat(column_name order by seq_in_index) as `columns`, index_type as `type`, not non_unique as `unique` from information_schema.statistics where table_schema = 'clinic' and table_name = 'rooms' group by index_name, index_type, non_unique order by 1",
  ),
  asked('TypeORM', 'SELECT DATABASE() AS `db_name`'),
  asked(
    'TypeORM',
    "SELECT `TABLE_SCHEMA`, `TABLE_NAME`, `TABLE_COMMENT` FROM `INFORMATION_SCHEMA`.`TABLES` WHERE `TABLE_SCHEMA` = 'clinic' AND `TABLE_NAME` = 'rooms'",
  ),
  asked(
    'TypeORM',
    "SELECT `s`.* FROM `INFORMATION_SCHEMA`.`KEY_COLUMN_USAGE` `s` WHERE `s`.`TABLE_SCHEMA` = 'clinic' AND `s`.`TABLE_NAME` = 'stays' AND `s`.`CONSTRAINT_NAME` = 'PRIMARY' ORDER BY ORDINAL_POSITION",
  ),
  asked('Sequelize', 'SHOW FULL COLUMNS FROM `rooms`;'),
  asked(
    'Sequelize',
    "SELECT TABLE_NAME, TABLE_SCHEMA FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_NAME = 'rooms' AND TABLE_SCHEMA = 'clinic'",
  ),
  asked('Knex', "select * from information_schema.tables where table_name = 'rooms' and table_schema = database()"),
  asked('Flyway', "SELECT COUNT(1) FROM information_schema.schemata WHERE schema_name='clinic' LIMIT 1"),
  asked('Flyway', "SELECT SUBSTRING_INDEX(USER(),'@',-1)"),
  asked(
    'Flyway',
    "SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema='clinic' AND table_name='flyway_schema_history')",
  ),
  asked(
    'Liquibase',
    "SELECT COUNT(*) FROM information_schema.tables WHERE table_name='DATABASECHANGELOG' AND table_schema='clinic'",
  ),
  asked('HeidiSQL', "SHOW /*!50002 GLOBAL */ VARIABLES LIKE 'port'"),
  asked(
    'HeidiSQL',
    "SELECT `DEFAULT_COLLATION_NAME` FROM `information_schema`.`SCHEMATA` WHERE `SCHEMA_NAME`='clinic'",
  ),
  asked(
    'HeidiSQL',
    "SELECT *, EVENT_SCHEMA AS `Db`, EVENT_NAME AS `Name` FROM information_schema.`EVENTS` WHERE `EVENT_SCHEMA`='clinic'",
  ),
  asked(
    'Metabase',
    'SELECT `rooms`.`floor` AS `floor`, COUNT(*) AS `count` FROM `rooms` GROUP BY `rooms`.`floor` ORDER BY `rooms`.`floor` ASC',
  ),
]
