import type { StatementFacts } from '../facts.ts'
import { aggregatedColumns } from './aggregated.ts'
import { type Body, flag, has, opaque, open, openAs, str } from './node.ts'
import { creation } from './object_name.ts'
import { readQuery } from './query.ts'
import { listedSetting, plainSettings } from './set_config.ts'
import { collected, type Findings, factsOf, outputOf, sourcesOf } from './statement.ts'
import { finish, type Work } from './work.ts'

type Place = Pick<StatementFacts, 'span' | 'normalized'>

export function readSelect(work: Work, body: Body): Findings {
  work.verbs.add('read')
  const { fields, rows } = readQuery(work, body, null)
  for (const field of fields) finish(work, field)
  return {
    kind: 'select',
    ...collected(work, aggregatedColumns(work, body)),
    output: outputOf(fields),
    rowSources: sourcesOf(rows),
    hasWhere: has(body, 'whereClause'),
  }
}

/** A SELECT as the whole statement: SELECT INTO makes a table, and one that only calls set_config sets as SET does. */
export function readWholeSelect(work: Work, body: Body, place: Place): Findings {
  const { into, query } = withoutInto(body)
  if (into !== null) return readStored(work, query, into, 'table', place)
  const findings = readSelect(work, body)
  const settings = plainSettings(work, body) ?? listedSetting(work, body) ?? findings.settings ?? []
  return { ...findings, settings }
}

/** INTO stands in the leftmost part of a set operation (analyze.c, transformOptionalSelectInto). */
function withoutInto(body: Body): { readonly into: Body | null; readonly query: Body } {
  if (has(body, 'larg')) {
    const { into, query } = withoutInto(openAs('SelectStmt', body.larg))
    return { into, query: { ...body, larg: query } }
  }
  const { intoClause, ...query } = body
  return intoClause === undefined ? { into: null, query: body } : { into: openAs('IntoClause', intoClause), query }
}

const STORED: ReadonlyMap<string, string> = new Map([
  ['OBJECT_TABLE', 'table'],
  ['OBJECT_MATVIEW', 'materialized_view'],
])

/** CREATE TABLE AS and CREATE MATERIALIZED VIEW. `readExecute` reads the one form that stores what EXECUTE gives. */
export function readTableAs(work: Work, body: Body, place: Place, readExecute: (body: Body) => Findings): Findings {
  const object = STORED.get(str(body, 'objtype')) ?? opaque(`CREATE ${str(body, 'objtype')} AS`)
  const into = openAs('IntoClause', body.into)
  flag(body, 'is_select_into')
  const { tag, body: query } = open(body.query)
  if (tag !== 'ExecuteStmt') {
    return readStored(work, tag === 'SelectStmt' ? query : opaque(`CREATE TABLE AS ${tag}`), into, object, place)
  }
  const inner = factsOf(place, readExecute(query))
  return {
    ...collected(work),
    kind: 'create_table_as',
    inner,
    verbs: ['ddl', 'read'],
    definitions: [made(work, into, object)],
  }
}

/** The rows are stored, where nothing can mask them on the wire: all of them is computed on. */
function readStored(work: Work, query: Body, into: Body, object: string, place: Place): Findings {
  const findings = readSelect(work, query)
  for (const use of work.uses) for (const column of use.referenced) use.computed.add(column)
  const inner = factsOf(place, { ...findings, ...collected(work) })
  const { rowSources, hasWhere } = inner
  work.verbs.add('ddl')
  const definitions = [made(work, into, object)]
  return { kind: 'create_table_as', ...collected(work), rowSources, hasWhere, inner, definitions }
}

function made(work: Work, into: Body, object: string) {
  return creation(work.context, object, openAs('RangeVar', into.rel))
}
