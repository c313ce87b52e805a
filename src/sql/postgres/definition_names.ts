import type { AnalysisContext, DefinitionChange, StatementKind } from '../facts.ts'
import { type Body, str } from './node.ts'
import { creation, partsName, rangeName } from './object_name.ts'

type Change = DefinitionChange['change']
type Changes = readonly DefinitionChange[]

/** One statement that changes definitions: its kind, and how the objects that it names are read from its tree. */
interface DefinitionRule {
  readonly kind: StatementKind
  readonly names: (context: AnalysisContext, body: Body) => Changes
}

/** ObjectType of the parser by the word for it; any other is its own name in lower case. */
const OBJECTS: ReadonlyMap<string, string> = new Map([
  ['OBJECT_MATVIEW', 'materialized_view'],
  ['OBJECT_TABCONSTRAINT', 'constraint'],
  ['OBJECT_DOMCONSTRAINT', 'domain_constraint'],
  ['OBJECT_TABLESPACE', 'tablespace'],
])

/** Objects that belong to a relation: their name comes last, after the relation's. */
const PARTS: ReadonlySet<string> = new Set(['column', 'trigger', 'rule', 'policy', 'constraint'])

const DDL: readonly (readonly [tag: string, change: Change, object: string, name: string, on?: string])[] = [
  ['CreateForeignTableStmt', 'create', 'foreign_table', 'base.relation'],
  ['CreateStmt', 'create', 'table', 'relation'],
  ['ViewStmt', 'create', 'view', 'view'],
  ['CreateSeqStmt', 'create', 'sequence', 'sequence'],
  ['CompositeTypeStmt', 'create', 'type', 'typevar'],
  ['IndexStmt', 'create', 'index', 'idxname', 'relation'],
  ['RuleStmt', 'create', 'rule', 'rulename', 'relation'],
  ['CreateTrigStmt', 'create', 'trigger', 'trigname', 'relation'],
  ['CreatePolicyStmt', 'create', 'policy', 'policy_name', 'table'],
  ['AlterPolicyStmt', 'alter', 'policy', 'policy_name', 'table'],
  ['AlterTableStmt', 'alter', '@objtype', 'relation'],
  ['AlterSeqStmt', 'alter', 'sequence', 'sequence'],
  ['CreateFunctionStmt', 'create', 'function', 'funcname'],
  ['AlterFunctionStmt', 'alter', '@objtype', 'func'],
  ['CreateDomainStmt', 'create', 'domain', 'domainname'],
  ['AlterDomainStmt', 'alter', 'domain', 'typeName'],
  ['CreateEnumStmt', 'create', 'type', 'typeName'],
  ['AlterEnumStmt', 'alter', 'type', 'typeName'],
  ['CreateRangeStmt', 'create', 'type', 'typeName'],
  ['AlterTypeStmt', 'alter', 'type', 'typeName'],
  ['DefineStmt', 'create', '@kind', 'defnames'],
  ['CreateStatsStmt', 'create', 'statistics', 'defnames'],
  ['AlterStatsStmt', 'alter', 'statistics', 'defnames'],
  ['CreateCastStmt', 'create', 'cast', 'targettype'],
  ['CreateConversionStmt', 'create', 'conversion', 'conversion_name'],
  ['CreateOpClassStmt', 'create', 'opclass', 'opclassname'],
  ['CreateOpFamilyStmt', 'create', 'opfamily', 'opfamilyname'],
  ['AlterOpFamilyStmt', 'alter', 'opfamily', 'opfamilyname'],
  ['AlterOperatorStmt', 'alter', 'operator', 'opername'],
  ['CreateTransformStmt', 'create', 'transform', 'type_name'],
  ['AlterTSDictionaryStmt', 'alter', 'tsdictionary', 'dictname'],
  ['AlterTSConfigurationStmt', 'alter', 'tsconfiguration', 'cfgname'],
  ['AlterCollationStmt', 'alter', 'collation', 'collname'],
  ['ImportForeignSchemaStmt', 'create', 'foreign_table', 'local_schema'],
  ['AlterObjectSchemaStmt', 'alter', '@objectType', 'relation|object'],
  ['AlterOwnerStmt', 'alter', '@objectType', 'relation|object'],
  ['AlterObjectDependsStmt', 'alter', '@objectType', 'relation|object'],
  ['CommentStmt', 'alter', '@objtype', 'object'],
  ['SecLabelStmt', 'alter', '@objtype', 'object'],
]

