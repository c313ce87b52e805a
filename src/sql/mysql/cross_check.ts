import { SallyportError } from '../../errors.ts'
import type { MysqlParsers } from '../parsers.ts'
import { type NameCounts, secondOpinion } from './opinion_node_sql_parser.ts'
import { firstOpinion, type Opinion } from './opinion_sqlparser.ts'
import type { Statement } from './statement_facts.ts'
import type { Token } from './token.ts'
import type { Notes } from './tree.ts'
import { INTERVAL_UNITS, NILADIC } from './words.ts'

/** node-sql-parser takes seconds for a megabyte: it reads short statements only. */
const MAX_SECOND_CHARS = 16_384

/** The statement as the other parsers get it: one line, no comments, no literal text, so that lexing can't differ. */
interface CheckText {
  readonly text: string
  /** Our token at each offset of `text` at which a token begins. */
  readonly tokenAt: ReadonlyMap<number, Token>
}

/**
 * An independent parser that can parse the statement must find the same tables and the same columns at the same places.
 * Where it can't, the other one, if that can, must find the same names the same number of times. Else the statement is
 * opaque. Neither knows all of either server's grammar, so that what neither can parse stands as it was read here.
 */
export function crossCheck(statement: Statement, notes: Notes, parsers: MysqlParsers): void {
  const check = checkText(statement, notes)
  const first = attempt(() => parsers.parse(check.text))
  if (first !== null) return compareByPosition(firstOpinion(first), check, statement, notes)
  // The second parser's tree has no places for what UPDATE and DELETE assign and name.
  const writes = /^(?:UPDATE|DELETE)$/.test(statement.tokens[0]!.upper)
  const second = writes || check.text.length > MAX_SECOND_CHARS ? null : attempt(() => parsers.secondParse(check.text))
  if (second === null) return
  compareByCount(secondOpinion(second), notes)
}

function checkText({ tokens }: Statement, notes: Notes): CheckText {
  const tokenAt = new Map<number, Token>()
  let text = ''
  let end = tokens[0]!.start
  for (const token of tokens) {
    if (token.kind === 'end' || notes.skipped.has(token.start) || isModifier(token, tokens)) continue
    // `5--1` is `5 - -1` to the server and a comment to others.
    if (token.start > end || (token.upper === '-' && text.endsWith('-'))) text += ' '
    tokenAt.set(text.length, token)
    text += plain(token)
    end = token.end
  }
  return { text, tokenAt }
}

/** IGNORE behind the first word, or behind a modifier there, which the others take for a table. */
function isModifier({ upper, start }: Token, tokens: readonly Token[]): boolean {
  return upper === 'IGNORE' && (start === tokens[1]?.start || start === tokens[2]?.start)
}

function plain(token: Token): string {
  if (token.kind === 'string') return "'s'"
  if (token.kind === 'uservar' || token.kind === 'sysvar') return '@v'
  if (token.kind === 'hex' || token.kind === 'bit') return '0'
  if (token.kind === 'quoted') return `\`${token.value.replaceAll('`', '``')}\``
  return token.text
}

function attempt(parse: () => unknown): unknown {
  try {
    return parse()
  } catch {
    return null
  }
}

function compareByPosition(opinion: Opinion, check: CheckText, { tokens }: Statement, notes: Notes): void {
  const tables = notes.tables.map(({ parts }) => parts.at(-1)!.start)
  const stars = notes.stars.filter(({ parts }) => parts.length > 0)
  const columns = [...notes.columns, ...stars].map(({ parts }) => parts.at(-1)!.start)
  equal(tables, places(opinion.tables, check), 'tables')
  const ours = new Set(columns)
  const theirs = opinion.columns.filter((at) => {
    const token = check.tokenAt.get(at)
    return !isKeyword(token) || ours.has(token?.start ?? -1)
  })
  equal(columns, places(theirs, check), 'columns')
  const selects = tokens.filter(({ upper }) => upper === 'SELECT').length
  if (selects !== opinion.selects) throw disagreement('another parser finds a different number of subqueries')
}

/** Words that the other parser takes for columns: units, variables and functions without parentheses. */
function isKeyword(token: Token | undefined): boolean {
  if (token === undefined) return false
  if (token.kind === 'uservar' || token.kind === 'sysvar') return true
  return token.upper === 'DEFAULT' || INTERVAL_UNITS.has(token.upper) || NILADIC.has(token.upper)
}

function places(offsets: readonly number[], { tokenAt }: CheckText): number[] {
  return offsets.map((offset) => tokenAt.get(offset)?.start ?? -1)
}

function equal(ours: readonly number[], theirs: readonly number[], what: string): void {
  const left = new Set(ours)
  const right = new Set(theirs)
  if (left.size !== right.size || [...left].some((at) => !right.has(at)))
    throw disagreement(`another parser finds other ${what}`)
}

function compareByCount(counts: NameCounts, notes: Notes): void {
  const tables = notes.tables.map(({ parts }) => parts.at(-1)!.value)
  const columns = notes.columns.map(({ parts }) => parts.at(-1)!.value)
  const stars = notes.stars.map(() => '*')
  if (sorted(tables) !== sorted(counts.tables)) throw disagreement('another parser finds other tables')
  if (sorted([...columns, ...stars]) !== sorted(counts.columns))
    throw disagreement('another parser finds other columns')
}

function sorted(names: readonly string[]): string {
  return names
    .map((name) => name.toLowerCase())
    .sort()
    .join('\0')
}

function disagreement(reason: string): SallyportError {
  return new SallyportError('SP-OPAQUE', reason)
}
