import type { AnalysisContext, StatementFacts, Verb } from '../facts.ts'
import { readChange } from './change_facts.ts'
import type { Cursor } from './cursor.ts'
import { readInsert } from './insert_facts.ts'
import { parseQuery } from './query.ts'
import { resolveQuery } from './resolve_query.ts'
import type { OpenUse, Resolution } from './scope.ts'
import { blank, type Statement } from './statement_facts.ts'
import type { Notes, Query } from './tree.ts'
import { parseChange, parseInsert } from './write.ts'
import type { Change, Insert } from './write_tree.ts'

/** The facts of SELECT, INSERT, REPLACE, UPDATE and DELETE; the cursor ends behind the statement. */
export function dataFacts(
  cursor: Cursor,
  statement: Statement,
  text: string,
  context: AnalysisContext,
): StatementFacts {
  const parsed = parseData(cursor)
  cursor.end()
  const state: Resolution = { text, context, uses: [] }
  return parsed.kind === 'query'
    ? selectFacts(state, parsed, statement, cursor.notes.locking)
    : writeFacts(state, parsed, statement, cursor.notes.locking)
}

function parseData(cursor: Cursor): Query | Insert | Change {
  const { upper } = cursor.peek()
  if (upper === 'INSERT' || upper === 'REPLACE') return parseInsert(cursor)
  if (upper === 'UPDATE' || upper === 'DELETE' || (upper === 'WITH' && isChange(cursor))) return parseChange(cursor)
  return parseQuery(cursor)
}

/** What comes behind the last of the common tables. */
function isChange(cursor: Cursor): boolean {
  let at = cursor.position
  for (let { kind, upper } = cursor.at(at); kind !== 'end'; { kind, upper } = cursor.at(at)) {
    if (/^(?:SELECT|VALUES|TABLE)$/.test(upper)) return false
    if (upper === 'UPDATE' || upper === 'DELETE') return true
    at = upper === '(' ? cursor.closing(at) + 1 : at + 1
  }
  return false
}

function selectFacts(state: Resolution, query: Query, statement: Statement, locking: boolean): StatementFacts {
  const { outputs, rowSources } = resolveQuery(state, query, { outer: null, ctes: null, top: !locking }, null)
  const uses = locking ? state.uses.map((use) => ({ ...use, fixed: 'the statement locks rows' })) : state.uses
  return {
    ...blank(statement, 'select'),
    verbs: locking ? ['read', 'update'] : ['read'],
    uses,
    output: outputs.map(({ field }) => field),
    rowSources,
    hasWhere: query.terms.some((term) => term.kind === 'select' && term.where !== null),
  }
}

function writeFacts(
  state: Resolution,
  parsed: Insert | Change,
  statement: Statement,
  locking: boolean,
): StatementFacts {
  const written = parsed.kind === 'insert' ? readInsert(state, parsed) : readChange(state, parsed)
  const uses = state.uses.map((use) => {
    const target = written.targets.get(use)
    if (target) return { ...use, ...target }
    return locking ? { ...use, locked: true, fixed: 'the statement locks rows' } : use
  })
  const unconditional = parsed.kind !== 'insert' && !written.hasWhere
  return {
    ...blank(statement, parsed.kind),
    verbs: verbsOf(written.verbs, uses),
    uses,
    output: written.output?.map(({ field }) => field) ?? null,
    rowSources: written.rowSources,
    hasWhere: written.hasWhere,
    ...(unconditional ? { unconditional } : {}),
  }
}

function verbsOf(verbs: readonly Verb[], uses: readonly OpenUse[]): readonly Verb[] {
  const reads = uses.some(({ role, columns }) => role === 'read' || [...columns.values()].includes('computed'))
  return reads ? [...verbs, 'read'] : verbs
}

/** What the parser notes of a statement whose facts are known already. */
export function notesOf(cursor: Cursor): Notes {
  parseData(cursor)
  return cursor.notes
}
