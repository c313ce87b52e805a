import type { MaskRule } from '../masking/rule.ts'
import { type Catalog, type Column, type Relation, type RelationName, relationKey } from '../sql/catalog.ts'
import type { ColumnRef, StatementFacts } from '../sql/facts.ts'
import { classesOf } from './classification.ts'
import { familyOf } from './family.ts'
import type { MaskingPolicy } from './masking_policy.ts'
import { matchesAny, matchesAnyFolded } from './patterns.ts'
import type { Role } from './role.ts'

export interface MasksInput {
  readonly target: string
  readonly database: string
  readonly role: Role
  readonly masking: MaskingPolicy
  readonly catalog: Catalog
  readonly viewFacts: (view: Relation) => StatementFacts | null
}

export interface Masks {
  /** The mask that this person's role leaves on a column, or null. */
  readonly of: (relation: Relation, column: string) => MaskRule | null
  /** The smallest group over which the column may be aggregated in clear, where its own line of the policy says so. */
  readonly minGroup: (relation: Relation, column: string) => number | null
  /** How many clear values a person may look up in an hour, where the column's own line of the policy says so. */
  readonly lookupBudget: (relation: Relation, column: string) => number | null
  /** As `of`, by the names of what the server describes as a field's origin. */
  readonly ofOrigin: (schema: string, table: string, column: string) => MaskRule | null
}

const NULL_MASK: MaskRule = { strategy: 'null' }

/** Views that name one another in a ring can't exist; a deeper nest than this is not followed but masked. */
const VIEW_DEPTH_MAX = 16

type Listed = MaskRule | 'lifted' | null

/**
 * Which mask each column carries under a role. A line of the policy comes first, then what the column is made of: the
 * same column of an ancestor or descendant, the sources of a generated or view column. What can't be followed is NULL.
 */
export function createMasks(input: MasksInput): Masks {
  const known = new Map<Relation, Map<string, MaskRule | null>>()
  const of = (relation: Relation, column: string): MaskRule | null => {
    let byColumn = known.get(relation)
    if (!byColumn) {
      byColumn = new Map()
      known.set(relation, byColumn)
    }
    let rule = byColumn.get(column)
    if (rule === undefined) {
      rule = maskOf(input, relation, column, 0)
      byColumn.set(column, rule)
    }
    return rule
  }
  const minGroup = (relation: Relation, column: string) => minGroupOf(input, relation, column)
  const lookupBudget = (relation: Relation, column: string) =>
    isSingle(input, relation, column)
      ? (lineOf(input, relation, column, commentOf(relation, column))?.equality?.budgetPerHour ?? null)
      : null
  return {
    of,
    minGroup,
    lookupBudget,
    ofOrigin: (schema, table, column) => originMask(input, of, schema, table, column),
  }
}

/** A table that the catalog does not hold can only be judged by its name: the policy's lines apply to it all the same. */
function originMask(
  input: MasksInput,
  of: Masks['of'],
  schema: string,
  table: string,
  column: string,
): MaskRule | null {
  const { catalog, role } = input
  if (role.unrestricted) return null
  const relation = catalog.relations.get(relationKey(schema, table)) ?? foldedRelation(catalog, schema, table)
  if (relation) return of(relation, catalog.dialect === 'postgres' ? column : spelledAs(relation, column))
  const listed = listedMask(input, { schema, name: table }, column)
  return listed === 'lifted' ? null : listed
}

function foldedRelation(catalog: Catalog, schema: string, table: string): Relation | undefined {
  if (catalog.dialect === 'postgres' || catalog.lowerCaseTableNames === 0) return undefined
  return catalog.relations.get(relationKey(schema.toLowerCase(), table.toLowerCase()))
}

function spelledAs({ columns }: Relation, column: string): string {
  const folded = column.toLowerCase()
  return columns.find(({ name }) => name.toLowerCase() === folded)?.name ?? column
}

function maskOf(input: MasksInput, relation: Relation, column: string, depth: number): MaskRule | null {
  if (input.masking.masks.length === 0) return null
  if (input.role.unrestricted || relation.kind === 'system') return null
  const listed = listedMask(input, relation, column)
  if (listed) return listed === 'lifted' ? null : listed
  if (isView(relation)) return viewColumnMask(input, relation, column, depth)
  const inherited = relativeMask(input, relation, column)
  if (inherited) return inherited
  const found = relation.columns.find(({ name }) => name === column)
  return found ? generatedMask(input, relation, found, depth) : null
}

/** A view without a definition is one that can't be followed. */
export function isView({ kind, definition }: Relation): boolean {
  return kind === 'view' || kind === 'materialized_view' || definition !== null
}

/** `inComment`: the classes that the column's own comment names, whatever it is called in this call. */
function lineOf(input: MasksInput, named: RelationName, column: string, inComment: readonly string[]) {
  const { target, database, masking, catalog } = input
  const { schema, name } = named
  // MySQL compares column names without case, and a mask there rather matches too much.
  const matches = catalog.dialect === 'postgres' ? matchesAny : matchesAnyFolded
  const place = catalog.dialect === 'postgres' ? database : schema
  return masking.masks.find(
    (mask) =>
      matchesAny(mask.targets, target) &&
      matches(mask.databases, place) &&
      matches(mask.schemas, schema) &&
      matches(mask.tables, name) &&
      matches(mask.columns, column) &&
      (mask.classes === undefined || hasClass(input, mask.classes, named, column, inComment)),
  )
}

