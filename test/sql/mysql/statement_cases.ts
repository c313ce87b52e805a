import type { StatementKind } from '../../../src/sql/facts.ts'

type Server = 'both' | 'mysql' | 'mariadb'

/** `name` is what the facts call the statement; `told` is what else they tell: uses, definitions, settings, the inner kind. */
export interface StatementCase {
  readonly sql: string
  readonly server: Server
  readonly kind: StatementKind
  readonly name: string | null
  readonly told: string
}

function cases(server: Server, kind: StatementKind, rows: readonly (readonly [string, string | null, string])[]) {
  return rows.map(([sql, name, told]): StatementCase => ({ sql, server, kind, name, told }))
}

const TRANSACTIONS = [
  ...cases('both', 'begin', [
    ['BEGIN', null, ''],
    ['BEGIN WORK', null, ''],
    ['START TRANSACTION', null, ''],
    ['START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY', null, 'transaction=READ ONLY'],
    ['START TRANSACTION READ WRITE', null, 'transaction=READ WRITE'],
  ]),
  ...cases('both', 'commit', [
    ['COMMIT', null, ''],
    ['COMMIT WORK AND CHAIN NO RELEASE', null, ''],
    ['COMMIT AND NO CHAIN RELEASE', null, ''],
  ]),
  ...cases('both', 'rollback', [
    ['ROLLBACK', null, ''],
    ['ROLLBACK WORK AND NO CHAIN', null, ''],
    ['ROLLBACK RELEASE', null, ''],
  ]),
  ...cases('both', 'rollback_to', [
    ['ROLLBACK TO a', 'a', ''],
    ['ROLLBACK WORK TO SAVEPOINT `A b`', 'A b', ''],
  ]),
  ...cases('both', 'savepoint', [['SAVEPOINT a', 'a', '']]),
  ...cases('both', 'release', [['RELEASE SAVEPOINT a', 'a', '']]),
  ...cases('both', 'two_phase', [
    ["XA START 'x'", 'start', ''],
    ["XA BEGIN 'x', 'y', 1 JOIN", 'begin', ''],
    ["XA END 'x' SUSPEND FOR MIGRATE", 'end', ''],
    ["XA PREPARE 'x'", 'prepare', ''],
    ["XA COMMIT 'x' ONE PHASE", 'commit', ''],
    ["XA ROLLBACK X'61'", 'rollback', ''],
    ['XA RECOVER', 'recover', ''],
  ]),
]

const SETTINGS = [
  ...cases('both', 'set', [
    ["SET @a = 'x', @b := 3", null, '@a=x @b=3'],
    ['SET @a = NULL', null, '@a=?'],
    ['SET @a = concat(@b, 1)', null, '@a=?'],
    ['SET @a = (SELECT max(email) FROM shop.users), @b = 1', null, '@a=? @b=1 users:email computed'],
    ['SET autocommit = 0, SESSION sql_mode = DEFAULT', null, 'autocommit=0 sql_mode=default'],
    ['SET GLOBAL max_connections = 100, net_read_timeout = 30', null, 'max_connections=100! net_read_timeout=30!'],
    [
      'SET @@session.sql_mode = ANSI_QUOTES, @@global.max_connections = 10',
      null,
      'sql_mode=ANSI_QUOTES max_connections=10!',
    ],
    ['SET LOCAL sql_safe_updates = ON', null, 'sql_safe_updates=ON'],
    ["SET NAMES utf8mb4 COLLATE 'utf8mb4_bin'", null, 'names=utf8mb4,utf8mb4_bin'],
    ['SET NAMES DEFAULT', null, 'names=default'],
    ['SET CHARACTER SET utf8mb4', null, 'character_set=utf8mb4'],
    ["SET CHARSET 'latin1'", null, 'character_set=latin1'],
    ['SET GLOBAL hot_cache.key_buffer_size = 1024', null, 'hot_cache.key_buffer_size=1024!'],
    ['SET sql_select_limit = (SELECT 5)', null, 'sql_select_limit=?'],
  ]),
  ...cases('mysql', 'set', [
    ['SET PERSIST max_connections = 100', null, 'max_connections=100!'],
    ['SET @@PERSIST_ONLY.back_log = 100', null, 'back_log=100!'],
  ]),
  ...cases('mariadb', 'set', [
    [
      'SET STATEMENT max_statement_time = 1 FOR SELECT email FROM shop.users',
      null,
      'max_statement_time=1~ users:email computed {select}',
    ],
    [
      'SET STATEMENT sort_buffer_size = 100000, max_statement_time = 2 FOR DELETE FROM shop.tenants',
      null,
      'sort_buffer_size=100000~ max_statement_time=2~ >tenants: {delete}',
    ],
  ]),
  ...cases('both', 'set_transaction', [
    ['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', null, 'transaction=SERIALIZABLE~'],
    [
      'SET SESSION TRANSACTION READ ONLY, ISOLATION LEVEL READ COMMITTED',
      null,
      'transaction=READ ONLY transaction=READ COMMITTED',
    ],
    ['SET GLOBAL TRANSACTION READ WRITE', null, 'transaction=READ WRITE!'],
  ]),
  ...cases('both', 'administration', [
    ['SET ROLE NONE', null, ''],
    ["SET PASSWORD FOR app@localhost = 'x'", null, ''],
  ]),
  ...cases('mysql', 'administration', [
    ['SET DEFAULT ROLE NONE TO app', null, ''],
    ['SET RESOURCE GROUP rg', null, ''],
    ['SET PASSWORD TO RANDOM', null, ''],
  ]),
  ...cases('mariadb', 'administration', [['SET DEFAULT ROLE NONE FOR app', null, '']]),
]

