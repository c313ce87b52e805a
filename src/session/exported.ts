import type { Rewritten } from '../sql/edits.ts'
import type { AnalysisContext, Facts, StatementFacts } from '../sql/facts.ts'
import type { Engine } from './verdict.ts'

/**
 * COPY TO under a grant that is not unrestricted is judged and sent as the SELECT that gives the same rows, with the
 * verb `export` beside those that the SELECT needs.
 */

/** The facts to judge in place of those of the COPY; null where the message is no COPY TO by itself. */
export function exportedFacts(facts: Facts, context: AnalysisContext, engine: Engine): Facts | null {
  const query = exportedQuery(facts)
  if (query === null) return null
  const inner = engine.analyze(query, context)
  const [only] = inner.statements
  if (inner.statements.length !== 1 || !only) return null
  const { verbs } = only
  return { ...inner, statements: [{ ...(isRead(only) ? only : notRead(only)), verbs: [...verbs, 'export'] }] }
}

/** The facts of the COPY for the audit and the session, with what its query touches. */
export function copyFacts(own: Facts, exported: Facts): Facts {
  const [copy] = own.statements
  const [query] = exported.statements
  if (!copy || !query) return own
  const { uses, functions, verbs, output } = query
  return { ...own, statements: [{ ...copy, uses, functions, verbs, output }] }
}

/** The query stands inside the text of the COPY, as it is, unless a table was named. */
export function editsInCopy(own: Facts, { text, edits }: Rewritten, exported: Facts): Rewritten['edits'] {
  const at = own.text.indexOf(exported.text)
  if (at < 0) return [{ from: { start: 0, end: own.text.length }, to: { start: 0, end: text.length } }]
  const moved = edits.map(({ from, to }) => ({ from: { start: from.start + at, end: from.end + at }, to }))
  return [{ from: { start: 0, end: at }, to: { start: 0, end: 0 } }, ...moved]
}

function exportedQuery({ dialect, statements }: Facts): string | null {
  const [only] = statements
  if (dialect !== 'postgres' || statements.length !== 1 || only?.kind !== 'copy' || only.opaque) return null
  return only.copy?.direction === 'to' ? only.copy.query : null
}

function isRead({ kind, uses, settings }: StatementFacts): boolean {
  return kind === 'opaque' || (kind === 'select' && settings.length === 0 && uses.every(({ role }) => role === 'read'))
}

function notRead(only: StatementFacts): StatementFacts {
  return {
    ...only,
    kind: 'opaque',
    opaque: { code: 'SP-EXPORT', reason: 'COPY takes out what a SELECT reads, no more' },
  }
}
