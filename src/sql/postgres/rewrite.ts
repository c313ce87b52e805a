import { SallyportError } from '../../errors.ts'
import { applyEdits, type Edit, type Rewritten } from '../edits.ts'
import type { AnalysisContext, Facts, RelationUse } from '../facts.ts'
import type { PostgresParser } from '../parsers.ts'
import type { Substitution, SubstitutionPlan } from '../substitution.ts'
import { expectedTree, type Replacement, sameTree } from './expected_tree.ts'
import { type Grouping, groupingSql, groupingsOf } from './group_columns.ts'
import { isKeyword, quoteName, readSource, type Source } from './source.ts'
import { qualifiedName, subqueryFor } from './substitute.ts'

const UNPARSED = 'a row condition does not parse'

/**
 * The text that goes to the server: each planned reference as a subquery, every other relation under its schema's
 * name, all else as written. The result is parsed again and must be the intended tree; else SP-OPAQUE. A reference
 * that nothing can stand in for gives SP-MASKED.
 */
export function rewritePostgres(
  facts: Facts,
  plans: readonly SubstitutionPlan[],
  context: AnalysisContext,
  parser: PostgresParser,
): Rewritten {
  if (facts.dialect !== 'postgres' || context.catalog.dialect !== 'postgres') return refuseRewrite('another dialect')
  const source = readSource(facts.text)
  const replacements = facts.statements.flatMap((statement, index) =>
    statement.uses.map((use) => replacementFor(use, plans[index]?.get(use.id), parser)),
  )
  const edits = replacements.flatMap((replacement) => editsFor(source, replacement))
  if (edits.length === 0) return { text: facts.text, edits: [] }
  const tree = parseOr(parser, facts.text, 'the statement does not parse')
  const groupings = groupingsFor(tree, source, replacements)
  const all = [...edits, ...groupings.map((grouping) => groupingEdit(source, grouping))]
  const rewritten = applyEdits(facts.text, all) ?? refuseRewrite('two replacements overlap')
  verify(tree, rewritten.text, (before) => expectedTree(before, source, replacements, groupings, parser), parser)
  return rewritten
}

function replacementFor(use: RelationUse, substitution: Substitution | undefined, parser: PostgresParser): Replacement {
  if (substitution === undefined) return { use, sql: null }
  if (use.fixed !== null) {
    const name = `${use.relation.schema}.${use.relation.name}`
    throw new SallyportError('SP-MASKED', `${name} is protected, and nothing can stand in for it here (${use.fixed})`)
  }
  if (substitution.where !== null) checkCondition(substitution.where, parser)
  return { use, sql: subqueryFor(use, substitution) }
}

/** A condition is one expression, and no text that ends the subquery around it. */
function checkCondition(where: string, parser: PostgresParser): void {
  const parts = [where, `(${where})`].map((text) => parseOr(parser, `SELECT 1 WHERE ${text}`, UNPARSED))
  const expected = parseOr(parser, `SELECT 1 WHERE (${where}) OFFSET 0`, UNPARSED)
  const shape = (tree: unknown) => JSON.stringify(Object.keys(firstSelect(tree)).sort())
  const plain = JSON.stringify(['limitOption', 'op', 'targetList', 'whereClause'])
  if (parts.some((tree) => shape(tree) !== plain)) refuseRewrite('a row condition is no single expression')
  if (!('limitOffset' in firstSelect(expected))) refuseRewrite('a row condition is no single expression')
}

function editsFor(source: Source, { use, sql }: Replacement): readonly Edit[] {
  const { start, end } = use.span
  if (sql === null) return use.qualified ? [] : [{ start, end, text: qualifiedReference(source, use) }]
  const aliased = use.hasAlias ? sql : `${sql} AS ${quoteName(use.alias)}`
  const qualifiers = use.qualifiers.map((span) => ({ ...span, text: quoteName(use.alias) }))
  // TABLE takes a name alone.
  const before = (source.starts.get(start) ?? 0) - 1
  const command = isKeyword(source, before, 'table') ? source.tokens[before] : undefined
  if (command === undefined) return [{ start, end, text: aliased }, ...qualifiers]
  return [{ start: command.start, end, text: `SELECT * FROM ${aliased}` }, ...qualifiers]
}

function qualifiedReference(source: Source, use: RelationUse): string {
  const star = source.text[use.span.end - 1] === '*' ? ' *' : ''
  return `${use.only ? 'ONLY ' : ''}${qualifiedName(use)}${star}`
}

/** Compares what the rewritten text means with what it should mean. */
function verify(before: unknown, after: string, expect: (tree: unknown) => unknown, parser: PostgresParser): void {
  let same = false
  try {
    same = sameTree(expect(before), parser.parse(after))
  } catch (error) {
    throw new SallyportError('SP-OPAQUE', 'the statement could not be rewritten', { cause: error })
  }
  if (!same) refuseRewrite('the rewritten statement is not the intended one')
}

function groupingsFor(tree: unknown, source: Source, replacements: readonly Replacement[]): readonly Grouping[] {
  if (replacements.every(({ sql }) => sql === null)) return []
  try {
    return groupingsOf(tree, source, replacements)
  } catch (error) {
    throw new SallyportError('SP-OPAQUE', 'the statement could not be rewritten', { cause: error })
  }
}

function groupingEdit(source: Source, grouping: Grouping): Edit {
  const start = source.unit(grouping.location)
  return { start, end: start, text: groupingSql(grouping) }
}

function parseOr(parser: PostgresParser, text: string, reason: string): unknown {
  try {
    return parser.parse(text)
  } catch {
    return refuseRewrite(reason)
  }
}

function firstSelect(tree: unknown): object {
  const statements = (tree as { stmts: readonly { stmt: { SelectStmt?: object } }[] }).stmts
  return (statements.length === 1 ? statements[0]?.stmt.SelectStmt : undefined) ?? {}
}

function refuseRewrite(reason: string): never {
  throw new SallyportError('SP-OPAQUE', reason)
}
