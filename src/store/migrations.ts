import { type ColumnDataType, type Kysely, sql } from 'kysely'
import { SallyportError } from '../errors.ts'
import type { Tables } from './tables.ts'

/** Forward only. What stands here once released never changes: a new migration is added after it. */

export type StoreKind = 'sqlite' | 'postgres'

interface Migration {
  readonly up: (db: Kysely<Tables>, kind: StoreKind) => Promise<void>
}

/** `text` is compared byte by byte in both; `number` holds milliseconds since the epoch. */
const FIRST_TABLES: Readonly<Record<string, Readonly<Record<string, 'text' | 'number'>>>> = {
  requests: {
    state: 'text',
    kind: 'text',
    person: 'text',
    target: 'text',
    role: 'text',
    created_at: 'number',
    expires_at: 'number',
  },
  grants: {
    state: 'text',
    kind: 'text',
    person: 'text',
    target: 'text',
    role: 'text',
    start: 'number',
    end: 'number',
    review: 'text',
  },
  delegations: { from: 'text', to: 'text', end: 'number' },
  locks: { what: 'text', value: 'text', lifted_at: 'number' },
  passwords: { person: 'text', grant_id: 'text', expires_at: 'number', revoked_at: 'number' },
  certificates: { person: 'text', fingerprint: 'text', expires_at: 'number', revoked_at: 'number' },
  refusals: { person: 'text', target: 'text', expires_at: 'number' },
  accounts: { target: 'text', state: 'text', node: 'text', session_id: 'text', expires_at: 'number' },
  sessions: {
    node: 'text',
    person: 'text',
    target: 'text',
    grant_id: 'text',
    started_at: 'number',
    ended_at: 'number',
  },
  usage: { grant_id: 'text', last_at: 'number' },
  policies: { kind: 'text', name: 'text', number: 'number', at: 'number', superseded_at: 'number' },
  reviews: { state: 'text', due_at: 'number' },
  review_items: { review_id: 'text', decision: 'text', grant_id: 'text' },
  webhooks: { disabled_at: 'number' },
  deliveries: { webhook_id: 'text', next_at: 'number', delivered_at: 'number' },
  answers: { at: 'number' },
  people: { email: 'text', seen_at: 'number' },
  nodes: { seen_at: 'number' },
}

const CHANGES = ['grants', 'locks', 'passwords', 'certificates', 'policies', 'sessions']

const first: Migration = {
  up: async (db, kind) => {
    const typeOf = (type: 'text' | 'number') => (type === 'number' ? ('bigint' as const) : textType(kind))
    for (const [name, columns] of Object.entries(FIRST_TABLES)) {
      let table = db.schema
        .createTable(name)
        .addColumn('id', textType(kind), (column) => column.primaryKey().notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('body', textType(kind), (column) => column.notNull())
      for (const [column, type] of Object.entries(columns)) table = table.addColumn(column, typeOf(type))
      await table.execute()
      for (const column of Object.keys(columns)) {
        await db.schema.createIndex(`${name}_by_${column}`).on(name).columns([column, 'id']).execute()
      }
    }
    await db.schema
      .createTable('store_changes')
      .addColumn('what', textType(kind), (column) => column.primaryKey().notNull())
      .addColumn('counter', 'bigint', (column) => column.notNull())
      .execute()
    await db
      .insertInto('store_changes')
      .values(CHANGES.map((what) => ({ what, counter: 0 })))
      .execute()
    await outbox(db, kind)
    await db.schema
      .createTable('quota_parts')
      .addColumn('key', textType(kind), (column) => column.notNull())
      .addColumn('part', 'bigint', (column) => column.notNull())
      .addColumn('amount', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('quota_parts_key', ['key', 'part'])
      .execute()
  },
}

/** A number is never given twice, also not after the rows that had it are gone. */
async function outbox(db: Kysely<Tables>, kind: StoreKind): Promise<void> {
  await db.schema
    .createTable('outbox')
    .addColumn('seq', kind === 'sqlite' ? 'integer' : 'bigint', (column) =>
      kind === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey().generatedAlwaysAsIdentity(),
    )
    .addColumn('id', textType(kind), (column) => column.notNull())
    .addColumn('body', textType(kind), (column) => column.notNull())
    .execute()
}

/** SQLite compares texts byte by byte unless told otherwise; PostgreSQL by the language of the database. */
function textType(kind: StoreKind) {
  return kind === 'sqlite' ? ('text' as ColumnDataType) : sql<string>`text collate "C"`
}

const MIGRATIONS: readonly Migration[] = [first]

export const SCHEMA_VERSION = MIGRATIONS.length

/** Runs in a transaction that nobody else migrates beside. Rejects with `SP-STORE` where the store is of a newer program. */
export async function migrate(db: Kysely<Tables>, kind: StoreKind): Promise<void> {
  await db.schema.createTable('store_schema').ifNotExists().addColumn('version', 'bigint').execute()
  const row = await db.selectFrom('store_schema').select('version').executeTakeFirst()
  const from = Number(row?.version ?? 0)
  if (from > SCHEMA_VERSION) {
    throw new SallyportError('SP-STORE', `the store is at schema ${from}, this program knows ${SCHEMA_VERSION}`)
  }
  for (const migration of MIGRATIONS.slice(from)) await migration.up(db, kind)
  if (row === undefined) await db.insertInto('store_schema').values({ version: SCHEMA_VERSION }).execute()
  else if (from < SCHEMA_VERSION) await db.updateTable('store_schema').set({ version: SCHEMA_VERSION }).execute()
}