const SESSION = [
  ...cases('both', 'use', [['USE shop', 'shop', '']]),
  ...cases('both', 'kill', [
    ['KILL 5', '5', ''],
    ['KILL QUERY 5', '5', ''],
    ['KILL CONNECTION 5', '5', ''],
  ]),
  ...cases('mariadb', 'kill', [
    ['KILL HARD CONNECTION 5', '5', ''],
    ['KILL SOFT QUERY 5', '5', ''],
  ]),
  ...cases('both', 'deallocate', [
    ['DEALLOCATE PREPARE s', 's', ''],
    ['DROP PREPARE s', 's', ''],
  ]),
  ...cases('both', 'execute', [
    ['EXECUTE s', 's', ''],
    ['EXECUTE s USING @a, @b', 's', ''],
  ]),
  ...cases('mariadb', 'execute', [["EXECUTE s USING 1, 'x', NULL", 's', '']]),
  ...cases('both', 'prepare', [
    ["PREPARE s FROM 'SELECT id FROM shop.users WHERE email = ?'", 's', 'users:email computed,id computed {select}'],
    ["PREPARE s FROM 'INSERT INTO shop.tenants (id) VALUES (?)'", 's', '>tenants:id written {insert}'],
    ["PREPARE s FROM 'DROP TABLE shop.tenants'", 's', '>tenants:* {ddl}'],
  ]),
  ...cases('both', 'evaluate', [
    ['DO 1, sleep(0)', null, ''],
    ['DO (SELECT max(email) FROM shop.users)', null, 'users:email computed'],
  ]),
  ...cases('both', 'call', [
    ['CALL shop.p_lookup(1, @a)', null, 'shop.p_lookup()'],
    ['CALL p_lookup', null, 'shop.p_lookup()'],
    ['CALL shop.p_lookup((SELECT max(id) FROM shop.users))', null, 'users:id computed shop.p_lookup()'],
  ]),
  ...cases('both', 'handler', [
    ['HANDLER shop.tenants OPEN AS h', 'h', 'tenants:*'],
    ['HANDLER h READ FIRST WHERE id > 1 LIMIT 2', 'h', ''],
    ['HANDLER h READ `PRIMARY` = (1)', 'h', ''],
    ['HANDLER h CLOSE', 'h', ''],
  ]),
  ...cases('both', 'lock', [
    ['LOCK TABLES shop.tenants READ LOCAL, shop.users AS u WRITE', null, '>tenants:+read >users:+update'],
  ]),
  ...cases('mariadb', 'lock', [
    ['LOCK TABLE shop.tenants LOW_PRIORITY WRITE', null, '>tenants:+update'],
    ['LOCK TABLES shop.tenants READ NOWAIT', null, '>tenants:+read'],
  ]),
  ...cases('both', 'unlock', [['UNLOCK TABLES', null, '']]),
  ...cases('mysql', 'unlock', [['UNLOCK INSTANCE', null, '']]),
  ...cases('both', 'load_data', [
    ["LOAD DATA LOCAL INFILE 'f' INTO TABLE shop.tenants", 'local', '>tenants:id written,name written,plan written'],
    [
      "LOAD DATA LOW_PRIORITY INFILE 'f' REPLACE INTO TABLE shop.tenants CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '\\\\' LINES STARTING BY '' TERMINATED BY '\\n' IGNORE 1 LINES (id, @v) SET name = upper(@v)",
      'server',
      '@v=? >tenants:id written,name written',
    ],
    [
      "LOAD XML CONCURRENT LOCAL INFILE 'f' IGNORE INTO TABLE shop.tenants ROWS IDENTIFIED BY '<row>' IGNORE 2 ROWS (id)",
      'local',
      '>tenants:id written',
    ],
  ]),
]

