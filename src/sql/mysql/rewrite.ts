import { SallyportError } from '../../errors.ts'
import type { AnalysisContext, Facts, RelationUse, Span, StatementFacts } from '../facts.ts'
import type { MysqlParsers } from '../parsers.ts'
import type { SubstitutionPlan } from '../substitution.ts'
import { analyzeRewritten } from './analyze.ts'
import { Cursor } from './cursor.ts'
import { notesOf } from './data_statement.ts'
import { type Statement, splitStatements } from './statement_facts.ts'
import { qualifiedText, quoteName, quoteString, subqueryText } from './substitute.ts'
import { type LexMode, lexMode, type Token } from './token.ts'
import { tokenize } from './tokenizer.ts'

interface Edit extends Span {
  readonly text: string
}

const NO_PLAN: SubstitutionPlan = new Map()

/** The server allows 256 characters in the alias of an output column. */
const MAX_ALIAS_CHARS = 256

/**
 * The text to send: each planned reference replaced by its subquery, every other relation named by its database, and
 * comments left out. What comes out is read again and must be what was meant; else SP-OPAQUE. A planned reference
 * that can't be substituted throws SP-MASKED. `plans` has one entry per statement.
 */
export function rewriteMysql(
  facts: Facts,
  plans: readonly SubstitutionPlan[],
  context: AnalysisContext,
  parsers: MysqlParsers,
): string {
  const mode = lexMode(context.sqlMode)
  const tokens = tokenize(facts.text, mode)
  const parts = splitStatements(tokens)
  if (parts.length !== facts.statements.length) throw mismatch('the number of statements differs')
  const edits = facts.statements.flatMap((statement, index) =>
    editsOf(facts.text, statement, parts[index]!, plans[index] ?? NO_PLAN, context, parsers),
  )
  const { text, expected } = splice(facts.text, tokens, edits, mode)
  if (!sameTokens(tokenize(text, mode), expected)) throw mismatch('the rewritten text reads differently')
  if (edits.length > 0) verify(facts, text, context)
  return text
}

function editsOf(
  text: string,
  statement: StatementFacts,
  part: Statement,
  plan: SubstitutionPlan,
  context: AnalysisContext,
  parsers: MysqlParsers,
): Edit[] {
  if (statement.opaque) throw new SallyportError(statement.opaque.code, statement.opaque.reason)
  if (statement.kind === 'prepare') return [prepareEdit(statement, part, plan, context, parsers)]
  if (!/^(?:select|explain|insert|update|delete)$/.test(statement.kind))
    return statement.uses.flatMap((use) => useEdits(use, plan, null, context))
  const notes = notesOf(dataCursor(statement, part))
  const edits = statement.uses.flatMap((use) => {
    const table = notes.tables.find(({ parts }) => parts[0]!.start === use.span.start)
    const partition = table?.partition ?? null
    return useEdits(
      use,
      plan,
      partition && { span: partition, text: text.slice(partition.start, partition.end) },
      context,
    )
  })
  return [...edits, ...notes.unnamed.flatMap((span) => keptName(span, edits, text))]
}

/** An expression without an alias is named after its text: where that changes, the client's text becomes the alias. */
function keptName(span: Span, edits: readonly Edit[], text: string): Edit[] {
  const name = text.slice(span.start, span.end)
  const changed = edits.some(({ start, end }) => start >= span.start && end <= span.end)
  if (!changed || name.length > MAX_ALIAS_CHARS) return []
  return [{ start: span.end, end: span.end, text: ` AS ${quoteName(name)}` }]
}

interface PartitionClause {
  readonly span: Span
  readonly text: string
}

/** EXPLAIN stands before the statement that names the tables. */
function dataCursor(statement: StatementFacts, part: Statement): Cursor {
  const { start } = (statement.inner ?? statement).span
  return new Cursor(part.tokens.filter((token) => token.start >= start))
}

