import { describe, expect, test } from 'vitest'
import { loadPostgresParser } from '../../../src/proxy/load_postgres_parser.ts'
import { nodesOf } from './grammar.ts'
import { columns, one, PARSER_18 } from './parsers.ts'

/** Each statement node of the grammar: one statement of it, and the kind that it is. */
const STATEMENTS: Readonly<Record<string, readonly [sql: string, kind: string]>> = {
  AlterCollationStmt: ['ALTER COLLATION c REFRESH VERSION', 'ddl'],
  AlterDatabaseRefreshCollStmt: ['ALTER DATABASE d REFRESH COLLATION VERSION', 'administration'],
  AlterDatabaseSetStmt: ["ALTER DATABASE d SET search_path = 'x'", 'administration'],
  AlterDatabaseStmt: ['ALTER DATABASE d CONNECTION LIMIT 3', 'administration'],
  AlterDefaultPrivilegesStmt: ['ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO bob', 'administration'],
  AlterDomainStmt: ['ALTER DOMAIN d DROP NOT NULL', 'ddl'],
  AlterEnumStmt: ["ALTER TYPE t ADD VALUE 'x'", 'ddl'],
  AlterEventTrigStmt: ['ALTER EVENT TRIGGER t DISABLE', 'administration'],
  AlterExtensionContentsStmt: ['ALTER EXTENSION e ADD TABLE t', 'administration'],
  AlterExtensionStmt: ['ALTER EXTENSION e UPDATE', 'administration'],
  AlterFdwStmt: ['ALTER FOREIGN DATA WRAPPER w NO HANDLER', 'administration'],
  AlterForeignServerStmt: ["ALTER SERVER s VERSION '1'", 'administration'],
  AlterFunctionStmt: ['ALTER FUNCTION f(int) IMMUTABLE', 'ddl'],
  AlterObjectDependsStmt: ['ALTER INDEX i DEPENDS ON EXTENSION e', 'ddl'],
  AlterObjectSchemaStmt: ['ALTER TABLE users SET SCHEMA internal', 'ddl'],
  AlterOperatorStmt: ['ALTER OPERATOR + (int, int) SET (RESTRICT = NONE)', 'ddl'],
  AlterOpFamilyStmt: ['ALTER OPERATOR FAMILY f USING btree DROP FUNCTION 1 (int)', 'ddl'],
  AlterOwnerStmt: ['ALTER SCHEMA shop OWNER TO bob', 'ddl'],
  AlterPolicyStmt: ['ALTER POLICY p ON users USING (true)', 'ddl'],
  AlterPublicationStmt: ['ALTER PUBLICATION p DROP TABLE users', 'administration'],
  AlterRoleSetStmt: ["ALTER ROLE bob SET search_path = 'x'", 'administration'],
  AlterRoleStmt: ['ALTER ROLE bob SUPERUSER', 'administration'],
  AlterSeqStmt: ['ALTER SEQUENCE s RESTART', 'ddl'],
  AlterStatsStmt: ['ALTER STATISTICS s SET STATISTICS 3', 'ddl'],
  AlterSubscriptionStmt: ['ALTER SUBSCRIPTION s DISABLE', 'administration'],
  AlterSystemStmt: ["ALTER SYSTEM SET log_statement = 'all'", 'administration'],
  AlterTableMoveAllStmt: ['ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b', 'administration'],
  AlterTableSpaceOptionsStmt: ['ALTER TABLESPACE a RESET (seq_page_cost)', 'administration'],
  AlterTableStmt: ['ALTER TABLE users DISABLE ROW LEVEL SECURITY', 'ddl'],
  AlterTSConfigurationStmt: ['ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR word', 'ddl'],
  AlterTSDictionaryStmt: ['ALTER TEXT SEARCH DICTIONARY d (StopWords)', 'ddl'],
  AlterTypeStmt: ['ALTER TYPE t SET (RECEIVE = NONE)', 'ddl'],
  AlterUserMappingStmt: ["ALTER USER MAPPING FOR bob SERVER s OPTIONS (SET user 'x')", 'administration'],
  CallStmt: ['CALL f_user_email(1)', 'call'],
  CheckPointStmt: ['CHECKPOINT', 'maintenance'],
  ClosePortalStmt: ['CLOSE c', 'close_cursor'],
  ClusterStmt: ['CLUSTER users', 'maintenance'],
  CommentStmt: ["COMMENT ON TABLE users IS 'x'", 'ddl'],
  CompositeTypeStmt: ['CREATE TYPE t AS (a int)', 'ddl'],
  ConstraintsSetStmt: ['SET CONSTRAINTS ALL IMMEDIATE', 'set'],
  CopyStmt: ['COPY cases TO STDOUT', 'copy'],
  CreateAmStmt: ['CREATE ACCESS METHOD a TYPE INDEX HANDLER h', 'administration'],
  CreateCastStmt: ['CREATE CAST (int AS shop.ssn_t) WITHOUT FUNCTION', 'ddl'],
  CreateConversionStmt: ["CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM f", 'ddl'],
  CreatedbStmt: ['CREATE DATABASE d', 'administration'],
  CreateDomainStmt: ['CREATE DOMAIN d AS text CHECK (value <> $$x$$)', 'ddl'],
  CreateEnumStmt: ["CREATE TYPE e AS ENUM ('a')", 'ddl'],
  CreateEventTrigStmt: ['CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()', 'administration'],
  CreateExtensionStmt: ['CREATE EXTENSION dblink', 'administration'],
  CreateFdwStmt: ['CREATE FOREIGN DATA WRAPPER w', 'administration'],
  CreateForeignServerStmt: ['CREATE SERVER s FOREIGN DATA WRAPPER w', 'administration'],
  CreateForeignTableStmt: ['CREATE FOREIGN TABLE t (a int) SERVER s', 'ddl'],
  CreateFunctionStmt: ["CREATE FUNCTION f() RETURNS SETOF text LANGUAGE sql AS 'SELECT 1'", 'ddl'],
  CreateOpClassStmt: ['CREATE OPERATOR CLASS c FOR TYPE int USING btree AS OPERATOR 1 <', 'ddl'],
  CreateOpFamilyStmt: ['CREATE OPERATOR FAMILY f USING btree', 'ddl'],
  CreatePLangStmt: ['CREATE LANGUAGE plperl HANDLER h', 'administration'],
  CreatePolicyStmt: ['CREATE POLICY p ON users USING (true)', 'ddl'],
  CreatePublicationStmt: ['CREATE PUBLICATION p FOR TABLE users', 'administration'],
  CreateRangeStmt: ['CREATE TYPE r AS RANGE (subtype = int)', 'ddl'],
  CreateRoleStmt: ['CREATE ROLE bob', 'administration'],
  CreateSchemaStmt: ['CREATE SCHEMA s', 'ddl'],
  CreateSeqStmt: ['CREATE SEQUENCE s', 'ddl'],
  CreateStatsStmt: ['CREATE STATISTICS s ON id, email FROM users', 'ddl'],
  CreateStmt: ['CREATE TABLE t (a int)', 'ddl'],
  CreateSubscriptionStmt: ["CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", 'administration'],
  CreateTableAsStmt: ['CREATE TABLE t AS SELECT 1', 'create_table_as'],
  CreateTableSpaceStmt: ["CREATE TABLESPACE t LOCATION '/x'", 'administration'],
  CreateTransformStmt: ['CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION f(internal))', 'ddl'],
  CreateTrigStmt: ['CREATE TRIGGER t AFTER INSERT ON users EXECUTE FUNCTION f()', 'ddl'],
  CreateUserMappingStmt: ['CREATE USER MAPPING FOR bob SERVER s', 'administration'],
  DeallocateStmt: ['DEALLOCATE p', 'deallocate'],
  DeclareCursorStmt: ['DECLARE c CURSOR FOR SELECT 1', 'declare_cursor'],
  DefineStmt: ['CREATE AGGREGATE a(int) (sfunc = f, stype = int)', 'ddl'],
  DeleteStmt: ['DELETE FROM cases', 'delete'],
  DiscardStmt: ['DISCARD ALL', 'discard'],
  DoStmt: ['DO $$ BEGIN END $$', 'do'],
  DropdbStmt: ['DROP DATABASE d', 'administration'],
  DropOwnedStmt: ['DROP OWNED BY bob', 'administration'],
  DropRoleStmt: ['DROP ROLE bob', 'administration'],
  DropStmt: ['DROP TABLE users', 'ddl'],
  DropSubscriptionStmt: ['DROP SUBSCRIPTION s', 'administration'],
  DropTableSpaceStmt: ['DROP TABLESPACE t', 'administration'],
  DropUserMappingStmt: ['DROP USER MAPPING FOR bob SERVER s', 'administration'],
  ExecuteStmt: ['EXECUTE p', 'execute'],
  ExplainStmt: ['EXPLAIN SELECT 1', 'explain'],
  FetchStmt: ['FETCH c', 'fetch'],
  GrantRoleStmt: ['GRANT alice TO bob', 'administration'],
  GrantStmt: ['GRANT SELECT ON users TO bob', 'ddl'],
  ImportForeignSchemaStmt: ['IMPORT FOREIGN SCHEMA a FROM SERVER s INTO shop', 'ddl'],
  IndexStmt: ['CREATE INDEX i ON users (lower(email))', 'ddl'],
  InsertStmt: ['INSERT INTO cases DEFAULT VALUES', 'insert'],
  ListenStmt: ['LISTEN c', 'listen'],
  LoadStmt: ["LOAD 'x'", 'administration'],
  LockStmt: ['LOCK TABLE users', 'lock'],
  MergeStmt: ['MERGE INTO cases c USING users u ON c.id = u.id WHEN MATCHED THEN DELETE', 'merge'],
  NotifyStmt: ["NOTIFY c, 'x'", 'notify'],
  PrepareStmt: ['PREPARE p AS SELECT 1', 'prepare'],
  ReassignOwnedStmt: ['REASSIGN OWNED BY bob TO alice', 'administration'],
  RefreshMatViewStmt: ['REFRESH MATERIALIZED VIEW mv_user_dir', 'maintenance'],
  ReindexStmt: ['REINDEX TABLE users', 'maintenance'],
  RenameStmt: ['ALTER TABLE users RENAME TO people', 'ddl'],
  RuleStmt: ['CREATE RULE r AS ON INSERT TO users DO ALSO DELETE FROM orders', 'ddl'],
  SecLabelStmt: ["SECURITY LABEL ON TABLE users IS 'x'", 'ddl'],
  SelectStmt: ['SELECT 1', 'select'],
  TransactionStmt: ['BEGIN', 'begin'],
  TruncateStmt: ['TRUNCATE users, orders CASCADE', 'truncate'],
  UnlistenStmt: ['UNLISTEN c', 'unlisten'],
  UpdateStmt: ['UPDATE cases SET state = $1', 'update'],
  VacuumStmt: ['VACUUM users', 'maintenance'],
  VariableSetStmt: ['SET timezone = UTC', 'set'],
  VariableShowStmt: ['SHOW timezone', 'show'],
  ViewStmt: ['CREATE VIEW v AS SELECT email FROM users', 'ddl'],
}