const SHOWN = [
  ...cases('both', 'show', [
    ['SHOW DATABASES', 'databases', ''],
    ["SHOW SCHEMAS LIKE 's%'", 'databases', ''],
    ['SHOW TABLES', 'tables', ''],
    ["SHOW FULL TABLES FROM shop WHERE Table_type = 'VIEW'", 'tables', ''],
    ['SHOW COLUMNS FROM shop.users', 'columns', 'users:'],
    ["SHOW FULL FIELDS IN users IN shop LIKE 'e%'", 'columns', 'users:'],
    [
      "SHOW INDEX FROM shop.tenants WHERE Key_name = 'PRIMARY'",
      'index',
      'tenants:id computed,name computed,plan computed',
    ],
    ['SHOW KEYS IN shop.tenants', 'index', 'tenants:id computed,name computed,plan computed'],
    ['SHOW CREATE TABLE shop.tenants', 'create table', 'tenants:id computed,name computed,plan computed'],
    ['SHOW CREATE DATABASE IF NOT EXISTS shop', 'create database', ''],
    [
      'SHOW CREATE VIEW shop.v_user_contacts',
      'create view',
      'v_user_contacts:contact computed,full_name computed,reach computed,user_id computed',
    ],
    ['SHOW CREATE PROCEDURE shop.p_lookup', 'create procedure', ''],
    ['SHOW CREATE TRIGGER shop.t', 'create trigger', ''],
    ['SHOW CREATE USER app', 'create user', ''],
    ['SHOW TABLE STATUS FROM shop', 'table status', ''],
    ['SHOW OPEN TABLES', 'open tables', ''],
    ['SHOW TRIGGERS IN shop', 'triggers', ''],
    ['SHOW EVENTS', 'events', ''],
    ["SHOW PROCEDURE STATUS WHERE Db = 'shop'", 'procedure status', ''],
    ['SHOW FUNCTION STATUS', 'function status', ''],
    ["SHOW GLOBAL VARIABLES LIKE 'a%'", 'variables', ''],
    ['SHOW LOCAL STATUS', 'status', ''],
    ['SHOW STORAGE ENGINES', 'engines', ''],
    ['SHOW CHARACTER SET', 'character set', ''],
    ["SHOW COLLATION LIKE 'utf8%'", 'collation', ''],
    ['SHOW PLUGINS', 'plugins', ''],
    ['SHOW PRIVILEGES', 'privileges', ''],
    ['SHOW WARNINGS LIMIT 1, 2', 'warnings', ''],
    ['SHOW COUNT(*) ERRORS', 'warnings', ''],
    ['SHOW ERRORS', 'errors', ''],
    ['SHOW GRANTS', 'grants', ''],
    ['SHOW GRANTS FOR CURRENT_USER()', 'grants', ''],
    ['SHOW FULL PROCESSLIST', 'processlist', ''],
    ['SHOW PROFILES', 'profiles', ''],
    ['SHOW PROFILE CPU FOR QUERY 1', 'profile', ''],
    ['SHOW ENGINE INNODB STATUS', 'engine status', ''],
    ["SHOW BINLOG EVENTS IN 'x' LIMIT 1", 'binlog events', 'export'],
    ['SHOW BINARY LOGS', 'binary logs', ''],
    ['SHOW REPLICA STATUS', 'replica status', ''],
    ['SHOW RELAYLOG EVENTS', 'relaylog events', 'export'],
    ['DESC shop.users', 'columns', 'users:'],
    ["DESCRIBE shop.users 'e%'", 'columns', 'users:'],
    ['EXPLAIN shop.users email', 'columns', 'users:'],
    ["HELP 'SELECT'", 'help', ''],
  ]),
  ...cases('mysql', 'show', [
    ['SHOW EXTENDED FULL COLUMNS FROM shop.users', 'columns', 'users:'],
    ['SHOW BINARY LOG STATUS', 'binary log status', ''],
    ['SHOW REPLICAS', 'replicas', ''],
  ]),
  ...cases('mariadb', 'show', [
    ['SHOW CREATE SEQUENCE shop.tenants', 'create sequence', 'tenants:id computed,name computed,plan computed'],
    ['SHOW AUTHORS', 'authors', ''],
    ['SHOW MASTER STATUS', 'binary log status', ''],
    ['SHOW BINLOG STATUS', 'binary log status', ''],
    ['SHOW ALL SLAVES STATUS', 'replica status', ''],
    ['SHOW EXPLAIN FOR 5', 'running plan', ''],
    ['SHOW PACKAGE BODY STATUS', 'package status', ''],
  ]),
]

