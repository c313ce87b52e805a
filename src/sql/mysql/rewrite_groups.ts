import { SallyportError } from '../../errors.ts'
import type { Edit } from '../edits.ts'
import type { RelationUse } from '../facts.ts'
import type { Substitution } from '../substitution.ts'
import { quoteName } from './quoting.ts'
import type { Token } from './token.ts'

/** The clauses that may follow HAVING in a query whose columns are aggregated in clear. */
const AFTER_HAVING: ReadonlySet<string> = new Set(['ORDER', 'LIMIT', 'FETCH', 'FOR', 'LOCK', 'INTO', 'PROCEDURE'])

/** HAVING with the condition that each group is large enough; the analysis has seen that there is none. */
export function groupEdits(
  use: RelationUse,
  minGroup: Substitution['minGroup'],
  tokens: readonly Token[],
): readonly Edit[] {
  if (minGroup === undefined || minGroup.length === 0) return []
  let index = tokens.findIndex(({ start }) => start >= use.span.end)
  if (index === -1) index = tokens.length
  for (let depth = 0; index < tokens.length; index += 1) {
    const { kind, upper } = tokens[index]!
    if (upper === '(') depth += 1
    if (upper === ')') depth -= 1
    if (kind === 'end' || depth < 0 || (depth === 0 && upper === ';')) break
    if (depth > 0 || tokens[index - 1]?.upper === '.') continue
    if (upper === 'HAVING') throw new SallyportError('SP-MASKED', 'HAVING would be asked of groups that are too small')
    if (AFTER_HAVING.has(upper)) break
  }
  const at = tokens[index - 1]!.end
  const large = minGroup.map(({ column, rows }) => `COUNT(${quoteName(use.alias)}.${quoteName(column)}) >= ${rows}`)
  return [{ start: at, end: at, text: ` HAVING ${large.join(' AND ')}` }]
}
