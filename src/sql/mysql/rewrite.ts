import { SallyportError } from '../../errors.ts'
import type { Edit } from '../edits.ts'
import type { AnalysisContext, Facts, RelationUse, StatementFacts } from '../facts.ts'
import type { SubstitutionPlan } from '../substitution.ts'
import { analyzeMysql } from './analyze.ts'
import { counterEdits } from './counters.ts'
import { keptName, parenthesesAround, type Replaced } from './kept_names.ts'
import { lockText } from './lock_text.ts'
import { forbidsMerging } from './merging.ts'
import { qualifiedText, quoteName, quoteString } from './quoting.ts'
import { groupEdits } from './rewrite_groups.ts'
import { filterEdits, isPicked } from './rewrite_target.ts'
import { type Statement, splitStatements } from './statement_facts.ts'
import { checkPartition, subqueryFor } from './substitute.ts'
import { type LexMode, lexMode, type Token } from './token.ts'
import { tokenize } from './tokenizer.ts'

const NO_PLAN: SubstitutionPlan = new Map()
/** The server takes a comment alone as done, and nothing at all as an error. */
const BARE_COMMENT = '/**/'

/**
 * The text to send: each planned reference replaced by its subquery, every other relation named by its database, and
 * comments left out. What comes out is read again and must be what was meant; else SP-OPAQUE. A planned reference
 * that can't be substituted throws SP-MASKED. `plans` has one entry per statement.
 */
export function rewriteMysql(facts: Facts, plans: readonly SubstitutionPlan[], context: AnalysisContext): string {
  const mode = lexMode(context.sqlMode, context.catalog)
  const tokens = tokenize(facts.text, mode)
  if (tokens.length === 1 && facts.text.trim() !== '') return BARE_COMMENT
  const parts = splitStatements(tokens)
  if (parts.length !== facts.statements.length) throw mismatch('the number of statements differs')
  const edits = facts.statements.flatMap((statement, index) =>
    editsOf({ text: facts.text, context }, statement, parts[index]!, plans[index] ?? NO_PLAN),
  )
  const { text, expected } = splice(facts.text, tokens, edits, mode)
  if (!sameTokens(tokenize(text, mode), expected)) throw mismatch('the rewritten text reads differently')
  if (edits.length > 0) verify(facts, plans, text, context)
  return text
}

interface Writing {
  readonly text: string
  readonly context: AnalysisContext
}

function editsOf(writing: Writing, statement: StatementFacts, part: Statement, plan: SubstitutionPlan): Edit[] {
  if (statement.opaque) throw new SallyportError(statement.opaque.code, statement.opaque.reason)
  const held = statement.kind === 'prepare' && part.tokens.find(({ kind }) => kind === 'string')
  if (held && statement.inner) return [prepareEdit(writing, statement.inner, held, plan)]
  if (statement.kind === 'show' && statement.name === 'status') return [...counterEdits(part.tokens)]
  const edits = statement.uses.flatMap((use) => useEdits(writing, use, plan, part.tokens))
  const columns = statement.uses.filter(({ id }) => plan.has(id)).flatMap(({ relation }) => relation.columns)
  const replaced: Replaced = { text: writing.text, edits, names: columns.map(({ name }) => name) }
  const unnamed = statement.unnamed ?? statement.inner?.unnamed ?? []
  return [...edits, ...unnamed.flatMap((one) => keptName(one, replaced))]
}