const EXPLAINED = [
  ...cases('both', 'explain', [
    ['EXPLAIN SELECT email FROM shop.users', null, 'users:email computed {select}'],
    ['DESC FORMAT=JSON SELECT 1', null, '{select}'],
    ["EXPLAIN FORMAT='json' SELECT 1", null, '{select}'],
    ['EXPLAIN UPDATE shop.users SET email = 1 WHERE id = 2', null, '>users:email written,id computed {update}'],
    [
      'EXPLAIN INSERT INTO shop.tenants (id) SELECT id FROM shop.users',
      null,
      '>tenants:id written users:id computed {insert}',
    ],
    ['EXPLAIN DELETE FROM shop.tenants', null, '>tenants: {delete}'],
    ['EXPLAIN REPLACE INTO shop.tenants SET id = 1', null, '>tenants:id written {insert}'],
  ]),
  ...cases('mysql', 'explain', [
    ['EXPLAIN FORMAT=TREE SELECT 1', null, '{select}'],
    ['EXPLAIN ANALYZE FORMAT=TREE SELECT id FROM shop.users', 'analyze', 'users:id computed {select}'],
    ['EXPLAIN FOR SCHEMA shop SELECT id FROM users', null, 'users:id computed {select}'],
  ]),
  ...cases('mariadb', 'explain', [
    ['EXPLAIN EXTENDED SELECT 1', null, '{select}'],
    ['EXPLAIN PARTITIONS SELECT 1', null, '{select}'],
    ['ANALYZE SELECT id FROM shop.users', 'analyze', 'users:id computed {select}'],
    ['ANALYZE FORMAT=JSON DELETE FROM shop.tenants', 'analyze', '>tenants: {delete}'],
  ]),
]

