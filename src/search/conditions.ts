import type { Bindings } from './bindings.ts'
import { type EventQuery, SEEN } from './event_query.ts'

/** The conditions of a query over a relation of entries, with every value bound. `leads` is where grants are looked up. */
export function conditionsOf(query: EventQuery, bind: Bindings, leads: () => string): string[] {
  const conditions: string[] = []
  for (const [name, value] of Object.entries(query)) {
    const make = MAKERS[name as keyof EventQuery]
    if (value === undefined || make === undefined) continue
    conditions.push((make as Maker<unknown>)(value, bind, { query, leads }))
  }
  return conditions
}

/** Whether a query can't be answered without how statements ended, or without the pieces of long ones. */
export function asksFor(query: EventQuery): { readonly ends: boolean; readonly pieces: boolean } {
  const { rowsOver, outcome, table, column, seen, contains } = query
  const given = (...values: readonly unknown[]) => values.some((value) => value !== undefined)
  return { ends: given(rowsOver, outcome), pieces: given(table, column, seen, contains) }
}

type Maker<V> = (value: V, bind: Bindings, more: { readonly query: EventQuery; readonly leads: () => string }) => string
type Makers = { readonly [Name in keyof EventQuery]-?: Maker<Exclude<EventQuery[Name], undefined>> }

const MAKERS: Makers = {
  from: (ms, bind) => `"time" >= ${bind.time(ms)}`,
  to: (ms, bind) => `"time" < ${bind.time(ms)}`,
  person: (who, bind) => {
    const exact = bind.text(who)
    const folded = bind.text(who.toLowerCase())
    const same = (name: string) => `lower("${name}") = ${folded}`
    return `("person" = ${exact} OR ${same('email')} OR ${same('name')} OR "about" = ${exact} OR ${same('about_email')})`
  },
  target: equals('target'),
  database: equals('database'),
  role: equals('role'),
  table: (table, bind) => anyOf('tables', table, bind),
  column: (column, bind, { query }) => {
    const lists = query.seen === undefined ? SEEN : [query.seen]
    return `(${lists.map((list) => anyOf(list, column, bind)).join(' OR ')})`
  },
  // With a column it says how that one was used.
  seen: (how, _, { query }) => (query.column === undefined ? `len("${how}") > 0` : 'true'),
  kind: equals('kind'),
  verb: (verb, bind) => `list_contains("verbs", ${bind.text(verb)})`,
  decision: equals('decision'),
  outcome: equals('outcome'),
  code: equals('code'),
  rule: equals('rule'),
  incident: (incident, bind, { leads }) => {
    const value = bind.text(incident)
    const grants = `SELECT "grant_id" FROM ${leads()} WHERE "incident" = ${value} AND "grant_id" IS NOT NULL`
    return `("incident" = ${value} OR coalesce("grant_id" IN (${grants}), false))`
  },
  grant: (grant, bind) => {
    const value = bind.text(grant)
    return `("grant_id" = ${value} OR ("entity_type" = 'grant' AND "entity" = ${value}))`
  },
  request: (request, bind) => {
    const value = bind.text(request)
    return `("request_id" = ${value} OR ("entity_type" = 'request' AND "entity" = ${value}))`
  },
  session: equals('session'),
  statement: equals('statement_id'),
  event: (code, bind) =>
    code.endsWith('*') ? `starts_with("event", ${bind.text(code.slice(0, -1))})` : `"event" = ${bind.text(code)}`,
  severity: (least, bind) => `"severity" >= ${bind.whole(least)}`,
  rowsOver: (rows, bind) => `"rows" > ${bind.whole(rows)}`,
  application: equals('application'),
  client: equals('client_ip'),
  contains: (part, bind) => {
    const value = bind.text(part.toLowerCase())
    const names = ['statement', 'message', 'reason', 'detail']
    return `(${names.map((name) => `coalesce(contains(lower("${name}"), ${value}), false)`).join(' OR ')})`
  },
}

function equals(name: string): Maker<string> {
  return (value, bind) => `"${name}" = ${bind.text(value)}`
}

/** The list holds the name, or one that ends in it after a dot. */
function anyOf(list: string, name: string, bind: Bindings): string {
  const exact = bind.text(name)
  const end = bind.text(`.${name}`)
  return `len(list_filter("${list}", lambda x: x = ${exact} OR ends_with(x, ${end}))) > 0`
}
