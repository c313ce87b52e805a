import type { StatementFacts } from '../sql/facts.ts'
import { type Finding, type RiskInput, sizeOf } from './risk_finding.ts'
import { begins, has, type Word } from './risk_words.ts'

/**
 * Which locks a statement that is not ALTER TABLE takes (PostgreSQL: Explicit Locking, and the pages of the commands;
 * MySQL: Online DDL Operations).
 */
export function lockOf(input: RiskInput, statement: StatementFacts, words: readonly Word[]): readonly Finding[] {
  const relation =
    statement.definitions?.[0]?.relation ?? statement.uses.find(({ role }) => role === 'target')?.relation
  const table = relation ? `${relation.schema}.${relation.name}${sizeOf(input, relation)}` : 'the table'
  const found = input.catalog.dialect === 'postgres' ? postgresLock(words, table) : mysqlLock(words, table)
  return found ? [found] : []
}

function postgresLock(words: readonly Word[], table: string): Finding | null {
  const concurrently = has(words, 'CONCURRENTLY')
  if (isCreateIndex(words)) {
    return concurrently
      ? lock('info', `The index is built beside the work on ${table}; it may not run inside of a transaction.`)
      : lock('high', `Writes to ${table} wait until the index is built (SHARE): CREATE INDEX CONCURRENTLY does not.`)
  }
  if (begins(words, 'DROP', 'INDEX') && !concurrently)
    return lock('medium', 'Reads and writes of the table wait (ACCESS EXCLUSIVE): DROP INDEX CONCURRENTLY does not.')
  if (begins(words, 'REINDEX') && !concurrently)
    return lock('high', 'Writes wait until the index is built anew: REINDEX CONCURRENTLY does not.')
  if (begins(words, 'REFRESH') && !concurrently)
    return lock('medium', 'Reads of the materialized view wait: REFRESH ... CONCURRENTLY does not.')
  if (begins(words, 'CLUSTER') || (begins(words, 'VACUUM') && has(words, 'FULL')))
    return {
      kind: 'rewrite',
      severity: 'high',
      text: `${table} is written anew; reads and writes wait (ACCESS EXCLUSIVE).`,
    }
  if (begins(words, 'LOCK')) return lock('medium', `${table} is locked until the transaction ends.`)
  if (begins(words, 'TRUNCATE') || begins(words, 'DROP', 'TABLE'))
    return lock('medium', `${table} is locked against reads and writes (ACCESS EXCLUSIVE).`)
  const trigger = has(words.slice(0, 4), 'TRIGGER') && begins(words, 'CREATE')
  return trigger ? lock('medium', `Writes to ${table} wait for a moment (SHARE ROW EXCLUSIVE).`) : null
}

function mysqlLock(words: readonly Word[], table: string): Finding | null {
  if (isCreateIndex(words)) {
    const copied = has(words, 'FULLTEXT') || has(words, 'SPATIAL')
    if (copied) return lock('high', `Writes to ${table} wait until the index is built.`)
    return lock('info', `The index of ${table} is built in place; writes go on, but for a moment at begin and end.`)
  }
  if (begins(words, 'OPTIMIZE')) return { kind: 'rewrite', severity: 'high', text: `${table} is written anew.` }
  if (begins(words, 'LOCK')) return lock('medium', `${table} is locked until UNLOCK TABLES.`)
  if (begins(words, 'TRUNCATE') || begins(words, 'DROP', 'TABLE') || begins(words, 'RENAME'))
    return lock('medium', `It waits for every transaction that uses ${table}, and whoever comes after waits behind it.`)
  return null
}

function isCreateIndex(words: readonly Word[]): boolean {
  return begins(words, 'CREATE') && has(words.slice(0, 4), 'INDEX')
}

function lock(severity: Finding['severity'], text: string): Finding {
  return { kind: 'lock', severity, text }
}