/** Parts of a tree that are named as statements and stand inside others. */
const NO_STATEMENTS = ['RawStmt', 'ReturnStmt', 'PLAssignStmt', 'SetOperationStmt', 'ReplicaIdentityStmt']

describe('every statement of the grammars', () => {
  test.each([15, 16, 17, 18])('has a kind: %i', async (major) => {
    const parser = await loadPostgresParser(major)
    const nodes = [...nodesOf(major).keys()].filter((node) => node.endsWith('Stmt'))
    expect(nodes.length).toBeGreaterThan(110)
    expect(nodes.filter((node) => !(node in STATEMENTS) && !NO_STATEMENTS.includes(node))).toEqual([])
    for (const node of nodes.filter((each) => each in STATEMENTS)) {
      const [sql, kind] = STATEMENTS[node]!
      expect(Object.keys((parser.parse(sql) as { stmts: { stmt: object }[] }).stmts[0]!.stmt)).toEqual([node])
      expect([node, one(sql, parser).kind, one(sql, parser).opaque]).toEqual([node, kind, null])
    }
  })
})

const created = (object: string, name: string, schema: string | null = 'shop') => ({
  change: 'create',
  object,
  schema,
  name,
})

describe('what a definition names', () => {
  test.each([
    ['CREATE TABLE t (a int)', [created('table', 't')]],
    ['CREATE TEMP TABLE t (a int)', [created('table', 't', 'pg_temp')]],
    [
      'CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW v AS SELECT 1',
      [created('schema', 's', null), created('table', 't', 's'), created('view', 'v', 's')],
    ],
    ['CREATE FUNCTION internal.f() RETURNS int RETURN 1', [created('function', 'f', 'internal')]],
    [
      'CREATE TRIGGER t AFTER INSERT ON internal.audit_log EXECUTE FUNCTION f()',
      [{ ...created('trigger', 't', 'internal'), relation: { name: 'audit_log' } }],
    ],
    ['CREATE INDEX i ON users (email)', [{ ...created('index', 'i'), relation: { name: 'users' } }]],
    [
      'DROP TABLE users, internal.audit_log, nothing',
      [
        { change: 'drop', object: 'table', schema: 'shop', name: 'users', relation: { name: 'users' } },
        { change: 'drop', object: 'table', schema: 'internal', name: 'audit_log', relation: { name: 'audit_log' } },
        { change: 'drop', object: 'table', schema: null, name: 'nothing', relation: null },
      ],
    ],
    [
      'DROP FUNCTION f(int), internal.g',
      [
        { change: 'drop', object: 'function', schema: null, name: 'f', relation: null },
        { change: 'drop', object: 'function', schema: 'internal', name: 'g', relation: null },
      ],
    ],
    [
      'DROP POLICY p ON internal.audit_log',
      [{ change: 'drop', object: 'policy', schema: 'internal', name: 'p', relation: { name: 'audit_log' } }],
    ],
    [
      'ALTER TABLE users RENAME TO people',
      [
        { change: 'alter', object: 'table', schema: 'shop', name: 'users', relation: { name: 'users' } },
        { change: 'create', object: 'table', schema: 'shop', name: 'people', relation: null },
      ],
    ],
    [
      'ALTER TABLE users RENAME COLUMN email TO mail',
      [
        { change: 'alter', object: 'column', schema: 'shop', name: 'email', relation: { name: 'users' } },
        { change: 'create', object: 'column', schema: 'shop', name: 'mail', relation: null },
      ],
    ],
    [
      'COMMENT ON COLUMN users.email IS $$x$$',
      [{ change: 'alter', object: 'column', schema: 'shop', name: 'email', relation: { name: 'users' } }],
    ],
    [
      'GRANT SELECT ON users TO bob',
      [{ change: 'alter', object: 'table', name: 'users', relation: { name: 'users' } }],
    ],
    ['VACUUM users', [{ change: 'alter', object: 'table', name: 'users', relation: { name: 'users' } }]],
  ])('%s', (sql, expected) => {
    expect(one(sql).definitions).toMatchObject(expected)
  })

  test.each([
    ['CREATE TABLE t (LIKE users INCLUDING ALL)', ['users']],
    ['CREATE TABLE t () INHERITS (users, internal.audit_log)', ['users', 'audit_log']],
    ['CREATE TABLE p PARTITION OF payments DEFAULT', ['payments']],
    [
      'CREATE TABLE t (a int REFERENCES users (id), b text CHECK (b IN (SELECT email FROM orders)))',
      ['users', 'orders'],
    ],
    ['CREATE INDEX i ON users (lower(email)) WHERE ssn IS NULL', ['users']],
    ['CREATE POLICY p ON users USING (id IN (SELECT user_id FROM orders))', ['users', 'orders']],
    [
      'CREATE RULE r AS ON INSERT TO users DO ALSO INSERT INTO cases SELECT id FROM orders',
      ['users', 'cases', 'orders'],
    ],
    ['CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT id FROM users; DELETE FROM cases; END', ['users', 'cases']],
    ['ALTER TABLE users ADD FOREIGN KEY (id) REFERENCES orders', ['users', 'orders']],
    ['ALTER TABLE payments ATTACH PARTITION users DEFAULT', ['payments', 'users']],
    ['ALTER TABLE ONLY users ALTER email TYPE text USING lower(email)', ['users']],
    ['TRUNCATE users, ONLY internal.audit_log', ['users', 'audit_log']],
    ['LOCK users IN ACCESS SHARE MODE', ['users']],
    ['REFRESH MATERIALIZED VIEW mv_user_dir', ['mv_user_dir']],
  ])('every relation inside counts as changed: %s', (sql, names) => {
    const facts = one(sql)
    expect(facts.opaque).toBe(null)
    expect(facts.uses.map(({ relation }) => relation.name).sort()).toEqual([...names].sort())
    expect(facts.uses.every(({ role, fixed }) => role === 'target' && fixed !== null)).toBe(true)
  })

  test('the query of a view is analysed, and the view is named where it can not be', () => {
    const view = one('CREATE VIEW v(a) AS SELECT lower(email) FROM users')
    expect(columns(view)).toEqual(['users.email=computed'])
    expect(view.inner?.output).toHaveLength(1)
    const unknown = one('CREATE VIEW v AS SELECT * FROM nothing')
    expect(unknown).toMatchObject({ kind: 'ddl', opaque: { code: 'SP-NAME' }, definitions: [created('view', 'v')] })
  })

  test('the arguments of CALL are expressions', () => {
    const facts = one('CALL f_user_email((SELECT email FROM users))')
    expect([facts.kind, [...facts.verbs].sort(), columns(facts)]).toEqual([
      'call',
      ['call', 'read'],
      ['users.email=computed'],
    ])
    expect(facts.functions).toMatchObject([{ schema: 'shop', name: 'f_user_email', userDefined: true }])
  })

  test.each([
    ["PREPARE TRANSACTION 'x'", 'x'],
    ["COMMIT PREPARED 'x'", 'x'],
    ["ROLLBACK PREPARED 'x'", 'x'],
  ])('two-phase commit: %s', (sql, name) => {
    expect(one(sql)).toMatchObject({ kind: 'two_phase', name, opaque: null })
  })

  test('SET CONSTRAINTS is a setting that no grant lists', () => {
    expect(one('SET CONSTRAINTS a, b DEFERRED', PARSER_18).settings).toEqual([
      { name: 'constraints', scope: 'local', values: ['deferred'] },
    ])
  })
})
