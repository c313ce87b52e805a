import { type ExpressionBuilder, type ExpressionWrapper, type Kysely, type SqlBool, sql } from 'kysely'
import { LRUCache } from 'lru-cache'
import {
  type Filter,
  MAX_PAGE,
  type Query,
  type Range,
  type RecordName,
  type Records,
  type Writing,
} from '../access/ports.ts'
import { SallyportError } from '../errors.ts'
import { asked } from './store_error.ts'
import {
  bodyOf,
  type ColumnValue,
  columnName,
  RECORD_TABLES,
  type RecordTable,
  storedText,
  type Tables,
} from './tables.ts'

type Stored<Name extends RecordName> = Records[Name]['record']
type By<Name extends RecordName> = Records[Name]['by']
type Row = Tables['grants']
type Where = ExpressionWrapper<Tables, 'grants', SqlBool>

/** Values that one filter may list. */
const MAX_LISTED = 10_000

/** The records of one name, in one transaction. `touched` is called before each write. */
export function recordAccess<Name extends RecordName>(
  db: Kysely<Tables>,
  name: Name,
  touched: () => void,
): Writing<Stored<Name>, By<Name>> {
  const of: RecordTable<Name> = RECORD_TABLES[name]
  // All tables of records look alike to the compiler of queries: that of grants stands for each.
  const table = of.table as 'grants'
  const conflict = (id: string, why: string) => new SallyportError('SP-CONFLICT', `${name} ${id}: ${why}`)
  return {
    get: async (id) => {
      const row = await asked(
        db.selectFrom(table).selectAll().$castTo<Row>().where('id', '=', storedText(id)).executeTakeFirst(),
      )
      return row === undefined ? undefined : recordOf(name, of, row)
    },
    list: async (query) => {
      const rows = await asked(listQuery(db, table, conditionsOf(name, of, query.where), query).execute())
      return rows.map((row) => recordOf(name, of, row))
    },
    count: async ({ where }) => {
      const query = db
        .selectFrom(table)
        .select(({ fn }) => fn.countAll().as('count'))
        .where(allOf(conditionsOf(name, of, where)))
      return Number((await asked(query.executeTakeFirstOrThrow())).count)
    },
    insert: async (record) => {
      touched()
      const query = db
        .insertInto(table)
        .values(rowOf(name, of, record))
        .onConflict((on) => on.column('id').doNothing())
      const { numInsertedOrUpdatedRows } = await asked(query.executeTakeFirstOrThrow())
      if (Number(numInsertedOrUpdatedRows) !== 1) throw conflict(record.id, 'the id is taken')
    },
    update: async (record) => {
      touched()
      const next = { ...record, version: record.version + 1 }
      const { id, ...columns } = rowOf(name, of, next)
      const query = db.updateTable(table).set(columns).where('id', '=', id).where('version', '=', record.version)
      const { numUpdatedRows } = await asked(query.executeTakeFirstOrThrow())
      if (Number(numUpdatedRows) !== 1) throw conflict(record.id, `version ${record.version} is not the stored one`)
      return next
    },
    remove: async (id) => {
      touched()
      await asked(db.deleteFrom(table).where('id', '=', storedText(id)).execute())
    },
  }
}

function listQuery(db: Kysely<Tables>, table: 'grants', conditions: Conditions, query: Query<string>) {
  const { after, limit = MAX_PAGE, order = 'ascending' } = query
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw new SallyportError('SP-INPUT', `limit: 1 to ${MAX_PAGE}`)
  }
  const page = db.selectFrom(table).selectAll().$castTo<Row>().where(allOf(conditions))
  const rest = after === undefined ? page : page.where('id', order === 'ascending' ? '>' : '<', storedText(after))
  return rest.orderBy('id', order === 'ascending' ? 'asc' : 'desc').limit(limit)
}

type Conditions = readonly (readonly [column: string, filter: Filter])[]

/** An unknown field, or one without a value, is an error: to leave a condition out would show more than was asked for. */
function conditionsOf<Name extends RecordName>(
  name: Name,
  { columns }: RecordTable<Name>,
  where: Partial<Record<By<Name>, Filter>> | undefined,
): Conditions {
  return Object.entries(where ?? {}).map(([field, filter]) => {
    if (filter === undefined || !Object.hasOwn(columns, field))
      throw new SallyportError('SP-INPUT', `${name}: no filter by ${field}`)
    return [columnName(field), filter as Filter] as const
  })
}

