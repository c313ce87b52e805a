import type { Token } from './token.ts'

/** What may follow FOR UPDATE and its like, save a list of tables. */
const WAITING: ReadonlySet<string> = new Set(['NOWAIT', 'SKIP', 'LOCKED', 'WAIT'])

/**
 * The one way in which a statement locks the rows that it reads, as it has to stand inside of a subquery: the clause of an
 * outer query locks nothing there. Null where there are several, or where tables are named.
 */
export function lockText(tokens: readonly Token[]): string | null {
  const found = new Set<string>()
  for (const [index, { upper }] of tokens.entries()) {
    const next = tokens[index + 1]?.upper ?? ''
    const begins = (upper === 'FOR' && (next === 'UPDATE' || next === 'SHARE')) || (upper === 'LOCK' && next === 'IN')
    if (!begins || tokens[index - 1]?.upper === '.') continue
    const length = upper === 'FOR' ? 2 : 4
    if (tokens[index + length]?.upper === 'OF') return null
    found.add(
      [...tokens.slice(index, index + length), ...waiting(tokens, index + length)].map(({ text }) => text).join(' '),
    )
  }
  const [only, ...others] = found
  return others.length === 0 ? (only ?? null) : null
}

function waiting(tokens: readonly Token[], from: number): readonly Token[] {
  let end = from
  while (WAITING.has(tokens[end]?.upper ?? '')) end += tokens[end]?.upper === 'WAIT' ? 2 : 1
  return tokens.slice(from, end)
}