function useEdits(
  writing: Writing,
  use: RelationUse,
  plan: SubstitutionPlan,
  tokens: readonly Token[],
): readonly Edit[] {
  const { text, context } = writing
  const mode = lexMode(context.sqlMode, context.catalog)
  const substitution = plan.get(use.id)
  const named = use.qualified ? [] : [{ ...use.span, text: qualifiedText(use.relation) }]
  if (!substitution) return named
  const partition = use.partition ? text.slice(use.partition.start, use.partition.end) : ''
  const name = `${use.relation.schema}.${use.relation.name}`
  const fixed = use.fixed ?? (use.role === 'target' ? 'it is written to' : null)
  if (fixed !== null && (use.role === 'read' || substitution.masks.size > 0))
    throw new SallyportError('SP-MASKED', `${name} can't be masked here: ${fixed}`)
  if (use.role === 'target') {
    checkPartition(use.relation, new Set(substitution.unordered), partition)
    return [...named, ...filterEdits(use, substitution, tokens, mode, context.catalog.dialect)]
  }
  const apart = forbidsMerging(context.catalog.dialect, tokens)
  const searches = tokens.some(({ upper }) => upper === 'AGAINST')
  const inner = subqueryFor(use, substitution, { partition, lock: lockText(tokens), apart, searches }, mode)
  const alias = use.hasAlias ? '' : ` AS ${quoteName(use.alias)}`
  const end = use.partition?.end ?? use.span.end
  const qualifiers = use.qualifiers.map((span) => ({ ...span, text: quoteName(use.alias) }))
  const reference = { start: use.span.start, end, text: `${inner}${alias}` }
  const around = context.catalog.dialect === 'mysql' ? parenthesesAround(use, end, tokens) : []
  return [reference, ...around, ...qualifiers, ...groupEdits(use, substitution.minGroup, tokens)]
}

/** The text of PREPARE is a message of its own inside a string. */
function prepareEdit({ context }: Writing, inner: StatementFacts, literal: Token, plan: SubstitutionPlan): Edit {
  const facts: Facts = { dialect: context.catalog.dialect, text: literal.value, statements: [inner] }
  const text = rewriteMysql(facts, [plan], context)
  return { start: literal.start, end: literal.end, text: quoteString(text, lexMode(context.sqlMode, context.catalog)) }
}

interface Spliced {
  readonly text: string
  /** The words and signs that the text must consist of. */
  readonly expected: readonly string[]
}

function splice(text: string, tokens: readonly Token[], edits: readonly Edit[], mode: LexMode): Spliced {
  const byStart = new Map(edits.filter(({ start, end }) => end > start).map((edit) => [edit.start, edit]))
  const behind = Map.groupBy(
    edits.filter(({ start, end }) => end === start),
    ({ start }) => start,
  )
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
    const addition = (behind.get(end) ?? []).map((one) => one.text).join('')
    behind.delete(end)
    out += addition
    expected.push(...words(tokenize(addition, mode)))
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
function verify(facts: Facts, plans: readonly SubstitutionPlan[], text: string, context: AnalysisContext): void {
  const again = analyzeMysql(text, { ...context, defaultDatabase: null })
  if (again.statements.length !== facts.statements.length) throw mismatch('the rewritten text has other statements')
  for (const [index, before] of facts.statements.entries()) {
    const after = again.statements[index]!
    if (after.opaque) throw mismatch(after.opaque.reason)
    const same =
      after.kind === before.kind &&
      relationsOf(after) === relationsOf(before, plans[index]) &&
      after.output?.length === before.output?.length
    if (!same) throw mismatch('the rewritten statement is another one')
  }
}

/** Every relation of the statement, in any order; rows that are picked by key are read from the target once more. */
function relationsOf({ uses, hasWhere }: StatementFacts, plan: SubstitutionPlan = NO_PLAN): string {
  const named = (use: RelationUse, role: RelationUse['role']) => `${use.relation.schema}\0${use.relation.name}\0${role}`
  const picked = hasWhere ? uses.filter((use) => isPicked(use, plan.get(use.id))) : []
  const all = [...uses.map((use) => named(use, use.role)), ...picked.map((use) => named(use, 'read'))]
  return all.sort().join('\0\0')
}

function mismatch(reason: string): SallyportError {
  return new SallyportError('SP-OPAQUE', `the statement could not be rewritten: ${reason}`)
}
