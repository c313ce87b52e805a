import { SallyportError } from '../../errors.ts'
import type { AnalysisContext, Facts, StatementFacts } from '../facts.ts'
import type { PostgresParser } from '../parsers.ts'
import { comparedTokens } from './compared.ts'
import { type Body, list, num, opaque, openAs } from './node.ts'
import { normalizePostgres, normalizeTokens } from './normalize.ts'
import { readStatement } from './read_statement.ts'
import { readSource, type Source } from './source.ts'
import { opaqueFacts } from './statement.ts'

/** Longer messages are not analysed: the parser would hold up every other session. */
const MAX_TEXT_UNITS = 1 << 20

/**
 * The facts of one message. Never throws for what a person wrote: text that does not parse, names that are not known
 * and constructs without a rule give a statement of kind `opaque` that says why.
 */
export function analyzePostgres(text: string, context: AnalysisContext, parser: PostgresParser): Facts {
  if (context.unread !== undefined) return unreadFacts(text, context.unread)
  if (text.length > MAX_TEXT_UNITS) return wholeOpaque(text, 'SP-OPAQUE', 'the message is too long to be analysed')
  let tree: unknown
  try {
    tree = parser.parse(text)
  } catch (error) {
    if (error instanceof RangeError) return wholeOpaque(text, 'SP-OPAQUE', 'the statement is too deep')
    return wholeOpaque(text, 'SP-SYNTAX', messageOf(error), positionOf(error))
  }
  try {
    return { dialect: 'postgres', text, statements: readStatements(tree, text, context) }
  } catch (error) {
    return wholeOpaque(
      text,
      'SP-OPAQUE',
      error instanceof SallyportError ? error.detail : 'the message was not understood',
    )
  }
}

function readStatements(tree: unknown, text: string, context: AnalysisContext): readonly StatementFacts[] {
  const source = readSource(text)
  const root = typeof tree === 'object' && tree !== null ? (tree as Body) : opaque('the parse tree is no object')
  return list(root, 'stmts').map((raw) => readOne(openAs('RawStmt', raw), source, context))
}

function readOne(raw: Body, source: Source, context: AnalysisContext): StatementFacts {
  const place = placeOf(raw, source, context)
  try {
    return readStatement(raw.stmt, place, { source, context })
  } catch (error) {
    if (error instanceof SallyportError) return opaqueFacts(place, error.code, error.detail)
    return opaqueFacts(place, 'SP-OPAQUE', 'the statement is too deep or of an unknown shape')
  }
}

function placeOf(raw: Body, source: Source, context: AnalysisContext) {
  const first = num(raw, 'stmt_location')
  const length = num(raw, 'stmt_len')
  const start = source.unit(first)
  const end = length === 0 ? source.text.length : source.unit(first + length)
  const span = { start, end }
  const compared = context.compared && { compared: comparedTokens(source.text, source.tokens, span) }
  return { span, normalized: normalizeTokens(source.text, source.tokens, span), ...compared }
}

function wholeOpaque(text: string, code: 'SP-OPAQUE' | 'SP-SYNTAX', reason: string, position?: number): Facts {
  const place = { span: { start: 0, end: text.length }, normalized: normalizePostgres(text.slice(0, MAX_TEXT_UNITS)) }
  return { dialect: 'postgres', text, statements: [opaqueFacts(place, code, reason, position)] }
}

/** Nothing of the text is kept for the audit either: where its literals end is not known. */
function unreadFacts(text: string, reason: string): Facts {
  const place = { span: { start: 0, end: text.length }, normalized: '' }
  return { dialect: 'postgres', text, statements: [opaqueFacts(place, 'SP-OPAQUE', reason)] }
}

/**
 * What the parser says, without the text that it quotes: where a quote is missing that is a piece of a literal, and the
 * audit keeps none. The place stands there instead, counted in characters from one.
 */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the text does not parse'
  const said = error.message.replace(/(?: at or near)? ?".*$/s, '')
  const position = positionOf(error)
  return position === undefined ? said : `${said} at character ${position}`
}

function positionOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('sqlDetails' in error)) return undefined
  const { cursorPosition } = error.sqlDetails as { readonly cursorPosition?: unknown }
  return typeof cursorPosition === 'number' ? cursorPosition + 1 : undefined
}
