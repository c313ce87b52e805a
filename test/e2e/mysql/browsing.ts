/**
 * What clients send when they connect and browse: statements of the same shape, for the clinic. `only` names the one
 * server that takes the statement, or that the client sends it to.
 */
export interface Asked {
  readonly what: string
  readonly sql: string
  readonly only?: 'MySQL' | 'MariaDB'
}

export const asked = (what: string, sql: string, only?: Asked['only']): Asked =>
  only === undefined ? { what, sql } : { what, sql, only }

/** Objects of each kind that clients show, none of which is masked. */
export const BROWSED_SQL: readonly string[] = [
  `CREATE TABLE clinic.rooms (
     id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, floor tinyint NOT NULL DEFAULT 1 COMMENT 'where it is',
     label varchar(40) CHARACTER SET latin1 COLLATE latin1_swedish_ci DEFAULT 'ward', kind enum('a','b''c') NOT NULL DEFAULT 'a',
     flags set('x','y'), price decimal(8,2), beds int GENERATED ALWAYS AS (floor * 2) VIRTUAL,
     made timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), plan json, CHECK (floor < 90),
     UNIQUE KEY rooms_place (floor, label), KEY rooms_price (price), FULLTEXT KEY rooms_words (label)) COMMENT='where people lie'`,
  `CREATE TABLE clinic.stays (
     room_id int unsigned NOT NULL, visit_id int NOT NULL, nights smallint DEFAULT 1, place point,
     PRIMARY KEY (room_id, visit_id), KEY stays_visit (visit_id),
     CONSTRAINT stays_room FOREIGN KEY (room_id) REFERENCES clinic.rooms (id) ON DELETE CASCADE ON UPDATE RESTRICT,
     CONSTRAINT stays_visits FOREIGN KEY (visit_id) REFERENCES clinic.visits (id))`,
  `CREATE TABLE clinic.readings (id int NOT NULL, taken date NOT NULL, value double, PRIMARY KEY (id, taken))
     PARTITION BY RANGE (YEAR(taken)) (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE)`,
  'CREATE VIEW clinic.room_list AS SELECT id, floor, label FROM clinic.rooms WHERE floor > 0',
  'CREATE TRIGGER clinic.rooms_before BEFORE INSERT ON clinic.rooms FOR EACH ROW SET NEW.price = COALESCE(NEW.price, 1)',
  'CREATE FUNCTION clinic.twice(a int) RETURNS int DETERMINISTIC RETURN a * 2',
  "CREATE PROCEDURE clinic.nothing(IN a int, INOUT b varchar(10), OUT c decimal(5,2)) COMMENT 'for nothing' SET c = a",
  "CREATE EVENT clinic.never ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01' DO DELETE FROM clinic.stays",
  "INSERT INTO clinic.rooms (id, floor, label, price, flags, made) VALUES (1, 1, 'north', 10, 'x,y', '2026-01-02 03:04:05'), (2, 2, 'south', 20, '', '2026-01-02 03:04:05')",
  "INSERT INTO clinic.stays VALUES (1, 1, 2, ST_GeomFromText('POINT(1 2)')), (2, 2, 1, NULL)",
  'ANALYZE TABLE clinic.rooms, clinic.stays, clinic.readings',
]

/** The clients of the two servers: mysql and mariadb by themselves, mysqlshow, mycli. */
export const CONSOLES: readonly Asked[] = [
  asked('mysql, greeting', 'select @@version_comment limit 1'),
  asked('mysql, a comment alone', '-- nothing'),
  asked('mysql, a comment alone', '/* nothing */'),
  asked('mysql, USE', 'SELECT DATABASE()'),
  asked('mysql, completion', 'show databases'),
  asked('mysql, completion', 'show tables'),
  asked('mysql, status', 'select DATABASE(), USER() limit 0'),
  asked(
    'mysql, status',
    'select @@character_set_client, @@character_set_connection, @@character_set_server, @@character_set_database limit 1',
  ),
  asked('mysqlshow', 'SHOW /*!50002 FULL */ TABLES'),
  asked('mysqlshow', 'SHOW /*!50002 FULL*/ COLUMNS FROM `rooms`'),
  asked('mycli', 'SHOW DATABASES'),
  asked('mycli', 'SHOW TABLES'),
  asked(
    'mycli, columns',
    "select TABLE_NAME, COLUMN_NAME from information_schema.columns where table_schema = 'clinic' order by table_name,ordinal_position",
  ),
  asked(
    'mycli, functions',
    `SELECT ROUTINE_NAME FROM INFORMATION_SCHEMA.ROUTINES WHERE ROUTINE_TYPE="FUNCTION" AND ROUTINE_SCHEMA = "clinic"`,
  ),
  asked(
    'mycli, procedures',
    `SELECT ROUTINE_NAME FROM INFORMATION_SCHEMA.ROUTINES WHERE ROUTINE_TYPE="PROCEDURE" AND ROUTINE_SCHEMA = "clinic"`,
  ),
  asked('mycli, character sets', 'SHOW CHARACTER SET'),
  asked('mycli, collations', "SHOW COLLATION LIKE 'utf8mb4\\_un%'"),
  asked('mycli, help', 'SHOW FUNCTION STATUS WHERE Db="clinic"'),
  asked('mycli, server', 'SELECT @@VERSION'),
  asked('mycli, server', 'SELECT @@VERSION_COMMENT'),
  asked('mycli, key words', "SELECT name from mysql.help_topic WHERE name like 'SHOW %'"),
]

