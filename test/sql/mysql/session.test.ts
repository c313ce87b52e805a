import { describe, expect, it } from 'vitest'
import type { StatementFacts } from '../../../src/sql/facts.ts'
import { analyzeMysql } from '../../../src/sql/mysql/analyze.ts'
import { shopContext } from './shop.ts'

function one(sql: string): StatementFacts {
  return analyzeMysql(sql, shopContext()).statements[0]!
}

describe('SET', () => {
  const settings = (sql: string) => one(sql).settings.map(({ name, scope, values }) => [name, scope, values])

  it.each<[string, unknown[]]>([
    ['SET autocommit=0', [['autocommit', 'session', ['0']]]],
    ['SET @@session.Sql_Mode = ANSI_QUOTES', [['sql_mode', 'session', ['ANSI_QUOTES']]]],
    [
      'SET GLOBAL a = 1, b = ON',
      [
        ['a', 'global', ['1']],
        ['b', 'global', ['ON']],
      ],
    ],
    [
      'SET GLOBAL a = 1, @@b = -5',
      [
        ['a', 'global', ['1']],
        ['b', 'session', ['-5']],
      ],
    ],
    ['SET x = DEFAULT', [['x', 'session', null]]],
    ["SET NAMES 'utf8mb4' COLLATE utf8mb4_bin", [['names', 'session', ['utf8mb4', 'utf8mb4_bin']]]],
    ['SET NAMES DEFAULT', [['names', 'session', null]]],
    ['SET CHARACTER SET utf8', [['character_set', 'session', ['utf8']]]],
    ["SET sql_mode = CONCAT(@@sql_mode, ',ANSI')", [['sql_mode', 'session', [',ANSI']]]],
    ["SET sql_mode = CONCAT(@@global.sql_mode, ',ANSI')", [['sql_mode', 'session', 'expression']]],
    ["SET sql_mode = CONCAT(@@sql_mode, ',ANSI', ',X')", [['sql_mode', 'session', [',ANSI,X']]]],
    [
      "SET sql_mode = CONCAT(REPLACE(@@session.sql_mode, 'A', ''), CONCAT('B', 'C'))",
      [['sql_mode', 'session', ['BC']]],
    ],
    ['SET sql_mode = CONCAT(@@sql_mode, @a)', [['sql_mode', 'session', 'expression']]],
    ['SET sql_mode = 4', [['sql_mode', 'session', 'expression']]],
    ['SET sql_mode = 0x414E5349', [['sql_mode', 'session', 'expression']]],
    ['SET sql_mode = @saved', [['sql_mode', 'session', 'expression']]],
    [
      "SET @a = 'x', @b := 3",
      [
        ['@a', 'session', ['x']],
        ['@b', 'session', ['3']],
      ],
    ],
    ['SET @saved = @@sql_mode', [['@saved', 'session', 'expression']]],
    ['SET TRANSACTION READ ONLY', [['transaction', 'local', ['READ ONLY']]]],
    [
      'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE',
      [
        ['transaction', 'session', ['READ COMMITTED']],
        ['transaction', 'session', ['READ WRITE']],
      ],
    ],
    ['/*!40101 SET NAMES utf8 */', [['names', 'session', ['utf8']]]],
  ])('%s', (sql, expected) => {
    expect(settings(sql)).toEqual(expected)
  })

  it.each([['SET x']])('refuses %s', (sql) => {
    expect(one(sql).kind).toBe('opaque')
  })
})

