import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { hiddenShow, kindVerdict } from '../../src/policy/kinds.ts'
import type { StatementKind } from '../../src/sql/facts.ts'
import { refused, statement } from './build.ts'

const KINDS: Readonly<Record<StatementKind, string>> = {
  select: 'relations',
  insert: 'relations',
  update: 'relations',
  delete: 'relations',
  explain: 'relations',
  show: 'relations',
  begin: 'settings',
  set_transaction: 'settings',
  set: 'settings',
  reset: 'settings',
  commit: 'session',
  rollback: 'session',
  savepoint: 'session',
  release: 'session',
  rollback_to: 'session',
  use: 'session',
  kill: 'session',
  deallocate: 'session',
  discard: 'session',
  close_cursor: 'session',
  unlisten: 'session',
  prepare: 'relations',
  execute: 'session',
  copy: 'relations',
  merge: 'relations',
  declare_cursor: 'relations',
  fetch: 'session',
  truncate: 'SP-VERB',
  lock: 'SP-VERB',
  listen: 'SP-VERB',
  notify: 'SP-VERB',
  call: 'SP-VERB',
  do: 'SP-VERB',
  create_table_as: 'SP-VERB',
  ddl: 'SP-VERB',
  maintenance: 'SP-VERB',
  two_phase: 'SP-VERB',
  administration: 'SP-VERB',
  evaluate: 'relations',
  handler: 'SP-VERB',
  load_data: 'SP-VERB',
  unlock: 'session',
  opaque: 'SP-OPAQUE',
}

function verdictOf(kind: StatementKind): string {
  const verdict = kindVerdict(kind)
  return verdict.verdict === 'refused' ? verdict.code : verdict.verdict
}

describe('kinds', () => {
  it('pins every kind of statement that facts can have', () => {
    const source = readFileSync(new URL('../../src/sql/facts.ts', import.meta.url), 'utf8')
    const union = /export type StatementKind =([\s\S]*?)\n\n/.exec(source)?.[1] ?? ''
    const kinds = Array.from(union.matchAll(/'(\w+)'/g), ([, kind]) => kind)
    expect(kinds.length).toBeGreaterThan(20)
    expect(Object.keys(KINDS).sort()).toEqual(kinds.sort())
  })

  it.each(Object.keys(KINDS) as StatementKind[])('%s', (kind) => {
    expect(verdictOf(kind)).toBe(KINDS[kind])
  })
})

describe('SHOW on MySQL', () => {
  const shown = (name: string) => ({
    relations: [],
    statements: [statement({ kind: 'show', name })],
    dialect: 'mysql' as const,
  })

  it.each([['databases'], ['tables'], ['create view'], ['variables'], ['warnings'], ['help']])(
    '%s is open to everybody',
    (name) => {
      expect(hiddenShow({ kind: 'show', name }, 'mysql')).toBe(null)
    },
  )

  it.each([
    ['create user'],
    ['profiles'],
    ['engine status'],
    ['binlog events'],
    ['replica status'],
    ['statistics'],
    ['running plan'],
    ['anything new'],
  ])('%s is not', (name) => {
    expect(refused(shown(name)).code).toBe('SP-SCOPE')
  })

  it('the privileges of the account are, but for MariaDB, which prints the hash of its password', () => {
    expect(hiddenShow({ kind: 'show', name: 'grants' }, 'mysql')).toBe(null)
    expect(hiddenShow({ kind: 'show', name: 'grants' }, 'mariadb')).toContain('credentials')
  })
})
