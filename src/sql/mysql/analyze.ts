import { SallyportError } from '../../errors.ts'
import type { AnalysisContext, Facts, StatementFacts } from '../facts.ts'
import type { MysqlParsers } from '../parsers.ts'
import { crossCheck } from './cross_check.ts'
import { Cursor } from './cursor.ts'
import { dataFacts } from './data_statement.ts'
import { sessionFacts } from './session_statement.ts'
import { describeFacts, showFacts } from './show_statement.ts'
import { blank, opaqueFacts, resolveCalls, type Statement, splitStatements } from './statement_facts.ts'
import { lexMode } from './token.ts'
import { tokenize } from './tokenizer.ts'

const DATA = new Set(['SELECT', 'WITH', '(', 'INSERT', 'REPLACE', 'UPDATE', 'DELETE'])

/** sql_mode flags under which the server has another grammar. */
const FOREIGN_MODES = ['ORACLE', 'MSSQL', 'DB2', 'POSTGRESQL', 'MAXDB']

/**
 * The facts of one message. Never throws for what a client wrote: what does not parse, does not resolve or is not
 * understood is a statement of kind `opaque` with the code to refuse it with.
 */
export function analyzeMysql(text: string, context: AnalysisContext, parsers: MysqlParsers): Facts {
  return analyze(text, context, parsers)
}

/** The facts of a text that was made here from one that has been cross-checked: no other parser is asked again. */
export function analyzeRewritten(text: string, context: AnalysisContext): Facts {
  return analyze(text, context, null)
}

type Parsers = MysqlParsers | null

function analyze(text: string, context: AnalysisContext, parsers: Parsers): Facts {
  const { dialect } = context.catalog
  try {
    const foreign = FOREIGN_MODES.find((mode) => context.sqlMode.has(mode))
    if (foreign !== undefined) throw new SallyportError('SP-OPAQUE', `the sql_mode ${foreign} is not understood`)
    const statements = splitStatements(tokenize(text, lexMode(context.sqlMode)))
    return { dialect, text, statements: statements.map((part) => analyzePart(part, text, context, parsers)) }
  } catch (error) {
    const whole: Statement = { tokens: [], span: { start: 0, end: text.length } }
    const { code, detail } = refusal(error)
    return { dialect, text, statements: [opaqueFacts(whole, code, detail)] }
  }
}

function analyzePart(part: Statement, text: string, context: AnalysisContext, parsers: Parsers): StatementFacts {
  try {
    return statementFacts(part, text, context, parsers)
  } catch (error) {
    const { code, detail } = refusal(error)
    return opaqueFacts(part, code, detail)
  }
}

function refusal(error: unknown): Pick<SallyportError, 'code' | 'detail'> {
  if (error instanceof SallyportError) return error
  return new SallyportError('SP-OPAQUE', 'the statement could not be analysed', { cause: error })
}

/** Calls are noted by the cursor wherever they stand; here each gets the routine that it means. */
function withCalls(
  facts: StatementFacts,
  cursor: Cursor,
  { catalog, defaultDatabase }: AnalysisContext,
): StatementFacts {
  return { ...facts, functions: resolveCalls(cursor.notes.calls, catalog.functions, defaultDatabase) }
}

function statementFacts(part: Statement, text: string, context: AnalysisContext, parsers: Parsers): StatementFacts {
  const cursor = new Cursor(part.tokens)
  const { upper } = cursor.peek()
  if (DATA.has(upper)) return checkedData(part, text, context, parsers)
  if (upper === 'SHOW') return withCalls(showFacts(cursor, part, text, context), cursor, context)
  if (/^(?:EXPLAIN|DESCRIBE|DESC|ANALYZE)$/.test(upper)) return explainFacts(cursor, part, text, context, parsers)
  if (upper === 'PREPARE') return prepareFacts(cursor, part, context, parsers)
  const session = sessionFacts(cursor, part, context.sqlMode)
  if (session !== null) return withCalls(session, cursor, context)
  throw new SallyportError('SP-OPAQUE', `statements that begin with ${upper || 'no word'} are refused`)
}

