import { type Relation, relationKey } from '../sql/catalog.ts'
import type { Facts, Verb } from '../sql/facts.ts'
import { type Coverage, coversSchema } from './coverage.ts'
import type { DecisionInput } from './decision.ts'
import { familyOf } from './family.ts'
import { isView } from './masks.ts'
import { matchesAnyFolded } from './patterns.ts'
import { contextOf, type RuleContext } from './rule_context.ts'
import { judgeView } from './rules/views.ts'
import { isConstantMask } from './sql_mask.ts'

/**
 * What an account of its own may do in the database: what the grant covers, and nothing that it does not. A column whose
 * mask is a constant is left out: no statement that the proxy sends names it.
 */
export interface Privileges {
  /** In MySQL '': the relations are those of every database. */
  readonly database: string
  /** Everything that the target lets the proxy hand on; the lists below are empty then. */
  readonly unrestricted: boolean
  /** Schemas (MySQL: databases) that hold any of the objects below. */
  readonly schemas: readonly string[]
  readonly relations: readonly RelationPrivileges[]
  /** `schema.name` of routines that the role vouches for, all overloads. */
  readonly routines: readonly string[]
  /** Schemas in which definitions may be changed. */
  readonly definitions: readonly string[]
  /** Nothing is written, and no routine called that might. */
  readonly readOnly: boolean
}

export type TablePrivilege = 'select' | 'insert' | 'update' | 'delete'

export interface RelationPrivileges {
  readonly relation: Relation
  readonly privileges: readonly ColumnPrivilege[]
}

export interface ColumnPrivilege {
  readonly privilege: TablePrivilege
  /**
   * In the relation's order; null for all there are and will be, which neither scope nor masks could tell apart. Empty:
   * rows may be counted, and each column is a constant.
   */
  readonly columns: readonly string[] | null
}

export type PrivilegesInput = Pick<
  DecisionInput,
  'target' | 'database' | 'grant' | 'role' | 'masking' | 'catalog' | 'viewFacts'
>

const NOBODY: DecisionInput['identity'] = {
  issuer: '',
  subject: '',
  email: null,
  name: null,
  groups: [],
  aliases: [],
  tokenId: null,
  expiresAt: 0,
  authTime: null,
  acr: null,
  amr: [],
}

const WRITES = ['insert', 'update', 'delete'] as const
const TRIGGER = 'trigger:'

/** `input.role` is the role as the grant narrows it. */
export function privilegesOf(input: PrivilegesInput): Privileges {
  const { role, catalog, database } = input
  const nothing = { database, schemas: [], relations: [], routines: [], definitions: [], readOnly: false }
  if (role.unrestricted) return { ...nothing, unrestricted: true }
  const facts: Facts = { dialect: catalog.dialect, text: '', statements: [] }
  const context = contextOf({ ...input, identity: NOBODY, facts, now: 0 })
  const relations = [...catalog.relations.values()].flatMap((relation) => relationPrivileges(context, relation) ?? [])
  const routines = role.call.filter((name) => !name.startsWith(TRIGGER))
  const definitions = definedIn(context)
  const named = [
    ...relations.map(({ relation }) => relation.schema),
    ...routines.map((name) => name.slice(0, name.indexOf('.'))),
    ...definitions,
  ]
  const writes = relations.some(({ privileges }) => privileges.some(({ privilege }) => privilege !== 'select'))
  return {
    database,
    unrestricted: false,
    schemas: [...new Set(named)].filter((name) => catalog.schemas.has(name)).sort(),
    relations,
    routines,
    definitions,
    readOnly: !writes && routines.length === 0 && definitions.length === 0,
  }
}

/** What both allow. */
export function allowedByBoth(one: Privileges, other: Privileges): Privileges {
  if (one.unrestricted) return other
  if (other.unrestricted) return one
  const those = new Map(other.relations.map((each) => [relationKey(each.relation.schema, each.relation.name), each]))
  const relations = one.relations.flatMap(({ relation, privileges }) => {
    const further = those.get(relationKey(relation.schema, relation.name))?.privileges ?? []
    const both = privileges.flatMap((each) => further.flatMap((another) => sharedPrivilege(each, another)))
    return both.length > 0 ? [{ relation, privileges: both }] : []
  })
  return {
    ...one,
    relations,
    schemas: one.schemas.filter((name) => other.schemas.includes(name)),
    routines: one.routines.filter((name) => other.routines.includes(name)),
    definitions: one.definitions.filter((name) => other.definitions.includes(name)),
    readOnly: one.readOnly || other.readOnly,
  }
}

function sharedPrivilege(one: ColumnPrivilege, other: ColumnPrivilege): readonly ColumnPrivilege[] {
  const { privilege } = one
  if (privilege !== other.privilege) return []
  if (one.columns === null) return [other]
  const columns = one.columns.filter((name) => other.columns === null || other.columns.includes(name))
  return columns.length > 0 || privilege === 'select' ? [{ privilege, columns }] : []
}

