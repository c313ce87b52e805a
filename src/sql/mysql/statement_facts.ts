import type { ErrorCode } from '../../errors.ts'
import type { FunctionUse, Span, StatementFacts, StatementKind } from '../facts.ts'
import { Blocks } from './blocks.ts'
import { endToken, type Token } from './token.ts'

/** The tokens of one statement, without the semicolon; the last is of kind `end`. */
export interface Statement {
  readonly tokens: readonly Token[]
  readonly span: Span
}

/** Parts of a message: a semicolon ends a statement, since no delimiter exists on the wire, save inside of a body. */
export function splitStatements(tokens: readonly Token[]): Statement[] {
  const statements: Statement[] = []
  const blocks = new Blocks()
  let part: Token[] = []
  for (const token of tokens) {
    if (token.kind !== 'end' && (token.upper !== ';' || blocks.inside)) {
      blocks.see(token, part.length)
      part.push(token)
      continue
    }
    if (part.length > 0) statements.push(statementOf(part))
    part = []
    blocks.reset()
  }
  return statements
}

/** Tokens, without a mark behind the last of them, as a statement. */
export function statementOf(part: readonly Token[]): Statement {
  const span = { start: part[0]!.start, end: part.at(-1)!.end }
  const end = endToken(span.end)
  return { tokens: [...part, end], span }
}

/** The statement with its literals replaced by `?` and its comments left out. */
function normalize({ tokens }: Statement): string {
  let text = ''
  let end = tokens[0]?.start ?? 0
  for (const token of tokens) {
    if (token.start > end && token.kind !== 'end') text += ' '
    text += /^(?:string|number|hex|bit|param)$/.test(token.kind) ? '?' : token.text
    end = token.end
  }
  return text
}

/** Facts of a statement that touches nothing; what differs is laid over it. */
export function blank(statement: Statement, kind: StatementKind): StatementFacts {
  return {
    kind,
    verbs: [],
    span: statement.span,
    normalized: normalize(statement),
    uses: [],
    functions: [],
    output: null,
    rowSources: [],
    settings: [],
    name: null,
    killQuery: false,
    inner: null,
    hasWhere: false,
    opaque: null,
  }
}

export function opaqueFacts(statement: Statement, code: ErrorCode, reason: string): StatementFacts {
  return { ...blank(statement, 'opaque'), opaque: { code, reason } }
}

/** Unqualified calls mean a stored function of the default database where one has that name. */
export function resolveCalls(
  calls: readonly FunctionUse[],
  functions: ReadonlyMap<string, readonly string[]>,
  database: string | null,
): FunctionUse[] {
  return calls.map((call) => {
    if (call.schema !== '' || database === null) return call
    const schemas = functions.get(call.name) ?? []
    const stored = schemas.some((schema) => schema.toLowerCase() === database.toLowerCase())
    return stored ? { ...call, schema: database, userDefined: true } : call
  })
}