const NO_CLASSES = { columns: [], ids: new Map<string, string>() }

function hasClass(
  { target, database, masking, catalog }: MasksInput,
  patterns: readonly string[],
  named: RelationName,
  column: string,
  inComment: readonly string[],
): boolean {
  const classification = masking.classification ?? NO_CLASSES
  const classes = classesOf({ target, database, catalog, classification }, named, column, inComment)
  return classes.some((one) => matchesAny(patterns, one))
}

function commentOf({ columns }: Pick<Relation, 'columns'>, column: string): readonly string[] {
  return columns.find(({ name }) => name === column)?.classes ?? []
}

/** What had another name before may be under a line of it that makes no such exception. */
function isSingle({ catalog }: MasksInput, relation: Relation, column: string): boolean {
  if (relation.formerly || relation.columns.some(({ name, formerly }) => name === column && formerly)) return false
  const { ancestors, descendants } = familyOf(catalog, relation)
  return relation.kind === 'table' && ancestors.length === 0 && descendants.length === 0
}

/** A table whose rows also show under another name, or that has no key to tell rows by, is aggregated from masks. */
function minGroupOf(input: MasksInput, relation: Relation, column: string): number | null {
  if (!isSingle(input, relation, column) || relation.primaryKey.length === 0) return null
  return lineOf(input, relation, column, commentOf(relation, column))?.aggregate?.minGroup ?? null
}

/** A new name neither takes a mask away nor lifts it: each name that there was is judged, and two rules give NULL. */
function listedMask(input: MasksInput, relation: RelationName & Partial<Relation>, column: string): Listed {
  const { columns = [], formerly = [] } = relation
  const before = columns.find(({ name }) => name === column)?.formerly ?? []
  const inComment = commentOf({ columns }, column)
  if (formerly.length === 0 && before.length === 0) return listedByName(input, relation, column, inComment)
  const found = [relation, ...formerly].flatMap((name) =>
    [column, ...before].flatMap((one) => listedByName(input, name, one, inComment) ?? []),
  )
  const [rule, ...others] = new Set(found.filter((listed) => listed !== 'lifted'))
  if (rule === undefined) return found.length > 0 ? 'lifted' : null
  return others.length === 0 ? rule : NULL_MASK
}

function listedByName(input: MasksInput, relation: RelationName, column: string, inComment: readonly string[]): Listed {
  const line = lineOf(input, relation, column, inComment)
  if (input.role.unmask.some((pattern) => lifts(pattern, relation, column))) return 'lifted'
  return line ? line.rule : null
}

/** `schema.table.column`, each part a pattern. */
function lifts(pattern: string, { schema, name }: RelationName, column: string): boolean {
  const parts = pattern.split('.')
  const [ofSchema, ofTable, ofColumn] = parts
  if (parts.length !== 3 || ofSchema === undefined || ofTable === undefined || ofColumn === undefined) return false
  return matchesAny([ofSchema], schema) && matchesAny([ofTable], name) && matchesAny([ofColumn], column)
}

/** A child shows its parent's values, and a parent its children's: a line on either protects both. */
function relativeMask(input: MasksInput, relation: Relation, column: string): MaskRule | null {
  const { ancestors, descendants } = familyOf(input.catalog, relation)
  for (const relative of [...ancestors, ...descendants]) {
    if (!relative.columns.some(({ name }) => name === column)) continue
    const listed = listedMask(input, relative, column)
    if (listed && listed !== 'lifted') return listed
  }
  return null
}

function generatedMask(input: MasksInput, relation: Relation, column: Column, depth: number): MaskRule | null {
  if (depth > VIEW_DEPTH_MAX) return NULL_MASK
  const rules = column.generatedFrom.flatMap((source) => maskOf(input, relation, source, depth + 1) ?? [])
  return madeFrom(rules)
}

function viewColumnMask(input: MasksInput, view: Relation, column: string, depth: number): MaskRule | null {
  const facts = depth > VIEW_DEPTH_MAX ? null : input.viewFacts(view)
  const output = facts?.output
  const index = view.columns.findIndex(({ name }) => name === column)
  const field = output?.[index]
  if (!facts || !output || !field || output.length !== view.columns.length) return NULL_MASK
  const rules = field.sources.flatMap((source) => maskOf(input, source.relation, source.column, depth + 1) ?? [])
  return isPassed(facts, field.origin, field.sources) ? (rules[0] ?? null) : madeFrom(rules)
}

function isPassed(
  facts: StatementFacts,
  origin: { readonly use: number; readonly column: string } | null,
  sources: readonly ColumnRef[],
): boolean {
  const [source, ...others] = sources
  if (!origin || !source || others.length > 0 || source.column !== origin.column) return false
  return facts.uses.some(({ id, relation }) => id === origin.use && relation === source.relation)
}

/** What is computed from masked values is a constant where all of them are the same constant, else NULL. */
function madeFrom(rules: readonly MaskRule[]): MaskRule | null {
  const [first] = rules
  if (!first) return null
  const { strategy } = first
  if (strategy !== 'redact') return NULL_MASK
  return rules.every((rule) => rule.strategy === 'redact' && rule.text === first.text) ? first : NULL_MASK
}
