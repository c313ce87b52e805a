import type { Catalog, Dialect, Relation, RelationName } from '../sql/catalog.ts'
import type { Verb } from '../sql/facts.ts'
import { familyOf } from './family.ts'
import { matchesAny, matchesAnyFolded } from './patterns.ts'
import type { Role, RowCondition, ScopeRule } from './role.ts'

/** What the scope says of one relation for one verb. */
export interface Coverage {
  readonly column: (name: string) => boolean
  readonly where: readonly RowCondition[]
  /** The rule names the relation itself, not by a pattern: the policy's author meant this one. */
  readonly named: boolean
}

export interface ScopeInput {
  readonly catalog: Catalog
  readonly database: string
  /** With its parameters bound. */
  readonly role: Role
}

/**
 * The first rule that covers the relation for the verb governs its columns and rows. A partition or child is bound by
 * its ancestors' rules too, and a table is out of reach where a descendant is excluded. What had another name before is
 * bound by the rules for that one as well. Null: not covered.
 */
export function coverageOf(input: ScopeInput, relation: Relation, verb: Verb): Coverage | null {
  const whole = wholeScope(input)
  return whole === input ? coverageByScope(input, relation, verb) : narrowedCoverage(input, whole, relation, verb)
}

/** As `coverageOf`, whatever a grant has taken away: what the role says of rows that are out of reach. */
export function coverageUnnarrowed(input: ScopeInput, relation: Relation, verb: Verb): Coverage | null {
  return coverageByScope(wholeScope(input), relation, verb)
}

function wholeScope(input: ScopeInput): ScopeInput {
  const { narrowedFrom, ...role } = input.role
  return narrowedFrom ? { ...input, role: { ...role, scope: narrowedFrom } } : input
}

/** What the whole scope says, for the columns alone that some rule which is left covers by the relation's own name. */
function narrowedCoverage(input: ScopeInput, whole: ScopeInput, relation: Relation, verb: Verb): Coverage | null {
  const { dialect } = input.catalog
  const left = input.role.scope.filter((rule) => coversRelation(input, rule, relation, verb))
  const coverage = left.length > 0 ? coverageByScope(whole, relation, verb) : null
  if (!coverage) return null
  const isLeft = (name: string) => left.some((rule) => coversColumn(dialect, { rule, relation }, name))
  return { ...coverage, column: (name) => isLeft(name) && coverage.column(name) }
}

function coverageByScope(input: ScopeInput, relation: Relation, verb: Verb): Coverage | null {
  const own = ruleFor(input, relation, verb)
  if (!own) return null
  const named = isNamed(own, relation)
  const { ancestors, descendants } = familyOf(input.catalog, relation)
  if (!named && ancestors.some((ancestor) => isExcluded(input, ancestor))) return null
  if (descendants.some((descendant) => isExcluded(input, descendant))) return null
  const bounds: Bound[] = [{ rule: own, relation }]
  for (const name of relation.formerly ?? []) {
    const before = { ...relation, ...name, formerly: [] }
    const rule = ruleFor(input, before, verb)
    if (rule) bounds.push({ rule, relation })
    else if (isExcluded(input, before)) return null
  }
  for (const relative of [...ancestors, ...descendants]) {
    const rule = ruleFor(input, relative, verb)
    if (rule) bounds.push({ rule, relation: relative })
  }
  return {
    column: (name) => bounds.every((bound) => coversColumn(input.catalog.dialect, bound, name)),
    where: [...new Set(bounds.map(({ rule }) => rule))].flatMap((rule) => rule.where),
    named,
  }
}

interface Bound {
  readonly rule: ScopeRule
  readonly relation: Relation
}

/** True where a rule that would cover the relation names it as an exception. */
export function isExcluded(input: ScopeInput, relation: Relation): boolean {
  const { scope, narrowedFrom } = input.role
  return (narrowedFrom ?? scope).some((rule) =>
    namesOf(relation).some((name) => matchesPlace(input, rule, name) && isExceptedName(rule, name)),
  )
}

/** Its own name, then those that it had before. */
function namesOf(relation: Relation): readonly RelationName[] {
  return relation.formerly ? [relation, ...relation.formerly] : [relation]
}

/** True where some rule reaches into the schema (MySQL: the database). */
export function coversSchema({ role, catalog, database }: ScopeInput, schema: string): boolean {
  const name = catalog.dialect === 'postgres' ? database : schema
  return role.scope.some((rule) => matchesAny(rule.databases, name) && matchesAny(rule.schemas, schema))
}

function ruleFor(input: ScopeInput, relation: Relation, verb: Verb): ScopeRule | null {
  return input.role.scope.find((rule) => coversRelation(input, rule, relation, verb)) ?? null
}

function coversRelation(input: ScopeInput, rule: ScopeRule, relation: Relation, verb: Verb): boolean {
  return (
    rule.verbs.includes(verb) &&
    matchesPlace(input, rule, relation) &&
    matchesName(input.catalog, rule.tables, relation.name) &&
    !isException(rule, relation)
  )
}

function matchesPlace({ catalog, database }: ScopeInput, rule: ScopeRule, { schema }: RelationName): boolean {
  // A MySQL session has no database of its own: what its schemas are called are its databases.
  const name = catalog.dialect === 'postgres' ? database : schema
  return matchesName(catalog, rule.databases, name) && matchesName(catalog, rule.schemas, schema)
}

function matchesName(catalog: Catalog, patterns: readonly string[], name: string): boolean {
  return catalog.lowerCaseTableNames === 0 ? matchesAny(patterns, name) : matchesAnyFolded(patterns, name)
}

/** Exceptions match without regard to case: an exception that matches too much refuses. */
function isException(rule: ScopeRule, relation: Relation): boolean {
  return namesOf(relation).some((name) => isExceptedName(rule, name))
}

function isExceptedName({ exceptTables }: ScopeRule, { schema, name }: RelationName): boolean {
  return matchesAnyFolded(exceptTables, name) || matchesAnyFolded(exceptTables, `${schema}.${name}`)
}

/** A relative says nothing of a column that it does not have. */
function coversColumn(dialect: Dialect, { rule, relation }: Bound, column: string): boolean {
  const found = relation.columns.find((known) => known.name === column)
  if (!found) return rule.columns === null
  const spellings = namesOf(relation).flatMap(({ schema, name }) =>
    [column, ...(found.formerly ?? [])].flatMap((one) => [one, `${name}.${one}`, `${schema}.${name}.${one}`]),
  )
  if (spellings.some((spelling) => matchesAnyFolded(rule.exceptColumns, spelling))) return false
  if (rule.columns === null) return true
  return dialect === 'postgres' ? matchesAny(rule.columns, column) : matchesAnyFolded(rule.columns, column)
}

function isNamed({ schemas, tables }: ScopeRule, { schema, name }: Relation): boolean {
  return schemas.includes(schema) && tables.includes(name)
}
