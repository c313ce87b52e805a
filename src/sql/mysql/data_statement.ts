import type { AnalysisContext, RelationUse, StatementFacts, Verb } from '../facts.ts'
import { readChange } from './change_facts.ts'
import type { Cursor } from './cursor.ts'
import { finishedUses } from './finished_uses.ts'
import { readInsert } from './insert_facts.ts'
import { parseQuery } from './query.ts'
import type { Resolution } from './scope.ts'
import { selectFacts } from './select_facts.ts'
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
    ? selectFacts(state, parsed, statement, cursor.notes)
    : writeFacts(state, parsed, statement, cursor.notes)
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

function writeFacts(state: Resolution, parsed: Insert | Change, statement: Statement, notes: Notes): StatementFacts {
  const written = parsed.kind === 'insert' ? readInsert(state, parsed) : readChange(state, parsed)
  const uses = state.uses.flatMap((use) => {
    const target = written.targets.get(use)
    // A target is locked anyway.
    const finished = finishedUses([use], target ? { ...notes, locking: false } : notes)
    return finished.map((read) => ({ ...read, ...target }))
  })
  const unconditional = parsed.kind !== 'insert' && !written.hasWhere
  return {
    ...blank(statement, parsed.kind),
    verbs: verbsOf(written.verbs, uses),
    uses,
    output: written.output?.map(({ field }) => field) ?? null,
    rowSources: written.rowSources,
    hasWhere: written.hasWhere,
    settings: notes.settings,
    ...(unconditional ? { unconditional } : {}),
    ...(written.plainRows ? { plainRows: true } : {}),
  }
}

function verbsOf(verbs: readonly Verb[], uses: readonly RelationUse[]): readonly Verb[] {
  const reads = uses.some(({ role, columns }) => role === 'read' || [...columns.values()].includes('computed'))
  return reads ? [...verbs, 'read'] : verbs
}
