import {
  type Column,
  type ForeignKey,
  type Index,
  type Relation,
  type RelationKind,
  relationKey,
  type ViewOptions,
} from '../sql/catalog.ts'
import { classesInComment } from '../sql/column_class.ts'
import { DEFINITION_CHARS_MAX, withSources } from './catalog_content.ts'
import { columnsNamedIn } from './mysql_expression.ts'

export const INFORMATION_SCHEMA = 'information_schema'
const SYSTEM_SCHEMAS = new Set([INFORMATION_SCHEMA, 'mysql', 'performance_schema', 'sys'])

export interface OfRelation {
  readonly schema: string
  readonly relation: string
}

export interface TableRow {
  readonly schema: string
  readonly name: string
  readonly kind: string
  readonly engine: string | null
  readonly transactional: number | null
}

export interface ColumnRow extends OfRelation {
  readonly name: string
  readonly ordinal: number
  readonly type: string
  readonly collation: string | null
  readonly expression: string | null
  readonly comment: string | null
  readonly invisible: number
  readonly on_update: number
}

export interface KeyRow extends OfRelation {
  readonly name: string
  readonly constraint: string
  readonly primary_key: number
  readonly other_schema: string | null
  readonly other_relation: string | null
  readonly other_name: string | null
}

/** One key part: a column by its name, or the text of an expression. */
export interface IndexRow extends OfRelation {
  readonly index: string
  readonly name: string | null
  readonly expression: string | null
  readonly is_unique: number
  readonly visible: number
}

export interface CheckRow extends OfRelation {
  readonly constraint: string
  readonly expression: string | null
}

export interface PartitionRow extends OfRelation {
  readonly method: string | null
  readonly expression: string | null
  readonly sub_method: string | null
  readonly sub_expression: string | null
}

export interface ViewRow extends OfRelation {
  readonly definition: string | null
  readonly definer: string
  readonly security: string
  readonly check: string
  readonly algorithm: string | null
}

type ByRelation<Row> = ReadonlyMap<string, readonly Row[]>

/** Everything that was read, by relation. */
export interface Parts {
  readonly columns: ByRelation<ColumnRow>
  readonly keys: ByRelation<KeyRow>
  /** Foreign keys of other tables, by the table that they refer to. */
  readonly referred: ByRelation<KeyRow>
  readonly indexes: ByRelation<IndexRow>
  readonly checks: ByRelation<CheckRow>
  readonly partitions: ByRelation<PartitionRow>
  readonly views: ByRelation<ViewRow>
  readonly triggers: { has(schema: string, name: string): boolean }
  readonly usesInvisible: boolean
}

/** Something that looks at columns when a row is written. */
interface Use {
  /** What holds them together. */
  readonly by: string
  readonly columns: readonly string[]
  /** With those of other rows. */
  readonly compares: boolean
}

export function relationOf(table: TableRow, parts: Parts): Relation {
  const key = relationKey(table.schema, table.name)
  const rows = parts.columns.get(key) ?? []
  const names = rows.map((row) => row.name)
  const columns = rows.map((row) => columnOf(row, names))
  const kind = kindOf(table)
  const [view] = parts.views.get(key) ?? []
  const primaryKey = primaryKeyOf(parts.keys.get(key) ?? [], names)
  return {
    kind,
    schema: table.schema,
    name: table.name,
    oid: 0,
    columns,
    primaryKey,
    ...constraintsOf(key, parts, columns),
    ...referencesOf(parts.keys.get(key) ?? []),
    ...(kind === 'table' ? { indexes: indexesOf(parts.indexes.get(key) ?? [], names, parts.usesInvisible) } : {}),
    ...partitionedBy(parts.partitions.get(key) ?? [], names, primaryKey),
    parents: [],
    definition: kind === 'view' ? definitionOf(view?.definition ?? null) : null,
    ...(table.kind === 'SYSTEM VERSIONED' ? { versioned: true as const } : {}),
    ...(kind === 'view' && view ? { view: optionsOf(view) } : {}),
    hasTriggers: kind === 'table' && parts.triggers.has(table.schema, table.name),
    hasRules: false,
    rowSecurity: false,
    ...(table.transactional ? { transactional: true as const } : {}),
  }
}

/** Of a system-versioned table it holds a hidden column more; among the rows that are current the rest is enough. */
function primaryKeyOf(rows: readonly KeyRow[], names: readonly string[]): readonly string[] {
  return rows.filter((row) => Number(row.primary_key) === 1 && names.includes(row.name)).map(({ name }) => name)
}

function columnOf(row: ColumnRow, names: readonly string[]): Column {
  const column: Column = {
    name: row.name,
    ordinal: Number(row.ordinal),
    type: row.type,
    typeOid: 0,
    collation: row.collation,
    generatedFrom: columnsNamedIn(row.expression ?? '', names).filter((name) => name !== row.name),
  }
  const classes = classesInComment(row.comment ?? '')
  return {
    ...column,
    ...(classes.length > 0 ? { classes } : {}),
    ...(Number(row.invisible) === 1 ? { invisible: true } : {}),
    ...(Number(row.on_update) === 1 ? { onUpdate: true } : {}),
  }
}

function kindOf(table: TableRow): RelationKind {
  if (SYSTEM_SCHEMAS.has(table.schema.toLowerCase())) return 'system'
  // A MERGE table shows the rows of others, and its definition does not say by a name that is read here.
  if (table.kind === 'VIEW' || /^mrg_/i.test(table.engine ?? '')) return 'view'
  return table.kind === 'SEQUENCE' ? 'sequence' : 'table'
}

