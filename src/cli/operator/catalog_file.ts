import * as z from 'zod'
import { SallyportError } from '../../errors.ts'
import { type Catalog, type NamesBySchema, type Relation, relationKey } from '../../sql/catalog.ts'
import { sealed } from '../../upstream/catalog_content.ts'

/** A catalog as a file: what the analysis knows of a database, without a row of it. For tests of policy away from it. */

export interface CatalogFile {
  readonly target: string
  /** '' in MySQL. */
  readonly database: string
  readonly catalog: Catalog
}

const names = z.array(z.tuple([z.string(), z.array(z.string())]))
const texts = z.array(z.string())
/** What a later version adds is kept as it is. */
const columnShape = z.looseObject({
  name: z.string(),
  ordinal: z.int(),
  type: z.string(),
  typeOid: z.int(),
  collation: z.string().nullable(),
  generatedFrom: texts,
})
const relationShape = z.looseObject({
  kind: z.enum(['table', 'partitioned', 'view', 'materialized_view', 'foreign_table', 'sequence', 'system']),
  schema: z.string(),
  name: z.string(),
  oid: z.int(),
  columns: z.array(columnShape),
  primaryKey: texts,
  constrained: texts,
  parents: texts,
  definition: z.string().nullable(),
  hasTriggers: z.boolean(),
  hasRules: z.boolean(),
  rowSecurity: z.boolean(),
})
const typeShape = z.looseObject({ schema: z.string(), name: z.string(), kind: z.string() })
const fileShape = z.strictObject({
  catalog: z.literal('sallyport'),
  format: z.literal(1),
  target: z.string(),
  database: z.string(),
  dialect: z.enum(['postgres', 'mysql', 'mariadb']),
  version: z.string(),
  major: z.int(),
  schemas: texts,
  searchPath: texts,
  sqlMode: texts,
  lowerCaseTableNames: z.int(),
  relations: z.array(relationShape),
  /** Names by which a relation is found, with its place in the list. */
  keys: z.array(z.tuple([z.string(), z.int()])),
  functions: names,
  operators: names,
  types: names,
  onOwnTypes: z.strictObject({ functions: names, operators: names }).optional(),
  typesByOid: z.array(z.tuple([z.int(), typeShape])).optional(),
})

export function catalogText({ target, database, catalog }: CatalogFile): string {
  const { dialect, version, major, searchPath, lowerCaseTableNames, onOwnTypes, typesByOid } = catalog
  const relations = [...new Set(catalog.relations.values())]
  const places = new Map(relations.map((relation, at) => [relation, at]))
  const file = {
    ...{ catalog: 'sallyport', format: 1, target, database, dialect, version, major, searchPath, lowerCaseTableNames },
    schemas: [...catalog.schemas],
    sqlMode: [...catalog.sqlMode],
    relations,
    keys: [...catalog.relations].map(([key, relation]) => [key, places.get(relation)]),
    functions: [...catalog.functions],
    operators: [...catalog.operators],
    types: [...catalog.types],
    ...(onOwnTypes && {
      onOwnTypes: { functions: [...onOwnTypes.functions], operators: [...onOwnTypes.operators] },
    }),
    ...(typesByOid && { typesByOid: [...typesByOid] }),
  }
  return `${JSON.stringify(file, null, 1)}\n`
}

/** Throws `SP-INPUT`. */
export function parseCatalog(text: string, file: string): CatalogFile {
  const parsed = fileShape.safeParse(jsonOf(text, file))
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? ''
    throw new SallyportError('SP-INPUT', `${file} is no catalog of sallyport policy catalog: ${where}`)
  }
  const { data } = parsed
  const relations = data.relations as unknown as readonly Relation[]
  const byKey = data.keys.flatMap(([key, at]): [string, Relation][] => {
    const relation = relations[at]
    return relation === undefined ? [] : [[key, relation]]
  })
  const { dialect, version, major, searchPath, lowerCaseTableNames, onOwnTypes, typesByOid } = data
  const catalog = sealed({
    ...{ dialect, version, major, database: data.database, searchPath, lowerCaseTableNames },
    schemas: new Set(data.schemas),
    sqlMode: new Set(data.sqlMode),
    relations: new Map(byKey),
    relationsByOid: byOid(dialect, relations),
    functions: new Map(data.functions),
    operators: new Map(data.operators),
    types: new Map(data.types),
    ...(onOwnTypes && {
      onOwnTypes: { functions: new Map(onOwnTypes.functions), operators: new Map(onOwnTypes.operators) },
    }),
    ...(typesByOid && { typesByOid: new Map(typesByOid) as unknown as NonNullable<Catalog['typesByOid']> }),
  })
  return { target: data.target, database: data.database, catalog }
}

