import { tokenize } from './tokens.ts'

/**
 * The text with each string and number replaced by `?` and without comments: what the audit keeps of a statement.
 * It works on tokens alone, so that a text that does not parse loses its literals too. Never throws.
 */
export function normalizePostgres(text: string): string {
  let normalized = ''
  let end = 0
  for (const token of tokenize(text)) {
    if (token.start > end && normalized !== '') normalized += ' '
    const literal = token.kind === 'string' || token.kind === 'number'
    normalized += literal ? '?' : text.slice(token.start, token.end)
    end = token.end
  }
  return normalized
}