describe('the session', () => {
  it.each<[string, string, string | null]>([
    ['USE shop', 'use', 'shop'],
    ['USE `a b`', 'use', 'a b'],
    ['BEGIN', 'begin', null],
    ['START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT', 'begin', null],
    ['COMMIT WORK AND NO CHAIN NO RELEASE', 'commit', null],
    ['ROLLBACK', 'rollback', null],
    ['ROLLBACK TO SAVEPOINT a', 'rollback_to', 'a'],
    ['ROLLBACK WORK TO a', 'rollback_to', 'a'],
    ['SAVEPOINT a', 'savepoint', 'a'],
    ['RELEASE SAVEPOINT a', 'release', 'a'],
    ['KILL 5', 'kill', '5'],
    ['KILL CONNECTION 5', 'kill', '5'],
    ['KILL CONNECTION_ID()', 'kill', 'connection_id()'],
    ['KILL QUERY Connection_Id ( )', 'kill', 'connection_id()'],
    ["PREPARE s FROM 'SELECT 1'", 'prepare', 's'],
    ['EXECUTE s', 'execute', 's'],
    ['EXECUTE s USING @a, @b', 'execute', 's'],
    ['DEALLOCATE PREPARE s', 'deallocate', 's'],
    ['DROP PREPARE s', 'deallocate', 's'],
  ])('%s', (sql, kind, name) => {
    const facts = one(sql)
    expect([facts.kind, facts.name]).toEqual([kind, name])
  })

  it('tells KILL QUERY from KILL', () => {
    expect(one('KILL QUERY 5').killQuery).toBe(true)
    expect(one('KILL 5').killQuery).toBe(false)
  })

  it.each([['KILL USER x'], ['USE'], ['COMMIT 1'], ['EXECUTE s USING (SELECT 1)']])('refuses %s', (sql) => {
    expect(one(sql).kind).toBe('opaque')
  })
})

describe('SHOW', () => {
  it.each<[string, string, string[]]>([
    ['show databases', 'databases', []],
    ["SHOW DATABASES LIKE 'shop'", 'databases', []],
    ['SHOW TABLES', 'tables', []],
    ["SHOW FULL TABLES FROM `shop` WHERE Table_type != 'VIEW'", 'tables', []],
    ['SHOW COLUMNS FROM users', 'columns', ['users']],
    ["SHOW FULL FIELDS FROM users FROM shop LIKE 'e%'", 'columns', ['users']],
    ['SHOW INDEX FROM shop.users', 'index', ['users']],
    ['SHOW KEYS IN users', 'index', ['users']],
    ['DESC users', 'columns', ['users']],
    ['DESCRIBE shop.users email', 'columns', ['users']],
    ['EXPLAIN users', 'columns', ['users']],
    ['SHOW CREATE TABLE tenants', 'create table', ['tenants']],
    ['SHOW CREATE DATABASE IF NOT EXISTS shop', 'create database', []],
    ["SHOW VARIABLES LIKE 'lower_case_table_names'", 'variables', []],
    ["SHOW SESSION VARIABLES WHERE variable_name = 'x' OR variable_name = 'y'", 'variables', []],
    ["SHOW GLOBAL STATUS LIKE 'x'", 'status', []],
    ['SHOW ENGINES', 'engines', []],
    ['SHOW STORAGE ENGINES', 'engines', []],
    ['SHOW CHARSET', 'character set', []],
    ['SHOW CHARACTER SET', 'character set', []],
    ['SHOW COLLATION', 'collation', []],
    ['SHOW PLUGINS', 'plugins', []],
    ['SHOW PRIVILEGES', 'privileges', []],
    ['SHOW FULL PROCESSLIST', 'processlist', []],
    ["SHOW TABLE STATUS FROM shop LIKE 'users'", 'table status', []],
    ['SHOW WARNINGS LIMIT 10', 'warnings', []],
    ['SHOW COUNT(*) WARNINGS', 'warnings', []],
    ['SHOW ERRORS', 'errors', []],
    ['SHOW GRANTS', 'grants', []],
    ['SHOW GRANTS FOR CURRENT_USER()', 'grants', []],
    ['SHOW TRIGGERS FROM shop', 'triggers', []],
    ["SHOW PROCEDURE STATUS WHERE Db = 'shop'", 'procedure status', []],
  ])('%s', (sql, name, tables) => {
    const facts = one(sql)
    expect(facts.opaque).toBe(null)
    expect([facts.kind, facts.name]).toEqual(['show', name])
    expect(facts.uses.map(({ relation }) => relation.name)).toEqual(tables)
  })

  it.each([['SHOW COLUMNS FROM nowhere'], ['ANALYZE users']])('refuses %s', (sql) => {
    expect(analyzeMysql(sql, shopContext()).statements.some(({ kind }) => kind === 'opaque')).toBe(true)
  })
})

describe('EXPLAIN', () => {
  it('marks what runs the statement', () => {
    expect(one('EXPLAIN SELECT 1').name).toBe(null)
    expect(one('EXPLAIN ANALYZE SELECT 1').name).toBe('analyze')
    expect(one('ANALYZE FORMAT=JSON SELECT 1').name).toBe('analyze')
    expect(one('EXPLAIN EXTENDED SELECT id FROM users').inner?.kind).toBe('select')
  })
})