type Constraints = Pick<Relation, 'constrained' | 'compared' | 'together' | 'inPrintedTexts'>

function constraintsOf(key: string, parts: Parts, columns: readonly Column[]): Constraints {
  const names = columns.map(({ name }) => name)
  const inChecks = (parts.checks.get(key) ?? []).map((row) => ({
    by: `check ${row.constraint}`,
    columns: columnsNamedIn(row.expression ?? '', names),
    compares: false,
  }))
  const inIndexes = (parts.indexes.get(key) ?? []).filter((row) => Number(row.is_unique) === 1 || row.name === null)
  const uses = [...inChecks, ...keysOf(key, parts), ...inIndexes.map((row) => useOfPart(row, names))]
  const inTexts = [...inChecks, ...inIndexes.filter(({ name }) => name === null).map((row) => useOfPart(row, names))]
  const all = (of: readonly Use[]) =>
    withSources(
      of.flatMap((use) => use.columns),
      columns,
    )
  return {
    constrained: all(uses),
    compared: all(uses.filter(({ compares }) => compares)),
    together: togetherOf(uses, columns),
    inPrintedTexts: all(inTexts),
  }
}

/** A foreign key constrains both ends: a write to the referenced table fails where a referring row exists. */
function keysOf(key: string, parts: Parts): Use[] {
  const own = (parts.keys.get(key) ?? []).map((row) => ({
    by: `key ${row.constraint}`,
    columns: [row.name],
    compares: true,
  }))
  const referred = (parts.referred.get(key) ?? []).map((row) => ({
    by: `key ${row.constraint} of ${keyOf(row)}`,
    columns: row.other_name === null ? [] : [row.other_name],
    compares: true,
  }))
  return [...own, ...referred]
}

function referencesOf(rows: readonly KeyRow[]): Pick<Relation, 'references'> {
  const references = [...Map.groupBy(rows, ({ constraint }) => constraint).values()].flatMap((all): ForeignKey[] => {
    const [{ other_schema: schema, other_relation: name } = { other_schema: null, other_relation: null }] = all
    if (schema === null || name === null) return []
    return [
      { columns: all.map((row) => row.name), to: { schema, name }, theirs: all.map((row) => row.other_name ?? '') },
    ]
  })
  return references.length > 0 ? { references } : {}
}

function useOfPart(row: IndexRow, names: readonly string[]): Use {
  return { by: `key ${row.index}`, columns: columnsOfPart(row, names), compares: Number(row.is_unique) === 1 }
}

function columnsOfPart({ name, expression }: IndexRow, names: readonly string[]): readonly string[] {
  return name === null ? columnsNamedIn(expression ?? '', names) : [name]
}

/** Alone, a column tells of nothing but itself. */
function togetherOf(uses: readonly Use[], columns: readonly Column[]): NonNullable<Relation['together']> {
  const constraints = [...Map.groupBy(uses, ({ by }) => by).values()].map((all) => ({
    columns: withSources(
      all.flatMap((use) => use.columns),
      columns,
    ),
    compared: all.some(({ compares }) => compares),
  }))
  const generated = columns.map(({ generatedFrom }) => ({ columns: generatedFrom, compared: false }))
  return [...constraints, ...generated].filter((one) => one.columns.length > 1)
}

/** The indexes that a statement may use, and that a hint may name: invisible and ignored ones are neither. */
function indexesOf(rows: readonly IndexRow[], names: readonly string[], usesInvisible: boolean): readonly Index[] {
  const usable = rows.filter(({ visible }) => usesInvisible || Number(visible) === 1)
  return [...Map.groupBy(usable, ({ index }) => index)].map(([name, parts]) => {
    const columns = [...new Set(parts.flatMap((part) => columnsOfPart(part, names)))]
    return parts.some((part) => Number(part.is_unique) === 1) ? { name, columns, unique: true } : { name, columns }
  })
}

function partitionedBy(
  rows: readonly PartitionRow[],
  names: readonly string[],
  primaryKey: readonly string[],
): Pick<Relation, 'partitionedBy'> {
  if (rows.length === 0) return {}
  const columns = rows.flatMap(({ method, expression, sub_method, sub_expression }) => [
    ...spreadBy(method, expression, names, primaryKey),
    ...spreadBy(sub_method, sub_expression, names, primaryKey),
  ])
  return { partitionedBy: [...new Set(columns)] }
}

/** Without a primary key, KEY () takes a unique one: any column may be in it. SYSTEM_TIME names none either. */
function spreadBy(
  method: string | null,
  expression: string | null,
  names: readonly string[],
  primaryKey: readonly string[],
): readonly string[] {
  if (method === null || method === 'SYSTEM_TIME') return []
  if (expression) return columnsNamedIn(expression, names)
  return primaryKey.length > 0 ? primaryKey : names
}

function definitionOf(text: string | null): string | null {
  return text === null || text === '' || text.length > DEFINITION_CHARS_MAX ? null : text
}

function optionsOf({ definer, security, check, algorithm }: ViewRow): ViewOptions {
  return {
    definer,
    invoker: security !== 'DEFINER',
    check: check === 'LOCAL' ? 'local' : check === 'NONE' ? 'none' : 'cascaded',
    algorithm: algorithm === null ? null : algorithmOf(algorithm),
  }
}

function algorithmOf(text: string): ViewOptions['algorithm'] {
  if (text === 'MERGE') return 'merge'
  return text === 'TEMPTABLE' ? 'temptable' : 'undefined'
}

export function keyOf(row: OfRelation): string {
  return relationKey(row.schema, row.relation)
}
