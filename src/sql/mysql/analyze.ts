import { SallyportError } from '../../errors.ts'
import type { AnalysisContext, Facts, StatementFacts } from '../facts.ts'
import { comparedTokens } from './compared.ts'
import { Cursor } from './cursor.ts'
import { dataFacts } from './data_statement.ts'
import { otherFacts } from './other_statement.ts'
import { quoteName } from './quoting.ts'
import { opaqueFacts, resolveCalls, type Statement, splitStatements } from './statement_facts.ts'
import { lexMode } from './token.ts'
import { tokenize } from './tokenizer.ts'

const DATA = new Set(['SELECT', 'WITH', '(', 'TABLE', 'VALUES', 'INSERT', 'REPLACE', 'UPDATE', 'DELETE'])

/** sql_mode flags under which the server has another grammar. */
const FOREIGN_MODES = ['ORACLE', 'MSSQL', 'DB2', 'POSTGRESQL', 'MAXDB']

/**
 * The facts of one message. Never throws for what a client wrote: what does not parse, does not resolve or is not
 * understood is a statement of kind `opaque` with the code to refuse it with.
 */
export function analyzeMysql(text: string, context: AnalysisContext): Facts {
  const { dialect } = context.catalog
  try {
    const foreign = FOREIGN_MODES.find((mode) => context.sqlMode.has(mode))
    if (foreign !== undefined) throw new SallyportError('SP-OPAQUE', `the sql_mode ${foreign} is not understood`)
    const statements = splitStatements(tokenize(text, lexMode(context.sqlMode, context.catalog)))
    const facts = statements.map((part) => {
      const one = analyzePart(part, text, context)
      return context.compared ? { ...one, compared: comparedOf(part, one) } : one
    })
    return { dialect, text, statements: facts }
  } catch (error) {
    const whole: Statement = { tokens: [], span: { start: 0, end: text.length } }
    const { code, detail } = refusal(error)
    return { dialect, text, statements: [opaqueFacts(whole, code, detail)] }
  }
}

/** The mysql client sends USE as a command of its own, in which a name has no quotes. */
function comparedOf(part: Statement, { kind, name }: StatementFacts): string {
  return kind === 'use' && name !== null ? `USE ${quoteName(name)}` : comparedTokens(part)
}

function analyzePart(part: Statement, text: string, context: AnalysisContext): StatementFacts {
  try {
    return statementFacts(part, text, context)
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
  const calls = resolveCalls(cursor.notes.calls, catalog.functions, defaultDatabase)
  // Both flavours call a column alike; a literal never changes.
  const unnamed = cursor.notes.unnamed.map(({ span, shown, columns }) => ({
    span,
    name: columns.length > 0 && shown ? shown.mysql : null,
  }))
  return { ...facts, functions: [...facts.functions, ...calls], ...(unnamed.length > 0 ? { unnamed } : {}) }
}

function statementFacts(part: Statement, text: string, context: AnalysisContext): StatementFacts {
  const cursor = new Cursor(part.tokens)
  const { upper } = cursor.peek()
  if (DATA.has(upper)) return withCalls(dataFacts(cursor, part, text, context), cursor, context)
  const facts = otherFacts({
    cursor,
    statement: part,
    text,
    context,
    inner: (inside, database) =>
      statementFacts(inside, text, database ? { ...context, defaultDatabase: database } : context),
    message: (inside) => analyzeMysql(inside, context),
  })
  if (facts !== null) return withCalls(facts, cursor, context)
  throw new SallyportError('SP-OPAQUE', `statements that begin with ${upper || 'no word'} are refused`)
}
