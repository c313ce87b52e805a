import type { Definition } from './definition_names.ts'
import { type Reading, restOf } from './reading.ts'
import { type Statement, statementOf } from './statement_facts.ts'

/** The query of CREATE TABLE ... SELECT and of CREATE or ALTER VIEW, as a statement of its own, or null for others. */
export function definingQuery(reading: Reading, { object, names }: Definition): Statement | null {
  const changes = names.some(({ change }) => change === 'drop')
  if (changes || names.length !== 1) return null
  if (object === 'view') return ofView(reading)
  const isTable = object === 'table' || object === 'temporary table'
  return isTable && names[0]!.change === 'create' ? ofTable(reading) : null
}

/** Behind AS, without WITH CHECK OPTION. */
function ofView(reading: Reading): Statement | null {
  const { cursor } = reading
  while (!cursor.sees('AS') && cursor.peek().kind !== 'end') cursor.next()
  cursor.expect('AS')
  const tokens = restOf(reading).tokens.slice(0, -1)
  const tail = tokens.slice(-4).map(({ upper }) => upper)
  const words = /^(?:CASCADED|LOCAL)$/.test(tail[1] ?? '') ? 4 : 3
  const checked = tail.slice(-words).join(' ')
  const cut = /^WITH (?:(?:CASCADED|LOCAL) )?CHECK OPTION$/.test(checked) ? words : 0
  return statementOf(tokens.slice(0, tokens.length - cut))
}

/** The first place outside of the column definitions at which a query can begin. */
function ofTable(reading: Reading): Statement | null {
  const { cursor } = reading
  while (cursor.peek().kind !== 'end') {
    if (opensQuery(reading)) return restOf(reading)
    const close = cursor.sees('(') ? cursor.closing(cursor.position) : cursor.position
    while (cursor.position <= close) cursor.next()
  }
  return null
}

function opensQuery({ cursor }: Reading): boolean {
  if (cursor.sees('SELECT') || cursor.sees('VALUES') || cursor.sees('TABLE')) return true
  if (cursor.sees('WITH')) return cursor.peek(1).upper === 'RECURSIVE' || /^(?:AS|\()$/.test(cursor.peek(2).upper)
  return cursor.sees('(') && /^(?:SELECT|WITH|VALUES|TABLE|\()$/.test(cursor.peek(1).upper)
}
