import { decodeUtf8 } from '../../bytes/reader.ts'
import { encodeUtf8 } from '../../bytes/writer.ts'
import type { Edit } from '../edits.ts'
import type { RelationUse, StatementFacts } from '../facts.ts'
import { quoteName } from './quoting.ts'
import type { Token } from './token.ts'

/** Both servers cut the name of a field there, at a whole character. */
const MAX_NAME_BYTES = 255

type Unnamed = NonNullable<StatementFacts['unnamed']>[number]

export interface Replaced {
  readonly text: string
  readonly edits: readonly Edit[]
  /** The columns of the references that were replaced. */
  readonly names: readonly string[]
}

/**
 * An output without an alias is named as it is written: an expression by its text, which becomes the alias where it
 * changes; a column, also one in parentheses, by its name, of which a subquery would show its own spelling.
 */
export function keptName({ span, name }: Unnamed, { text, edits, names }: Replaced): Edit[] {
  const changed = edits.some(({ start, end }) => start >= span.start && end <= span.end)
  if (name === null ? !changed : !isRespelt(name, names)) return []
  const kept = cut(name ?? text.slice(span.start, span.end))
  return [{ start: span.end, end: span.end, text: ` AS ${quoteName(kept)}` }]
}

function cut(name: string): string {
  const bytes = encodeUtf8(name)
  if (bytes.length <= MAX_NAME_BYTES) return name
  let end = MAX_NAME_BYTES
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1
  return decodeUtf8(bytes.subarray(0, end))
}

/** Where two tables spell a column otherwise, the one that is written may be either's. */
function isRespelt(name: string, names: readonly string[]): boolean {
  return names.some((one) => one !== name && one.toLowerCase() === name.toLowerCase())
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
