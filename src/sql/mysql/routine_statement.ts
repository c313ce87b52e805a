import type { StatementFacts } from '../facts.ts'
import { parseExpr } from './expression.ts'
import { qualifiedName } from './plain_table.ts'
import type { Reading } from './reading.ts'
import { readExpr } from './resolve_query.ts'
import type { OpenUse, Resolution } from './scope.ts'
import { blank } from './statement_facts.ts'
import type { Expr } from './tree.ts'
import { scopeOver } from './write_scope.ts'

/** CALL: a routine of theirs, with arguments that are expressions. */
export function callFacts(reading: Reading): StatementFacts {
  const { cursor, statement, context } = reading
  cursor.expect('CALL')
  const parts = qualifiedName(cursor)
  const schema = parts.length === 2 ? parts[0]!.value : context.defaultDatabase
  if (schema === null) return cursor.fail('no database is selected for the procedure', 'SP-NAME')
  const args: Expr[] = []
  if (cursor.accept('(') && !cursor.accept(')')) {
    args.push(...cursor.list(() => parseExpr(cursor)))
    cursor.expect(')')
  }
  cursor.end()
  const uses = usesOf(reading, args)
  const call = { schema, name: parts.at(-1)!.value.toLowerCase(), userDefined: true, args: args.length }
  const verbs: StatementFacts['verbs'] = uses.length > 0 ? ['call', 'read'] : ['call']
  return { ...blank(statement, 'call'), verbs, uses, functions: [call], settings: cursor.notes.settings }
}

/** DO: expressions are evaluated, and nothing comes back. */
export function evaluateFacts(reading: Reading): StatementFacts {
  const { cursor, statement } = reading
  cursor.expect('DO')
  const exprs = cursor.list(() => {
    const expr = parseExpr(cursor)
    if (cursor.accept('AS') || cursor.seesName()) cursor.name()
    return expr
  })
  cursor.end()
  const uses = usesOf(reading, exprs)
  const { settings } = cursor.notes
  return { ...blank(statement, 'evaluate'), verbs: uses.length > 0 ? ['read'] : [], uses, settings }
}

/** What the subqueries of the expressions read. */
function usesOf({ text, context }: Reading, exprs: readonly Expr[]): readonly OpenUse[] {
  const state: Resolution = { text, context, uses: [] }
  const scope = scopeOver(state, [])
  for (const expr of exprs) readExpr(state, expr, { outer: scope, ctes: null, top: false }, scope, 'columns')
  return state.uses
}