function useEdits(
  use: RelationUse,
  plan: SubstitutionPlan,
  partition: PartitionClause | null,
  context: AnalysisContext,
): Edit[] {
  const substitution = plan.get(use.id)
  if (!substitution) return use.qualified ? [] : [{ ...use.span, text: qualifiedText(use.relation) }]
  const name = `${use.relation.schema}.${use.relation.name}`
  if (use.fixed !== null) throw new SallyportError('SP-MASKED', `${name} can't be masked here: ${use.fixed}`)
  const inner = subqueryText(use.relation, substitution, partition?.text ?? '', lexMode(context.sqlMode))
  const alias = use.hasAlias ? '' : ` AS ${quoteName(use.alias)}`
  const end = partition?.span.end ?? use.span.end
  const qualifiers = use.qualifiers.map((span) => ({ ...span, text: quoteName(use.alias) }))
  return [{ start: use.span.start, end, text: `${inner}${alias}` }, ...qualifiers]
}

/** The text of PREPARE is a message of its own inside a string. */
function prepareEdit(
  { inner }: StatementFacts,
  part: Statement,
  plan: SubstitutionPlan,
  context: AnalysisContext,
  parsers: MysqlParsers,
): Edit {
  const literal = part.tokens.at(-2)!
  const facts: Facts = { dialect: context.catalog.dialect, text: literal.value, statements: [inner!] }
  const text = rewriteMysql(facts, [plan], context, parsers)
  return { start: literal.start, end: literal.end, text: quoteString(text, lexMode(context.sqlMode)) }
}

interface Spliced {
  readonly text: string
  /** The words and signs that the text must consist of. */
  readonly expected: readonly string[]
}

function splice(text: string, tokens: readonly Token[], edits: readonly Edit[], mode: LexMode): Spliced {
  const byStart = new Map(edits.filter(({ start, end }) => end > start).map((edit) => [edit.start, edit]))
  const behind = new Map(edits.filter(({ start, end }) => end === start).map((edit) => [edit.start, edit]))
  const expected: string[] = []
  let out = ''
  let end = 0
  for (const token of tokens) {
    if (token.start < end || token.kind === 'end') continue
    const edit = byStart.get(token.start)
    out += gap(text.slice(end, token.start), out === '')
    out += edit?.text ?? token.text
    expected.push(...(edit ? words(tokenize(edit.text, mode)) : [token.text]))
    if (edit) byStart.delete(token.start)
    end = edit?.end ?? token.end
    const addition = behind.get(end)
    if (!addition) continue
    out += addition.text
    expected.push(...words(tokenize(addition.text, mode)))
    behind.delete(end)
  }
  if (byStart.size + behind.size > 0) throw mismatch('a place to rewrite was not found')
  return { text: out, expected }
}

/** White space stays; a gap with a comment becomes one space. */
function gap(between: string, first: boolean): string {
  if (first || between === '') return ''
  return /^\s*$/.test(between) ? between : ' '
}

function words(tokens: readonly Token[]): string[] {
  return tokens.filter(({ kind }) => kind !== 'end').map(({ text }) => text)
}

function sameTokens(tokens: readonly Token[], expected: readonly string[]): boolean {
  const found = words(tokens)
  return found.length === expected.length && found.every((word, index) => word === expected[index])
}

/** Read again without a default database: every relation must be named in full, and be the one that was meant. */
function verify(facts: Facts, text: string, context: AnalysisContext): void {
  const again = analyzeRewritten(text, { ...context, defaultDatabase: null })
  if (again.statements.length !== facts.statements.length) throw mismatch('the rewritten text has other statements')
  for (const [index, before] of facts.statements.entries()) {
    const after = again.statements[index]!
    if (after.opaque) throw mismatch(after.opaque.reason)
    const same =
      after.kind === before.kind &&
      relationsOf(after) === relationsOf(before) &&
      after.output?.length === before.output?.length
    if (!same) throw mismatch('the rewritten statement is another one')
  }
}

function relationsOf({ uses }: StatementFacts): string {
  const ordered = [...uses].sort((left, right) => left.span.start - right.span.start)
  return ordered.map(({ relation, role }) => `${relation.schema}\0${relation.name}\0${role}`).join('\0\0')
}

function mismatch(reason: string): SallyportError {
  return new SallyportError('SP-OPAQUE', `the statement could not be rewritten: ${reason}`)
}