const DEFINED = [
  ...cases('both', 'ddl', [
    ['CREATE TABLE shop.new (id int PRIMARY KEY, v int CHECK (v > 0)) ENGINE=InnoDB', null, '+table shop.new'],
    ['CREATE TABLE IF NOT EXISTS new LIKE shop.users', null, '>users:* +table shop.new'],
    ['CREATE TEMPORARY TABLE shop.users (id int)', null, '>users:* +temporary table shop.users*'],
    ['ALTER TABLE shop.users ADD COLUMN more int, DROP COLUMN y', null, '>users:* ~table shop.users*'],
    [
      'ALTER TABLE shop.users RENAME COLUMN a TO b, RENAME TO shop.people',
      null,
      '>users:* ~table shop.users* +table shop.people',
    ],
    ['DROP TABLE IF EXISTS shop.users, nothing CASCADE', null, '>users:* -table shop.users* -table shop.nothing'],
    [
      'RENAME TABLE shop.users TO shop.people, tenants TO shop.t2',
      null,
      '>users:* >tenants:* ~table shop.users* +table shop.people ~table shop.tenants* +table shop.t2',
    ],
    [
      'CREATE ALGORITHM=MERGE DEFINER=`a`@`b` SQL SECURITY INVOKER VIEW shop.v (a) AS SELECT id FROM shop.users WITH CASCADED CHECK OPTION',
      null,
      'users:id passed +view shop.v {select}',
    ],
    [
      'CREATE OR REPLACE VIEW v_user_contacts AS (SELECT 1 AS a) WITH CHECK OPTION',
      null,
      '+view shop.v_user_contacts* {select}',
    ],
    ['DROP VIEW shop.v_user_contacts', null, '>v_user_contacts:* -view shop.v_user_contacts*'],
    ['CREATE UNIQUE INDEX i USING BTREE ON shop.users (email)', null, '>users:* +index shop.i*'],
    ['DROP INDEX i ON users', null, '>users:* -index shop.i*'],
    ['CREATE DATABASE IF NOT EXISTS d CHARACTER SET utf8mb4', null, '+schema .d'],
    ['ALTER DATABASE shop COLLATE utf8mb4_bin', null, '~schema .shop'],
    ['DROP SCHEMA d', null, '-schema .d'],
    ["CREATE DEFINER=CURRENT_USER PROCEDURE p(a int) COMMENT 'x' SELECT a", null, '+procedure shop.p'],
    ['CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN IF(1, 2, 3)', null, '+function shop.f'],
    ['DROP PROCEDURE IF EXISTS shop.p', null, '-procedure shop.p'],
    ['ALTER FUNCTION f SQL SECURITY INVOKER', null, '~function shop.f'],
    [
      'CREATE TRIGGER shop.tr BEFORE INSERT ON shop.users FOR EACH ROW SET NEW.id = 1',
      null,
      '>users:* +trigger shop.tr*',
    ],
    ['DROP TRIGGER shop.tr', null, '-trigger shop.tr'],
    ['CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1', null, '+event shop.e'],
    ['ALTER EVENT e DISABLE', null, '~event shop.e'],
    ["CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h')", null, '+server .s'],
  ]),
  ...cases('both', 'create_table_as', [
    ['CREATE TABLE new AS SELECT id FROM shop.users', null, 'users:id passed +table shop.new {select}'],
    [
      'CREATE TABLE new (a int) ENGINE=InnoDB IGNORE SELECT email AS a FROM shop.users',
      null,
      'users:email passed +table shop.new {select}',
    ],
    [
      'CREATE TEMPORARY TABLE new (SELECT id FROM shop.users)',
      null,
      'users:id computed +temporary table shop.new {select}',
    ],
    [
      'CREATE TABLE new AS WITH c AS (SELECT id FROM shop.users) SELECT * FROM c',
      null,
      'users:id computed +table shop.new {select}',
    ],
  ]),
  ...cases('mysql', 'ddl', [
    ["CREATE TABLESPACE ts ADD DATAFILE 'x.ibd'", null, '+tablespace .ts'],
    [
      "CREATE SPATIAL REFERENCE SYSTEM IF NOT EXISTS 990001 NAME 'x' DEFINITION 'GEOGCS[]'",
      null,
      '+spatial reference system .990001',
    ],
    ["CREATE FUNCTION f RETURNS INTEGER SONAME 'x.so'", null, '+function shop.f'],
  ]),
  ...cases('mariadb', 'ddl', [
    ['CREATE OR REPLACE TABLE shop.users (id int) WITH SYSTEM VERSIONING', null, '>users:* +table shop.users*'],
    ['CREATE SEQUENCE shop.s START WITH 1', null, '+sequence shop.s'],
    ['DROP SEQUENCE IF EXISTS shop.s', null, '-sequence shop.s'],
    ['ALTER SEQUENCE shop.s RESTART', null, '~sequence shop.s'],
  ]),
  ...cases('both', 'truncate', [
    ['TRUNCATE shop.users', null, '>users:+delete'],
    ['TRUNCATE TABLE users', null, '>users:+delete'],
  ]),
]

