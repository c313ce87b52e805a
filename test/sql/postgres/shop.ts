import { type Catalog, type Relation, type RelationKind, relationKey } from '../../../src/sql/catalog.ts'
import type { AnalysisContext } from '../../../src/sql/facts.ts'

const TYPES: Readonly<Record<string, readonly [string, number]>> = {
  int: ['integer', 23],
  text: ['text', 25],
  date: ['date', 1082],
  bool: ['boolean', 16],
  jsonb: ['jsonb', 3802],
  numeric: ['numeric(10,2)', 1700],
  timestamp: ['timestamp without time zone', 1114],
  oid: ['oid', 26],
  name: ['name', 19],
  texts: ['text[]', 1009],
  int2vector: ['int2vector', 22],
}

let nextOid = 16_384

/** A relation from `name:type` words. */
function relation(schema: string, name: string, columns: string, extra: Partial<Relation> = {}): Relation {
  const kind: RelationKind = schema === 'pg_catalog' ? 'system' : 'table'
  const built = columns.split(' ').map((word, index) => {
    const [column, type] = word.split(':')
    const [sql, oid] = TYPES[type!]!
    return { name: column!, ordinal: index + 1, type: sql, typeOid: oid, collation: null, generatedFrom: [] }
  })
  const base: Relation = {
    kind,
    schema,
    name,
    oid: nextOid++,
    columns: built,
    primaryKey: ['id'],
    constrained: ['id'],
    parents: [],
    definition: null,
    hasTriggers: false,
    hasRules: false,
    rowSecurity: false,
  }
  return { ...base, ...extra }
}

const USERS =
  'id:int tenant_id:int full_name:text country:text email:text phone:text ssn:text dob:date status:text opt_in:bool created_at:timestamp email_lower:text'

const RELATIONS: readonly Relation[] = [
  relation('shop', 'tenants', 'id:int name:text plan:text'),
  relation('shop', 'users', USERS, { constrained: ['id', 'tenant_id', 'ssn', 'email'] }),
  relation('shop', 'vip_users', `${USERS} tier:text`, { parents: [relationKey('shop', 'users')] }),
  relation('shop', 'products', 'id:int sku:text name:text price:numeric'),
  relation(
    'shop',
    'orders',
    'id:int user_id:int tenant_id:int status:text total:numeric placed_at:timestamp notes:text',
  ),
  relation('shop', 'payments', 'id:int order_id:int paid_on:date amount:numeric currency:text card_number:text', {
    kind: 'partitioned',
  }),
  relation('shop', 'documents', 'id:int user_id:int kind:text title:text body:jsonb'),
  relation('shop', 'cases', 'id:int user_id:int subject:text state:text priority:int'),
  relation('shop', 'case_events', 'id:int case_id:int at:timestamp kind:text detail:text'),
  relation('shop', 'Mixed Case', 'id:int Label:text tags:texts'),
  relation('shop', 'secrets', 'id:int name:text api_key:text'),
  relation('shop', 'v_user_contacts', 'user_id:int full_name:text contact:text reach:text', { kind: 'view' }),
  relation('shop', 'v_secret_names', 'id:int name:text k:text', { kind: 'view' }),
  relation('shop', 'mv_user_dir', 'id:int full_name:text addr:text tax:text', { kind: 'materialized_view' }),
  relation('internal', 'audit_log', 'id:int actor:text detail:text'),
  relation(
    'pg_catalog',
    'pg_class',
    'oid:oid relname:name relnamespace:oid relkind:text relpartbound:text reltablespace:oid',
  ),
  relation(
    'pg_catalog',
    'pg_index',
    'indexrelid:oid indrelid:oid indisprimary:bool indisunique:bool indisclustered:bool indisvalid:bool indisreplident:bool indkey:int2vector',
  ),
  relation(
    'pg_catalog',
    'pg_constraint',
    'oid:oid conrelid:oid conindid:oid contype:text condeferrable:bool condeferred:bool',
  ),
  relation('pg_catalog', 'pg_settings', 'name:text setting:text'),
  relation('pg_catalog', 'pg_description', 'objoid:oid classoid:oid objsubid:int description:text'),
]

const catalog: Catalog = {
  dialect: 'postgres',
  version: '15.18',
  major: 15,
  database: 'corpus',
  digest: '0',
  schemas: new Set(['shop', 'internal', 'scratch', 'ext', 'pg_catalog']),
  relations: new Map(RELATIONS.map((each) => [relationKey(each.schema, each.name), each])),
  relationsByOid: new Map(RELATIONS.map((each) => [each.oid, each])),
  functions: new Map([
    ['f_user_email', ['shop']],
    ['f_users', ['shop']],
    ['f_contact', ['shop']],
    ['agg_cat', ['shop']],
    ['lower', ['scratch']],
  ]),
  operators: new Map([['===', ['shop']]]),
  types: new Map([
    ['ssn_t', ['shop']],
    ['contact_t', ['shop']],
  ]),
  searchPath: ['public'],
  lowerCaseTableNames: 0,
  sqlMode: new Set(),
}

/** The schema of a small shop, with the people's data that its policies would mask. */
export const SHOP: AnalysisContext = { catalog, searchPath: ['shop'], defaultDatabase: null, sqlMode: new Set() }

export const SENSITIVE: ReadonlySet<string> = new Set([
  'email',
  'phone',
  'ssn',
  'dob',
  'card_number',
  'body',
  'email_lower',
])

/** The tables of `SHOP` on a real server. */
export function shopTablesSql(): readonly string[] {
  const relations = [...SHOP.catalog.relations.values()].filter(
    ({ schema }) => schema === 'shop' || schema === 'internal',
  )
  const tables = relations.map(({ schema, name, columns }) => {
    const list = columns.map((column) => `"${column.name}" ${column.type}`)
    const key = columns.some((column) => column.name === 'id') ? ', PRIMARY KEY (id)' : ''
    return `CREATE TABLE "${schema}"."${name}" (${list.join(', ')}${key})`
  })
  return ['CREATE SCHEMA shop', 'CREATE SCHEMA internal', ...tables]
}