/** What drivers ask at the start of a connection. */
export const DRIVERS: readonly Asked[] = [
  asked(
    'Connector/J 8 and 9',
    '/* mysql-connector-j-9.4.0 (Revision: 0) */SELECT  @@session.auto_increment_increment AS auto_increment_increment, @@character_set_client AS character_set_client, @@character_set_connection AS character_set_connection, @@character_set_results AS character_set_results, @@character_set_server AS character_set_server, @@collation_server AS collation_server, @@collation_connection AS collation_connection, @@init_connect AS init_connect, @@interactive_timeout AS interactive_timeout, @@license AS license, @@lower_case_table_names AS lower_case_table_names, @@max_allowed_packet AS max_allowed_packet, @@net_write_timeout AS net_write_timeout, @@performance_schema AS performance_schema, @@sql_mode AS sql_mode, @@system_time_zone AS system_time_zone, @@time_zone AS time_zone, @@transaction_isolation AS transaction_isolation, @@wait_timeout AS wait_timeout',
    'MySQL',
  ),
  asked(
    'Connector/J 5.1',
    '/* mysql-connector-java-5.1.49 */SELECT  @@session.auto_increment_increment AS auto_increment_increment, @@character_set_client AS character_set_client, @@init_connect AS init_connect, @@lower_case_table_names AS lower_case_table_names, @@sql_mode AS sql_mode, @@tx_isolation AS transaction_isolation, @@wait_timeout AS wait_timeout',
    'MariaDB',
  ),
  asked('Connector/J', 'SHOW WARNINGS'),
  asked('Connector/J', 'SET character_set_results = NULL'),
  asked('Connector/J', "SET sql_mode='STRICT_TRANS_TABLES'"),
  asked('Connector/J', 'SET autocommit=1'),
  asked('Connector/J', 'SELECT @@session.transaction_read_only', 'MySQL'),
  asked('Connector/J', 'SET SESSION TRANSACTION READ ONLY'),
  asked('Connector/J', 'SET SESSION TRANSACTION READ WRITE'),
  asked('Connector/J', 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ'),
  asked('Connector/J, cacheServerConfiguration', 'SHOW COLLATION'),
  asked('Connector/J, isValid', '/* ping */ SELECT 1'),
  asked(
    'MariaDB Connector/J 2',
    'SELECT @@max_allowed_packet,@@system_time_zone,@@time_zone,@@auto_increment_increment',
  ),
  asked('MariaDB Connector/J 2', 'SELECT @@tx_isolation', 'MariaDB'),
  asked('MariaDB Connector/J 3', 'SELECT @@session.tx_read_only', 'MariaDB'),
  asked('PyMySQL', 'SET AUTOCOMMIT = 0'),
  asked('PyMySQL', 'SET NAMES utf8mb4'),
  asked('mysql.connector', "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_general_ci'"),
  asked('mysql.connector', 'SET @@session.autocommit = OFF'),
  asked('mysqlclient', 'SHOW VARIABLES LIKE "sql_mode"'),
  asked('go-sql-driver', 'SELECT @@max_allowed_packet'),
  asked('PHP PDO', 'SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci'),
  asked('.NET MySqlConnector', 'SELECT VERSION(), @@sql_mode, @@lower_case_table_names'),
  asked(
    '.NET MySQL Connector',
    "SHOW VARIABLES WHERE variable_name in ('max_allowed_packet','lower_case_table_names','time_zone')",
  ),
  asked('ODBC', 'SELECT @@tx_isolation, @@autocommit', 'MariaDB'),
  asked('ODBC', "SHOW VARIABLES LIKE 'lower_case_table_names'"),
  asked('ADO', 'SET @@sql_select_limit=DEFAULT'),
]