const MAINTENANCE: readonly (readonly [string, string])[] = [
  ['ClusterStmt', 'relation'],
  ['ReindexStmt', 'relation|name'],
  ['RefreshMatViewStmt', 'relation'],
  ['CheckPointStmt', ''],
]

/** Roles, databases, tablespaces, replication, extensions, languages and what else is the whole server's. */
const ADMINISTRATION = `
CreateRoleStmt AlterRoleStmt AlterRoleSetStmt DropRoleStmt GrantRoleStmt DropOwnedStmt ReassignOwnedStmt
AlterDefaultPrivilegesStmt CreatedbStmt DropdbStmt AlterDatabaseStmt AlterDatabaseSetStmt AlterDatabaseRefreshCollStmt
CreateTableSpaceStmt DropTableSpaceStmt AlterTableSpaceOptionsStmt AlterTableMoveAllStmt CreateExtensionStmt
AlterExtensionStmt AlterExtensionContentsStmt CreatePLangStmt CreateAmStmt CreateFdwStmt AlterFdwStmt
CreateForeignServerStmt AlterForeignServerStmt CreateUserMappingStmt AlterUserMappingStmt DropUserMappingStmt
CreatePublicationStmt AlterPublicationStmt CreateSubscriptionStmt AlterSubscriptionStmt DropSubscriptionStmt
CreateEventTrigStmt AlterEventTrigStmt AlterSystemStmt LoadStmt`

/** Every statement of the grammar of PostgreSQL 15 to 18 that changes definitions or the server, by its node. */
export const DEFINITIONS: ReadonlyMap<string, DefinitionRule> = new Map<string, DefinitionRule>([
  ...DDL.map(
    ([tag, change, object, name, on]) => [tag, { kind: 'ddl', names: named(change, object, name, on) }] as const,
  ),
  ...MAINTENANCE.map(([tag, name]) => [tag, { kind: 'maintenance', names: named('alter', 'table', name) }] as const),
  ...ADMINISTRATION.trim()
    .split(/\s+/)
    .map((tag) => [tag, { kind: 'administration', names: () => [] }] as const),
  ['CreateSchemaStmt', { kind: 'ddl', names: schemaNames }],
  ['DropStmt', { kind: 'ddl', names: (context, body) => listed(context, 'drop', body.removeType, body.objects) }],
  ['GrantStmt', { kind: 'ddl', names: (context, body) => listed(context, 'alter', body.objtype, body.objects) }],
  ['RenameStmt', { kind: 'ddl', names: renamed }],
  ['VacuumStmt', { kind: 'maintenance', names: vacuumed }],
])

function named(change: Change, object: string, path: string, on?: string): DefinitionRule['names'] {
  return (context, body) => {
    const kind = object.startsWith('@') ? objectWord(body[object.slice(1)]) : object
    if (on !== undefined) return [part(context, change, kind, rangeParts(at(body, on)), str(body, path))]
    const value = path === '' ? undefined : at(body, path)
    return value === undefined ? [] : [one(context, change, kind, value)]
  }
}

/** The value at `a.b`, or at the first of `a|b` that is there. */
function at(body: Body, path: string): unknown {
  const found = path.split('|').map((way) => way.split('.').reduce<unknown>(inside, body))
  return found.find((value) => value !== undefined)
}

function inside(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Body)[key] : undefined
}