function definedIn({ input }: RuleContext): readonly string[] {
  const rules = input.role.scope.filter(({ verbs }) => verbs.includes('ddl'))
  const only = { ...input, role: { ...input.role, scope: rules } }
  return [...input.catalog.schemas].filter((schema) => coversSchema(only, schema)).sort()
}

function relationPrivileges(context: RuleContext, relation: Relation): RelationPrivileges | null {
  if (relation.kind === 'system') return null
  const select = selected(context, relation)
  const privileges = [
    ...(select === undefined ? [] : [{ privilege: 'select' as const, columns: select }]),
    ...(isTable(relation) ? WRITES.flatMap((verb) => written(context, relation, verb)) : []),
  ]
  return privileges.length === 0 ? null : { relation, privileges }
}

function isTable({ kind }: Relation): boolean {
  return kind === 'table' || kind === 'partitioned' || kind === 'foreign_table'
}

function written(context: RuleContext, relation: Relation, verb: (typeof WRITES)[number]): readonly ColumnPrivilege[] {
  const coverage = context.coverage(relation, verb)
  if (!coverage) return []
  if (verb === 'delete' || isWhole(context, coverage)) return [{ privilege: verb, columns: null }]
  const columns = relation.columns.flatMap(({ name }) => (coverage.column(name) ? [name] : []))
  return columns.length > 0 ? [{ privilege: verb, columns }] : []
}

/** Null for the whole relation, undefined for nothing of it. */
function selected(context: RuleContext, relation: Relation): readonly string[] | null | undefined {
  // To plan a statement the server demands the same privileges as to run it.
  const coverage = context.coverage(relation, 'read') ?? context.coverage(relation, 'explain')
  const needed = neededByConditions(context, relation)
  if (!coverage && needed.size === 0) return undefined
  if (isView(relation) && (!coverage || judgeView(context, relation, coverage.named, 0))) return undefined
  if (coverage && isWhole(context, coverage) && !isReachedByMasks(context, relation)) return null
  const isOpen = (name: string) => (coverage?.column(name) ?? false) && !isConstant(context, relation, name)
  const columns = relation.columns.flatMap(({ name }) => (needed.has(name) || isOpen(name) ? [name] : []))
  return coverage || columns.length > 0 ? columns : undefined
}

function isConstant({ masks }: RuleContext, relation: Relation, column: string): boolean {
  const mask = masks.of(relation, column)
  if (mask === null || !isConstantMask(mask)) return false
  return masks.minGroup(relation, column) === null && masks.lookupBudget(relation, column) === null
}

/** Columns that the proxy's own conditions name, and the key that rows are picked by where they are written. */
function neededByConditions(context: RuleContext, relation: Relation): ReadonlySet<string> {
  const verbs: readonly Verb[] = isTable(relation) ? ['read', 'explain', ...WRITES] : ['read', 'explain']
  const bounds = verbs.flatMap((verb) => context.coverage(relation, verb)?.where ?? [])
  if (bounds.length === 0) return new Set()
  const named = new Set(bounds.map(({ column }) => column.toLowerCase()))
  const postgres = context.input.catalog.dialect === 'postgres'
  const ofConditions = relation.columns.filter(({ name }) =>
    postgres ? bounds.some(({ column }) => column === name) : named.has(name.toLowerCase()),
  )
  return new Set([...ofConditions.map(({ name }) => name), ...relation.primaryKey])
}

/** A column that is added tomorrow would be covered as those of today are. */
function isWhole({ input: { role } }: RuleContext, coverage: Coverage): boolean {
  const scope = role.narrowedFrom ?? role.scope
  return coverage.column(NO_COLUMN) && scope.every(({ exceptColumns }) => exceptColumns.length === 0)
}

/** No column can have it: NUL stands in no name. */
const NO_COLUMN = '\0'

/** Some line of the masking policy could hold for a column of the relation, or of what shares its values. */
function isReachedByMasks({ input }: RuleContext, relation: Relation): boolean {
  const { masking, catalog, target, database } = input
  if (masking.masks.length === 0) return false
  if (isView(relation)) return true
  const { ancestors, descendants } = familyOf(catalog, relation)
  const names = [relation, ...ancestors, ...descendants].flatMap((one) => [one, ...(one.formerly ?? [])])
  return masking.masks.some(
    ({ targets, databases, schemas, tables }) =>
      matchesAnyFolded(targets, target) &&
      names.some(
        ({ schema, name }) =>
          matchesAnyFolded(databases, catalog.dialect === 'postgres' ? database : schema) &&
          matchesAnyFolded(schemas, schema) &&
          matchesAnyFolded(tables, name),
      ),
  )
}
