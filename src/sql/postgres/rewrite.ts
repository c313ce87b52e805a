import { SallyportError } from '../../errors.ts'
import { applyEdits, type Edit, type Rewritten } from '../edits.ts'
import type { AnalysisContext, Facts, RelationUse, StatementFacts } from '../facts.ts'
import type { PostgresParser } from '../parsers.ts'
import type { SubstitutionPlan } from '../substitution.ts'
import { changedPrefixes, expectedTree, type Replacement, sameTree } from './expected_tree.ts'
import { type Grouping, groupingSql, groupingsOf } from './group_columns.ts'
import { groupCondition, groupEdit } from './rewrite_groups.ts'
import { filterEdits, rowFilter } from './rewrite_target.ts'
import { isKeyword, isMentioned, quoteName, readSource, type Source } from './source.ts'
import { type Star, starEdit, starsOf } from './star_columns.ts'
import { qualifiedName, subqueryFor } from './substitute.ts'

/** Starts the name of a reference that can't keep its own. */
const ALIAS = 'sallyport_'

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
  const byStatement = facts.statements.map((statement, index) =>
    replacementsOf(source, statement, plans[index], parser),
  )
  const replacements = byStatement.flat()
  const stars = byStatement.flatMap(starsOf)
  const edits = [...replacements.flatMap((replacement) => editsFor(source, replacement)), ...stars.map(starEdit)]
  if (edits.length === 0) return { text: facts.text, edits: [] }
  const tree = parseOr(parser, facts.text, 'the statement does not parse')
  const groupings = groupingsFor(tree, source, replacements)
  const all = [...edits, ...groupings.map(groupingEdit)]
  const rewritten = applyEdits(facts.text, withoutNested(all, stars)) ?? refuseRewrite('two replacements overlap')
  verify(tree, rewritten.text, (before) => expectedTree(before, source, replacements, groupings, stars, parser), parser)
  return rewritten
}

/** A star that is written out takes its prefix with it. */
function withoutNested(edits: readonly Edit[], stars: readonly Star[]): readonly Edit[] {
  return edits.filter((edit) => !stars.some((star) => star.start === edit.start && star.end > edit.end))
}

function replacementsOf(
  source: Source,
  { uses }: StatementFacts,
  plan: SubstitutionPlan | undefined,
  parser: PostgresParser,
): readonly Replacement[] {
  return uses.map((use) => {
    const substitution = plan?.get(use.id)
    const standing = { use, sql: null, alias: use.alias }
    if (substitution === undefined) return standing
    if (substitution.where !== null) checkCondition(substitution.where, parser)
    if (use.role === 'target' && substitution.masks.size === 0 && substitution.where !== null)
      return { ...standing, filter: rowFilter(use, substitution) }
    if (use.fixed !== null) {
      const name = `${use.relation.schema}.${use.relation.name}`
      throw new SallyportError('SP-MASKED', `${name} is protected, and nothing can stand in for it here (${use.fixed})`)
    }
    const sample = use.sample === undefined ? '' : source.text.slice(use.sample.start, use.sample.end)
    const alias = aliasFor(source, use, uses)
    const groups = groupCondition(alias, substitution.minGroup)
    return { use, sql: subqueryFor(use, substitution, sample), alias, groups }
  })
}

/**
 * A subquery is known by its alias alone, so that a table without one, told apart from another of its name by its schema,
 * gets a name that nothing else has: `shop.users.id` must not become a column of whatever else is called `users`.
 */
function aliasFor(source: Source, use: RelationUse, uses: readonly RelationUse[]): string {
  const named = [use.span, ...(use.prefixes ?? [])]
  const twin = uses.some((other) => other.id !== use.id && other.alias === use.alias)
  const doubtful = twin || (use.qualifiers.length > 0 && isMentioned(source, use.alias, named))
  const qualified = use.qualifiers.length > 0 || uses.some(({ qualifiers }) => qualifiers.length > 0)
  if (use.hasAlias || !doubtful || !qualified) return use.alias
  if (use.wholeRow || use.locked) refuseRewrite(`two things are called "${use.alias}"; give the tables aliases`)
  let number = use.id + 1
  while (isMentioned(source, `${ALIAS}${number}`, [])) number++
  return `${ALIAS}${number}`
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

function editsFor(source: Source, replacement: Replacement): readonly Edit[] {
  const { use, sql, alias } = replacement
  const { start, end } = use.span
  if (sql === null) {
    const filter = replacement.filter ? filterEdits(source, use, replacement.filter) : []
    return use.qualified ? filter : [{ start, end, text: qualifiedReference(source, use) }, ...filter]
  }
  const aliased = use.hasAlias ? sql : `${sql} AS ${quoteName(alias)}`
  const others = changedPrefixes(replacement).map((span) => ({ ...span, text: quoteName(alias) }))
  if (use.sample !== undefined) others.push({ ...use.sample, text: '' })
  if (replacement.groups) others.push(groupEdit(source, use, replacement.groups))
  // TABLE takes a name alone.
  const before = (source.starts.get(start) ?? 0) - 1
  const command = isKeyword(source, before, 'table') ? source.tokens[before] : undefined
  if (command === undefined) return [{ start, end, text: aliased }, ...others]
  return [{ start: command.start, end, text: `SELECT * FROM ${aliased}` }, ...others]
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

function groupingEdit(grouping: Grouping): Edit {
  return { start: grouping.unit, end: grouping.unit, text: groupingSql(grouping) }
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