const SERVER = [
  ...cases('both', 'maintenance', [
    [
      'ANALYZE TABLE shop.users, tenants',
      'analyze',
      '>users:+ddl >tenants:+ddl ~table shop.users* ~table shop.tenants*',
    ],
    ['ANALYZE NO_WRITE_TO_BINLOG TABLE shop.users', 'analyze', '>users:+ddl ~table shop.users*'],
    ['OPTIMIZE LOCAL TABLE shop.users', 'optimize', '>users:+ddl ~table shop.users*'],
    ['CHECK TABLE shop.users QUICK', 'check', '>users:+ddl ~table shop.users*'],
    ['REPAIR TABLE shop.users USE_FRM', 'repair', '>users:+ddl ~table shop.users*'],
    [
      'CHECKSUM TABLE shop.users, shop.tenants EXTENDED',
      'checksum',
      '>users:+ddl >tenants:+ddl ~table shop.users* ~table shop.tenants*',
    ],
    ['CACHE INDEX shop.users INDEX (PRIMARY) IN hot', 'cache', '>users:+ddl ~table shop.users*'],
    ['LOAD INDEX INTO CACHE shop.users IGNORE LEAVES', 'load', '>users:+ddl ~table shop.users*'],
  ]),
  ...cases('mysql', 'maintenance', [
    ['ANALYZE TABLE shop.users UPDATE HISTOGRAM ON email WITH 4 BUCKETS', 'analyze', '>users:+ddl ~table shop.users*'],
  ]),
  ...cases('both', 'administration', [
    ["CREATE USER IF NOT EXISTS me IDENTIFIED BY 'y'", 'create user', ''],
    ["ALTER USER me IDENTIFIED BY 'y'", 'alter user', ''],
    ['DROP USER me, you', 'drop user', ''],
    ['RENAME USER a TO b', 'rename user', ''],
    ['CREATE ROLE r', 'create role', ''],
    ['GRANT SELECT (id) ON shop.users TO me', 'grant select', '>users:*'],
    ['REVOKE ALL PRIVILEGES, GRANT OPTION FROM me', 'revoke all', ''],
    ['FLUSH TABLES WITH READ LOCK', 'flush tables', ''],
    ["PURGE BINARY LOGS TO 'x'", 'purge binary', ''],
    ["BINLOG 'abc'", 'binlog', 'export'],
    ["INSTALL PLUGIN p SONAME 'x.so'", 'install plugin', ''],
    ['UNINSTALL PLUGIN p', 'uninstall plugin', ''],
    ['SHUTDOWN', 'shutdown', ''],
    ['STOP REPLICA', 'stop replica', ''],
  ]),
  ...cases('mysql', 'administration', [
    ["CLONE LOCAL DATA DIRECTORY = '/x'", 'clone local', 'export'],
    ['RESTART', 'restart', ''],
    ["IMPORT TABLE FROM '/x.sdi'", 'import table', ''],
    ['LOCK INSTANCE FOR BACKUP', 'lock instance', ''],
    ['ALTER INSTANCE RELOAD TLS', 'alter instance', ''],
    ["CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'x'", 'change replication', ''],
    ['RESET BINARY LOGS AND GTIDS', 'reset binary', ''],
    ['DROP RESOURCE GROUP rg', 'drop resource', ''],
  ]),
  ...cases('mariadb', 'administration', [
    ['BACKUP STAGE START', 'backup stage', 'export'],
    ["CHANGE MASTER TO MASTER_HOST = 'x'", 'change master', ''],
    ['RESET MASTER', 'reset master', ''],
  ]),
]

/** Each form of statement that is no query and no write to rows, with what is known of it. */
export const STATEMENTS: readonly StatementCase[] = [
  ...TRANSACTIONS,
  ...SETTINGS,
  ...SESSION,
  ...SHOWN,
  ...EXPLAINED,
  ...DEFINED,
  ...SERVER,
]
