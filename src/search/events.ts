import { Bindings } from './bindings.ts'
import { asksFor, conditionsOf } from './conditions.ts'
import type { Database, Row } from './database.ts'
import type { EventQuery } from './event_query.ts'
import { type Place, placeOf, placeText } from './place.ts'
import { entriesOf } from './records_sql.ts'
import type { Gathered, Sources } from './sources.ts'

export interface EventPage {
  readonly items: readonly Row[]
  /** Where to go on; null on the last page. */
  readonly next: string | null
  /** Lines of what was searched that are no records: somebody ought to verify the log. */
  readonly unreadable: number
}

export interface PageQuery {
  readonly query: EventQuery
  readonly limit: number
  readonly after: string | null
  /** The first line that is not durable yet; null where that is not known. */
  readonly before: number | null
}

export const NEWEST_FIRST = '"time" DESC, "writer" DESC, "sequence" DESC'

/** The newest first. All pages together are what the log held when the first was made, whatever was added since. */
export async function searchEvents(database: Database, sources: Sources, asked: PageQuery): Promise<EventPage> {
  const place = asked.after === null ? null : placeOf(asked.after)
  const before = place === null ? asked.before : Math.min(place.before, asked.before ?? place.before)
  const { from, to } = asked.query
  const gathered = await sources.gather({ from, to, before })
  const keys = await keysOf(database, gathered, asked, place)
  const page = keys.slice(0, asked.limit)
  const last = page.at(-1)
  const next =
    keys.length > page.length && last !== undefined
      ? placeText({
          time: Number(last.ms),
          sequence: Number(last.sequence),
          writer: String(last.writer),
          before: gathered.next,
        })
      : null
  return { items: await wholeEntries(database, gathered, page), next, unreadable: gathered.unreadable }
}

/** Which entries the page has. Only the columns that decide are read for this. */
function keysOf(
  database: Database,
  gathered: Gathered,
  { query, limit }: PageQuery,
  place: Place | null,
): Promise<Row[]> {
  const bind = new Bindings()
  const { entries, conditions } = matching(gathered, query, bind)
  if (place !== null) conditions.push(...behind(place, bind))
  return database.rows(
    `SELECT epoch_ms("time") AS ms, "sequence", "writer" FROM (${entries}) WHERE ${allOf(conditions)} ` +
      `ORDER BY ${NEWEST_FIRST} LIMIT ${bind.whole(limit + 1)}`,
    bind,
  )
}

/** The entries of a query, with as much joined as decides, and what they must fulfil. */
export function matching(
  gathered: Gathered,
  query: EventQuery,
  bind: Bindings,
): { readonly entries: string; readonly conditions: string[] } {
  const entries = entriesFor(gathered, bind, asksFor(query))
  return { entries, conditions: conditionsOf(query, bind, () => gathered.leads(bind)) }
}

export function allOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : conditions.join(' AND ')
}

/** Entries with as much joined to them as is asked for, and can be there. */
export function entriesFor(
  gathered: Gathered,
  bind: Bindings,
  { ends, pieces }: { readonly ends: boolean; readonly pieces: boolean },
): string {
  const joined = { ends: ends && gathered.hasFollowers, pieces: pieces && gathered.hasPieces }
  return entriesOf(gathered.leads(bind), joined.ends || joined.pieces ? gathered.followers(bind) : '', joined)
}

function behind({ time, writer, sequence }: Place, bind: Bindings): string[] {
  const [at, by, number] = [bind.time(time), bind.text(writer), bind.whole(sequence)]
  return [`"time" <= ${at}`, `("time" < ${at} OR "writer" < ${by} OR ("writer" = ${by} AND "sequence" < ${number}))`]
}

/** The entries of the given keys, in their order. */
export async function wholeEntries(database: Database, gathered: Gathered, keys: readonly Row[]): Promise<Row[]> {
  if (keys.length === 0) return []
  const bind = new Bindings()
  const sequences = keys.map(({ sequence }) => Number(sequence))
  const times = keys.map(({ ms }) => Number(ms))
  const range = {
    least: Math.min(...sequences),
    most: Math.max(...sequences),
    from: Math.min(...times),
    to: Math.max(...times),
  }
  const leads = leadsAmong(gathered, bind, range, `SELECT unnest(${bind.wholes(sequences)})`)
  const followers = gathered.hasFollowers
    ? `(SELECT * FROM ${gathered.followers(bind)} WHERE "statement_id" IN (SELECT "statement_id" FROM page) OR "text_key" IN (SELECT text_key FROM page))`
    : ''
  const joined = { ends: gathered.hasFollowers, pieces: gathered.hasPieces }
  const entries = entriesOf('page', followers, joined)
  const rows = await database.rows(`WITH page AS MATERIALIZED ${leads} ${entries}`, bind)
  const found = new Map(rows.map((row) => [Number(row.sequence), row]))
  return keys.map(({ sequence }) => found.get(Number(sequence))).filter((row) => row !== undefined)
}

export interface KeyRange {
  readonly least: number
  readonly most: number
  /** Milliseconds, both included. */
  readonly from: number
  readonly to: number
}

/** Leads by their sequence numbers; whole groups of rows are passed over by the range. */
export function leadsAmong(gathered: Gathered, bind: Bindings, range: KeyRange, sequences: string): string {
  return (
    `(SELECT * FROM ${gathered.leads(bind)} WHERE "sequence" BETWEEN ${bind.whole(range.least)} AND ${bind.whole(range.most)} ` +
    `AND "time" BETWEEN ${bind.time(range.from)} AND ${bind.time(range.to)} AND "sequence" IN (${sequences}))`
  )
}