function checkedData(part: Statement, text: string, context: AnalysisContext, parsers: Parsers): StatementFacts {
  const cursor = new Cursor(part.tokens)
  const facts = withCalls(dataFacts(cursor, part, text, context), cursor, context)
  if (parsers !== null) crossCheck(part, cursor.notes, parsers)
  return facts
}

/** EXPLAIN of a SELECT: every column counts as computed on, since a plan tells of values. */
function explainFacts(
  cursor: Cursor,
  part: Statement,
  text: string,
  context: AnalysisContext,
  parsers: Parsers,
): StatementFacts {
  const analyze = cursor.sees('ANALYZE') || cursor.sees('EXPLAIN', 'ANALYZE') || cursor.sees('DESC', 'ANALYZE')
  const skip = explainOptions(cursor)
  if (!/^(?:SELECT|WITH|\()$/.test(cursor.peek().upper)) {
    if (skip > 1 || part.tokens[0]!.upper === 'ANALYZE')
      cursor.fail('only EXPLAIN of a SELECT is understood', 'SP-OPAQUE')
    return describeFacts(new Cursor(part.tokens), part, text, context)
  }
  const inside: Statement = { tokens: part.tokens.slice(skip), span: { ...part.span, start: cursor.peek().start } }
  const inner = withoutPassing(checkedData(inside, text, context, parsers))
  const { verbs, uses, functions, rowSources, hasWhere } = inner
  const shared = { verbs, uses, functions, rowSources, hasWhere, inner }
  return { ...blank(part, 'explain'), ...shared, name: analyze ? 'analyze' : null }
}

/** How many tokens stand before the explained statement. */
function explainOptions(cursor: Cursor): number {
  cursor.next()
  cursor.accept('ANALYZE')
  if (!cursor.accept('EXTENDED')) cursor.accept('PARTITIONS')
  if (cursor.accept('FORMAT', '=')) {
    if (!/^(?:TRADITIONAL|JSON|TREE)$/.test(cursor.next().upper)) cursor.fail('unknown EXPLAIN format', 'SP-OPAQUE')
  }
  return cursor.position
}

/** Every read column as computed on; a column that is only written stays so. */
function withoutPassing(facts: StatementFacts): StatementFacts {
  const uses = facts.uses.map((use) => {
    const columns = new Map(
      [...use.columns].map(([name, how]) => [name, how === 'written' ? how : 'computed'] as const),
    )
    return { ...use, columns }
  })
  return { ...facts, uses, output: facts.output?.map((field) => ({ ...field, origin: null })) ?? null }
}

/**
 * `PREPARE name FROM 'text'`: the text is judged as a statement of its own; spans of `inner` count in that text.
 * Nothing passes through it, since EXECUTE names no columns that the wire could expect.
 */
function prepareFacts(cursor: Cursor, part: Statement, context: AnalysisContext, parsers: Parsers): StatementFacts {
  cursor.expect('PREPARE')
  const name = cursor.name().value
  cursor.expect('FROM')
  const literal = cursor.next()
  if (literal.kind !== 'string' || !/^['"]/.test(literal.text))
    cursor.fail('PREPARE takes its text as one plain string', 'SP-OPAQUE')
  cursor.end()
  const { statements } = analyze(literal.value, context, parsers)
  const parsed = statements[0]
  if (!parsed || statements.length !== 1) throw new SallyportError('SP-OPAQUE', 'PREPARE takes one statement')
  if (parsed.opaque) throw new SallyportError(parsed.opaque.code, parsed.opaque.reason)
  if (!/^(?:select|insert|update|delete)$/.test(parsed.kind))
    throw new SallyportError('SP-OPAQUE', 'PREPARE takes SELECT, INSERT, UPDATE and DELETE only')
  const inner = withoutPassing(parsed)
  const { verbs, uses, functions, rowSources, hasWhere } = inner
  return { ...blank(part, 'prepare'), verbs, uses, functions, rowSources, hasWhere, name, inner }
}