function byOid(dialect: Catalog['dialect'], relations: readonly Relation[]): Catalog['relationsByOid'] {
  return dialect === 'postgres' ? new Map(relations.map((relation) => [relation.oid, relation])) : new Map()
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SallyportError('SP-INPUT', `${file} is no JSON`, { cause })
  }
}

export interface InlineTable {
  readonly name: string
  readonly columns: Readonly<Record<string, string>>
  readonly primaryKey?: readonly string[] | undefined
  readonly view?: string | undefined
}

const FIRST_OID = 16_384
const NO_NAMES: NamesBySchema = new Map()
const DEFAULT_VERSION = { postgres: '18.0', mysql: '9.7.0' } as const
/** pg_type.dat; of another type the analysis needs no more than its name. */
const TYPE_OIDS: Readonly<Record<string, number>> = {
  ...{ boolean: 16, bytea: 17, bigint: 20, smallint: 21, integer: 23, int: 23, text: 25, json: 114, real: 700 },
  ...{ 'double precision': 701, inet: 869, date: 1082, time: 1083, timestamp: 1114, timestamptz: 1184, numeric: 1700 },
  ...{ 'timestamp with time zone': 1184, uuid: 2950, jsonb: 3802, varchar: 1043, 'character varying': 1043 },
}

/** Tables that stand in a test file itself. */
export function inlineCatalog(
  engine: 'postgres' | 'mysql',
  database: string,
  { tables, version, searchPath }: InlineCatalog,
): Catalog {
  const shown = version ?? DEFAULT_VERSION[engine]
  const relations = tables.map((table, at) => relationOf(engine, table, FIRST_OID + at))
  const schemas = [...new Set(relations.map(({ schema }) => schema))]
  return sealed({
    dialect: engine === 'postgres' ? 'postgres' : /mariadb/i.test(shown) ? 'mariadb' : 'mysql',
    version: shown,
    major: Number.parseInt(shown, 10),
    database: engine === 'postgres' ? database : '',
    schemas: new Set(schemas),
    relations: new Map(relations.map((relation) => [relationKey(relation.schema, relation.name), relation])),
    relationsByOid: byOid(engine, relations),
    ...{ functions: NO_NAMES, operators: NO_NAMES, types: NO_NAMES },
    searchPath: engine === 'postgres' ? (searchPath ?? schemas) : [],
    lowerCaseTableNames: 0,
    sqlMode: new Set(),
  })
}

export interface InlineCatalog {
  readonly tables: readonly InlineTable[]
  readonly version?: string | undefined
  readonly searchPath?: readonly string[] | undefined
}

function relationOf(engine: 'postgres' | 'mysql', table: InlineTable, oid: number): Relation {
  const [schema = '', ...rest] = table.name.split('.')
  const name = rest.join('.')
  if (name === '') throw new SallyportError('SP-INPUT', `the table ${table.name} needs its schema: shop.${table.name}`)
  const primaryKey = table.primaryKey ?? []
  const columns = Object.entries(table.columns).map(([column, type], at) => ({
    name: column,
    ordinal: at + 1,
    type,
    typeOid: engine === 'postgres' ? (TYPE_OIDS[type.toLowerCase().replace(/\(.*$/, '').trim()] ?? 0) : 0,
    collation: null,
    generatedFrom: [],
  }))
  return {
    ...{
      kind: table.view === undefined ? 'table' : 'view',
      schema,
      name,
      oid: engine === 'postgres' ? oid : 0,
      columns,
    },
    ...{ primaryKey, constrained: primaryKey, parents: [], definition: table.view ?? null },
    ...{ hasTriggers: false, hasRules: false, rowSecurity: false },
    ...(engine === 'mysql' && table.view === undefined ? { transactional: true as const } : {}),
  }
}