function allOf(conditions: Conditions) {
  return (build: ExpressionBuilder<Tables, 'grants'>): Where =>
    build.and(conditions.flatMap(([column, filter]) => conditionOf(build, column, filter)))
}

function conditionOf(build: ExpressionBuilder<Tables, 'grants'>, column: string, filter: Filter): Where[] {
  const ref = sql.ref<ColumnValue>(column)
  if (filter === null) return [build(ref, 'is', null)]
  if (typeof filter !== 'object') return [build(ref, '=', stored(filter))]
  if (isList(filter)) {
    if (filter.length > MAX_LISTED) throw new SallyportError('SP-INPUT', `a filter lists at most ${MAX_LISTED} values`)
    return filter.length === 0 ? [build(sql.lit(1), '=', sql.lit(0))] : [build(ref, 'in', filter.map(stored))]
  }
  return [
    ...(filter.from === undefined ? [] : [build(ref, '>=', filter.from)]),
    ...(filter.to === undefined ? [] : [build(ref, '<', filter.to)]),
    // An open range still asks for records where there is a value.
    build(ref, 'is not', null),
  ]
}

function isList(filter: Range | readonly (string | number)[]): filter is readonly (string | number)[] {
  return Array.isArray(filter)
}

function stored<V extends ColumnValue>(value: V): V | string {
  return typeof value === 'string' ? storedText(value) : value
}

/** Refuses what could not be read back. */
function rowOf<Name extends RecordName>(name: Name, of: RecordTable<Name>, record: Stored<Name>): Row {
  const checked = of.schema.safeParse(record)
  if (!checked.success) {
    const where = checked.error.issues.map(({ path }) => path.join('.')).join(', ')
    throw new SallyportError('SP-STORE', `${name} ${record.id}: not a record of the store: ${where}`)
  }
  return { ...columnsOf(of, record), id: storedText(record.id), version: record.version, body: bodyOf(record) }
}

function columnsOf<Name extends RecordName>(of: RecordTable<Name>, record: Stored<Name>): Record<string, ColumnValue> {
  const columns: Readonly<Record<string, (of: Stored<Name>) => ColumnValue>> = of.columns
  return Object.fromEntries(Object.entries(columns).map(([field, read]) => [columnName(field), stored(read(record))]))
}

/** Records that were read lately: snapshots are read again after each change, and most of them are as they were. */
const MAX_KNOWN = 10_000
const known = new LRUCache<string, { readonly row: Row; readonly record: unknown }>({ max: MAX_KNOWN })

function recordOf<Name extends RecordName>(name: Name, of: RecordTable<Name>, row: Row): Stored<Name> {
  const key = `${name}\0${row.id}`
  const before = known.get(key)
  if (before && sameRow(before.row, row)) return before.record as Stored<Name>
  const record = parsedRecord(name, of, row)
  known.set(key, { row, record })
  return record
}

function sameRow(a: Row, b: Row): boolean {
  for (const column in a) if (a[column] !== b[column]) return false
  return true
}

/** A record that was changed by another hand than this program's is refused: its columns then say other things than its body. */
function parsedRecord<Name extends RecordName>(name: Name, of: RecordTable<Name>, row: Row): Stored<Name> {
  const parsed = of.schema.safeParse(jsonOf(row.body))
  if (!parsed.success) throw unreadable(name, row.id)
  const record = parsed.data
  const expected: Record<string, ColumnValue> = {
    id: storedText(record.id),
    version: record.version,
    ...columnsOf(of, record),
  }
  for (const [column, value] of Object.entries(expected)) {
    // PostgreSQL gives a bigint as text.
    const found = row[column]
    if (value !== (typeof value === 'number' ? Number(found) : found)) throw unreadable(name, row.id)
  }
  return record
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new SallyportError('SP-STORE', 'a record is no JSON', { cause: error })
  }
}

function unreadable(name: RecordName, id: string): SallyportError {
  return new SallyportError('SP-STORE', `${name} ${id} can't be read: it is not as this program writes it`)
}