function objectWord(value: unknown): string {
  const name = String(value)
  return OBJECTS.get(name) ?? name.replace(/^OBJECT_/, '').toLowerCase()
}

/** One object by whatever names it in the tree. */
function one(context: AnalysisContext, change: Change, object: string, value: unknown): DefinitionChange {
  const range = rangeOf(value)
  if (range !== null && change === 'create') return creation(context, object, range)
  if (range !== null) return { change, object, ...rangeName(context, range) }
  const parts = partsOf(value)
  if (PARTS.has(object)) return part(context, change, object, parts.slice(0, -1), parts.at(-1) ?? '')
  if (change !== 'create') return { change, object, ...nonRelation(object, partsName(context, parts)) }
  return {
    change,
    object,
    schema: parts.at(-2) ?? context.searchPath[0] ?? null,
    name: parts.at(-1) ?? '',
    relation: null,
  }
}

/** Of a name without arguments that a relation has too, only a relation's own statement means the relation. */
function nonRelation(object: string, found: ReturnType<typeof partsName>): ReturnType<typeof partsName> {
  return RELATIONS.has(object) ? found : { ...found, relation: null }
}

const RELATIONS: ReadonlySet<string> = new Set([
  'table',
  'view',
  'materialized_view',
  'foreign_table',
  'sequence',
  'index',
  'type',
])

function part(
  context: AnalysisContext,
  change: Change,
  object: string,
  relation: readonly string[],
  name: string,
): DefinitionChange {
  const found = partsName(context, relation)
  return { change, object, schema: found.schema, name, relation: found.relation }
}

function listed(context: AnalysisContext, change: Change, object: unknown, objects: unknown): Changes {
  return items(objects).map((value) => one(context, change, objectWord(object), value))
}

function schemaNames(context: AnalysisContext, body: Body): Changes {
  const schema = str(body, 'schemaname')
  const own: DefinitionChange = { change: 'create', object: 'schema', schema: null, name: schema, relation: null }
  const within = { ...context, searchPath: [schema, ...context.searchPath] }
  const inner = items(body.schemaElts).flatMap((element) => {
    const [tag, part] = Object.entries(element as Body)[0] ?? ['', {}]
    return DEFINITIONS.get(tag)?.names(within, part as Body) ?? []
  })
  return [own, ...inner]
}

/** What is renamed, and the name that there is then. */
function renamed(context: AnalysisContext, body: Body): Changes {
  const object = objectWord(body.renameType)
  const parts = body.relation === undefined ? partsOf(body.object ?? body.subname) : rangeParts(body.relation)
  const inner = PARTS.has(object) && body.subname !== undefined
  const found = inner
    ? part(context, 'alter', object, parts, str(body, 'subname'))
    : one(context, 'alter', object, body.relation ?? body.object ?? body.subname)
  return [found, { ...found, change: 'create', name: str(body, 'newname'), relation: null }]
}

function vacuumed(context: AnalysisContext, body: Body): Changes {
  return items(body.rels).flatMap((value) => {
    const relation = at(value as Body, 'VacuumRelation.relation')
    return relation === undefined ? [] : [one(context, 'alter', 'table', relation)]
  })
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function rangeOf(value: unknown): Body | null {
  const body = inside(value, 'RangeVar') ?? value
  return typeof inside(body, 'relname') === 'string' ? (body as Body) : null
}

function rangeParts(value: unknown): readonly string[] {
  const range = rangeOf(value)
  return range === null ? [] : [str(range, 'schemaname'), str(range, 'relname')].filter(Boolean)
}

/** A name in any of its forms: text, a list of String nodes, a type, a function with its arguments. */
function partsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(partsOf)
  const text = at(value as Body, 'String.sval') ?? at(value as Body, 'Integer.ival')
  if (text !== undefined) return [String(text)]
  const deeper = at(value as Body, 'List.items|TypeName.names|ObjectWithArgs.objname|objname|names')
  return deeper === undefined ? [] : partsOf(deeper)
}
