import { describe, expect, it } from 'vitest'
import type { DefinitionChange, RelationUse, SettingChange, StatementFacts } from '../../../src/sql/facts.ts'
import { analyzeMysql } from '../../../src/sql/mysql/analyze.ts'
import { shopCatalog, shopContext } from './shop.ts'
import { STATEMENTS, type StatementCase } from './statement_cases.ts'

function all(sql: string, server: StatementCase['server']): readonly StatementFacts[] {
  return analyzeMysql(sql, shopContext({ catalog: shopCatalog(server === 'mysql' ? 'mysql' : 'mariadb') })).statements
}

function told(facts: StatementFacts): string {
  const { settings, uses, functions, definitions, inner, verbs, kind } = facts
  const parts = [
    ...settings.map(shownSetting),
    ...uses.map(shownUse),
    ...functions.filter(({ userDefined }) => userDefined).map(({ schema, name }) => `${schema}.${name}()`),
    ...(kind === 'maintenance' || kind === 'ddl' || kind === 'create_table_as'
      ? (definitions ?? []).map(shownChange)
      : []),
    ...(inner ? [`{${inner.kind}}`] : []),
    ...(verbs.includes('export') ? ['export'] : []),
  ]
  return parts.join(' ')
}

function shownSetting({ name, values, scope }: SettingChange): string {
  const value = values === null ? 'default' : values === 'expression' ? '?' : values.join(',')
  const mark =
    scope === 'global' ? '!' : scope === 'local' && value !== 'READ ONLY' && value !== 'READ WRITE' ? '~' : ''
  return `${name}=${value}${mark}`
}

function shownUse({ relation, role, columns, wholeRow, verbs }: RelationUse): string {
  const list = [...columns].sort().map(([column, use]) => `${column} ${use}`)
  const own = verbs ? `+${verbs.join('+')}` : ''
  return `${role === 'target' ? '>' : ''}${relation.name}:${wholeRow ? '*' : list.join(',')}${own}`
}

function shownChange({ change, object, schema, name, relation }: DefinitionChange): string {
  const sign = { create: '+', alter: '~', drop: '-' }[change]
  return `${sign}${object} ${schema ?? ''}.${name}${relation ? '*' : ''}`
}

describe('statements', () => {
  it.each(STATEMENTS)('$sql ($server)', ({ sql, server, kind, name, told: expected }) => {
    const [facts, ...others] = all(sql, server)
    expect(others).toEqual([])
    expect(facts!.opaque).toBe(null)
    expect([facts!.kind, facts!.name]).toEqual([kind, name])
    expect(told(facts!)).toBe(expected)
  })

  it.each<[string, string, string]>([
    ['EXECUTE IMMEDIATE @q', 'opaque', 'SP-UNSUPPORTED'],
    ["EXECUTE IMMEDIATE 'SET @a = 1'", 'opaque', 'SP-OPAQUE'],
    ["EXECUTE IMMEDIATE 'DROP TABLE users'", 'opaque', 'SP-OPAQUE'],
    ["EXECUTE IMMEDIATE 'SELECT 1' USING (SELECT 1)", 'opaque', 'SP-OPAQUE'],
    ['PREPARE s FROM @q', 'prepare', 'SP-UNSUPPORTED'],
    ['EXPLAIN FOR CONNECTION 5', 'explain', 'SP-OPAQUE'],
    ['EXPLAIN FORMAT=JSON INTO @plan SELECT 1', 'opaque', 'SP-OPAQUE'],
    ['CREATE VIEW v AS SELECT nothing FROM users', 'ddl', 'SP-COLUMN'],
    ['CREATE TABLE x AS SELECT * FROM nowhere', 'create_table_as', 'SP-NAME'],
    ["PREPARE s FROM 'SET sql_mode = 1'", 'opaque', 'SP-OPAQUE'],
    ["PREPARE s FROM 'SELECT 1; SELECT 2'", 'opaque', 'SP-OPAQUE'],
    ["SET STATEMENT sql_mode = 'ANSI' FOR SELECT 1", 'opaque', 'SP-OPAQUE'],
    ['SET STATEMENT max_statement_time = 1 FOR COMMIT', 'opaque', 'SP-OPAQUE'],
    ['BEGIN NOT ATOMIC SELECT 1; END', 'opaque', 'SP-OPAQUE'],
    ['KILL CONNECTION_ID(1)', 'opaque', 'SP-OPAQUE'],
    ['KILL USER alice', 'opaque', 'SP-OPAQUE'],
    ['KILL QUERY ID 5', 'opaque', 'SP-OPAQUE'],
    ['SHOW TABLES WHERE 1 = (SELECT 1 FROM users)', 'opaque', 'SP-OPAQUE'],
    ['SHOW SECRETS', 'opaque', 'SP-OPAQUE'],
    ['GET DIAGNOSTICS @n = NUMBER', 'opaque', 'SP-OPAQUE'],
    ["SIGNAL SQLSTATE '45000'", 'opaque', 'SP-OPAQUE'],
    ['CREATE WIDGET x', 'opaque', 'SP-OPAQUE'],
    ['SET @a = nothing', 'opaque', 'SP-COLUMN'],
  ])('%s is %s and refused with %s', (sql, kind, code) => {
    const [facts] = all(sql, 'mariadb')
    expect([facts!.kind, facts!.opaque?.code]).toEqual([kind, code])
  })
})

describe('a message of several statements', () => {
  const kinds = (sql: string) => all(sql, 'mariadb').map(({ kind }) => kind)

  it.each<[string, string[]]>([
    ['BEGIN; SELECT 1; COMMIT', ['begin', 'select', 'commit']],
    ['CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END; SELECT 3', ['ddl', 'select']],
    [
      'CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; WHILE b DO SELECT 2; END WHILE; END; SELECT 3',
      ['ddl', 'select'],
    ],
    ['CREATE PROCEDURE p() IF a THEN SELECT 1; ELSE SELECT 2; END IF; SELECT 3', ['ddl', 'select']],
    ['CREATE FUNCTION f() RETURNS int RETURN IF(1, 2, 3); SELECT 3', ['ddl', 'select']],
    [
      'CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW IF NEW.id THEN SET NEW.id = 1; END IF; SELECT 3',
      ['ddl', 'select'],
    ],
    [
      'CREATE PROCEDURE p() BEGIN SELECT CASE WHEN a THEN IF(b, 1, 2) ELSE REPEAT(1, 2) END; CASE a WHEN 1 THEN SELECT 1; END CASE; END; SELECT 3',
      ['ddl', 'select'],
    ],
    ['CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN SELECT 1; END; SELECT 3', ['ddl', 'select']],
    ['CREATE TABLE x (a int); DROP TABLE x', ['ddl', 'ddl']],
    ['CREATE VIEW v AS SELECT CASE WHEN 1 THEN 2 END AS a; SELECT 3', ['ddl', 'select']],
    ['BEGIN NOT ATOMIC SELECT 1; SELECT 2; END; SELECT 3', ['opaque', 'select']],
    ['CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2', ['ddl']],
  ])('%s', (sql, expected) => {
    expect(kinds(sql)).toEqual(expected)
  })
})
