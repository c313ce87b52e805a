import type { StatementFacts } from '../facts.ts'
import { plainTable, qualifiedName } from './plain_table.ts'
import type { Reading } from './reading.ts'
import { shown, withTable } from './show_statement.ts'
import { blank } from './statement_facts.ts'

/** Definitions of what is no relation. */
const OTHERS = ['PROCEDURE', 'FUNCTION', 'TRIGGER', 'EVENT', 'USER', 'SERVER', 'PACKAGE', 'LIBRARY']

/** SHOW CREATE; the cursor stands behind these words. */
export function readCreate(reading: Reading): StatementFacts {
  const { cursor, statement } = reading
  if (cursor.accept('DATABASE') || cursor.accept('SCHEMA')) {
    cursor.accept('IF', 'NOT', 'EXISTS')
    cursor.name()
    return shown(cursor, statement, 'create database')
  }
  const other = OTHERS.find((word) => cursor.accept(word))
  if (other !== undefined) return { ...blank(statement, 'show'), name: `create ${other.toLowerCase()}` }
  const sequence = cursor.accept('SEQUENCE')
  if (!sequence && !cursor.accept('VIEW')) cursor.expect('TABLE')
  const table = plainTable(qualifiedName(cursor))
  const name = sequence ? 'create sequence' : 'create table'
  const facts = withTable(shown(cursor, statement, name), table, reading, ['read'])
  // The definition of a view is its query, by which the policy judges it.
  return facts.uses[0]!.relation.kind === 'view' ? { ...facts, name: 'create view' } : facts
}
