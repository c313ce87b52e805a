import type { Edit } from '../edits.ts'
import type { RelationUse, Span } from '../facts.ts'
import { quoteName } from './quoting.ts'
import type { Token } from './token.ts'

/** The server allows 256 characters in the alias of an output column. */
const MAX_ALIAS_CHARS = 256

export interface Replaced {
  /** The client's text, and the tokens of the statement. */
  readonly text: string
  readonly tokens: readonly Token[]
  readonly edits: readonly Edit[]
  /** The columns of the references that were replaced. */
  readonly names: readonly string[]
}

/**
 * An output without an alias is named as it is written: an expression by its text, which becomes the alias where it
 * changes; a column by its name, of which a subquery would show its own spelling.
 */
export function keptName(span: Span, { text, tokens, edits, names }: Replaced): Edit[] {
  const inside = tokens.filter(({ start, end }) => start >= span.start && end <= span.end)
  const bare = inside.every(({ kind, upper }) => kind === 'word' || kind === 'quoted' || upper === '.')
  const name = bare ? (inside.at(-1)?.value ?? '') : text.slice(span.start, span.end)
  const changed = bare ? isRespelt(name, names) : edits.some(({ start, end }) => start >= span.start && end <= span.end)
  if (!changed || name.length > MAX_ALIAS_CHARS) return []
  return [{ start: span.end, end: span.end, text: ` AS ${quoteName(name)}` }]
}

function isRespelt(name: string, names: readonly string[]): boolean {
  return !names.includes(name) && names.some((one) => one.toLowerCase() === name.toLowerCase())
}

/** MySQL takes no parentheses around one derived table, and has no use for those around one table. */
export function parenthesesAround(use: RelationUse, end: number, tokens: readonly Token[]): Edit[] {
  let before = tokens.findIndex(({ start }) => start === use.span.start) - 1
  let after = tokens.findIndex(({ start }) => start >= end)
  if (use.hasAlias) after += tokens[after]?.upper === 'AS' ? 2 : 1
  const edits: Edit[] = []
  while (tokens[before]?.upper === '(' && tokens[after]?.upper === ')') {
    for (const token of [tokens[before]!, tokens[after]!]) edits.push({ start: token.start, end: token.end, text: ' ' })
    before -= 1
    after += 1
  }
  return edits
}
