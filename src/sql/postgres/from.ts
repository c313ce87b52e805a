import type { Span } from '../facts.ts'
import { walkAll, walkOptional } from './expression.ts'
import { addSources, type Field, renamed, type Sources } from './field.ts'
import { readJoin } from './join.ts'
import {
  type Body,
  flag,
  has,
  list,
  type Node,
  names,
  num,
  opaque,
  open,
  openAs,
  openOnly,
  refuse,
  str,
} from './node.ts'
import { aliasColumns, readQuery } from './query.ts'
import { readFunction, readJsonTable, readXmlTable } from './range_function.ts'
import { relationItem, useRelation } from './relation.ts'
import { useFunction } from './routine.ts'
import { derivedItem, findCte, type Item, referCte, type Scope } from './scope.ts'
import { isKeyword, type Source, textOf } from './source.ts'
import { unplain, type Work } from './work.ts'

/** One element of FROM: its entries, and the one whose columns a join around it merges. */
export interface FromElement {
  readonly items: readonly Item[]
  readonly top: Item
}

/** The entries of FROM, visible to LATERAL while those to their right are read (parse_clause.c, transformFromClause). */
export function readFrom(work: Work, scope: Scope, elements: readonly unknown[], rows: Sources): readonly Item[] {
  for (const element of elements) {
    const { items } = readElement(work, scope, element, rows)
    checkNames(scope.items, items)
    scope.items = [...scope.items, ...items.map((item) => ({ ...item, lateralOnly: true, lateralOk: true }))]
  }
  return scope.items.map((item) => ({ ...item, lateralOnly: false, lateralOk: true }))
}

export function readElement(work: Work, scope: Scope, element: unknown, rows: Sources): FromElement {
  const node = open(element)
  if (node.tag === 'JoinExpr') return readJoin(work, scope, node.body, rows)
  const item = readSingle(work, scope, node, rows)
  return { items: [item], top: item }
}

/** Two entries of one name are an error, except relations of different schemas without alias. */
export function checkNames(before: readonly Item[], added: readonly Item[]): void {
  for (const item of added.filter((each) => each.named)) {
    const twin = before.find((each) => each.named && each.alias === item.alias)
    if (twin === undefined) continue
    const differ = twin.ownName && item.ownName && twin.relation !== item.relation
    if (!differ) refuse('SP-AMBIGUOUS', `table name "${item.alias}" specified more than once`)
  }
}

function readSingle(work: Work, scope: Scope, { tag, body }: Node, rows: Sources): Item {
  switch (tag) {
    case 'RangeVar':
      return readRangeVar(work, scope, body, rows)
    case 'RangeSubselect':
      return readSubselect(work, scope, body, rows)
    case 'RangeFunction':
      unplain(work)
      return laterally(scope, () => readFunction(work, scope, body))
    case 'RangeTableFunc':
      unplain(work)
      return laterally(scope, () => readXmlTable(work, scope, body))
    case 'JsonTable':
      unplain(work)
      return laterally(scope, () => readJsonTable(work, scope, body))
    case 'RangeTableSample':
      return readSample(work, scope, body, rows)
    default:
      return opaque(`${tag} in FROM`)
  }
}

/** A bare name means a WITH query before it means a relation. */
function readRangeVar(work: Work, scope: Scope, body: Body, rows: Sources): Item {
  const bare = !has(body, 'schemaname') && !has(body, 'catalogname')
  const cte = bare ? findCte(scope, str(body, 'relname')) : null
  if (cte === null) return relationItem(useRelation(work, body, 'read'), body)
  if (!flag(body, 'inh')) opaque('ONLY over a WITH query')
  const alias = has(body, 'alias') ? str(openAs('Alias', body.alias), 'aliasname') : cte.name
  return derivedItem(alias, withAlias(referCte(cte, rows), body))
}

function readSubselect(work: Work, scope: Scope, body: Body, rows: Sources): Item {
  const outer = scope.lateral
  scope.lateral = flag(body, 'lateral')
  const result = readQuery(work, openOnly('SelectStmt', body.subquery), scope)
  scope.lateral = outer
  addSources(rows, result.rows)
  const alias = has(body, 'alias') ? str(openAs('Alias', body.alias), 'aliasname') : null
  return derivedItem(alias, withAlias(result.fields, body))
}

export function withAlias(fields: readonly Field[], body: Body): readonly Field[] {
  return renamed(fields, aliasColumns(body.alias)) ?? refuse('SP-COLUMN', 'an alias names more columns than there are')
}

/** Functions in FROM see what stands before them without saying LATERAL. */
function laterally(scope: Scope, read: () => Item): Item {
  const outer = scope.lateral
  scope.lateral = true
  const item = read()
  scope.lateral = outer
  return item
}

/** From TABLESAMPLE, which stands before the method that the tree locates, to its last parenthesis. */
function sampleSpan(source: Source, location: number): Span | null {
  const method = source.starts.get(source.unit(location))
  if (method === undefined || !isKeyword(source, method - 1, 'tablesample')) return null
  const start = source.tokens[method - 1]!.start
  let last = closing(source, method)
  if (last !== null && isKeyword(source, last + 1, 'repeatable')) last = closing(source, last + 2)
  return last === null ? null : { start, end: source.tokens[last]!.end }
}

/** The token that closes the first parenthesis from an index on. */
function closing(source: Source, from: number): number | null {
  let depth = 0
  for (let index = from; index < source.tokens.length; index++) {
    const text = textOf(source, index)
    if (text === '(') depth++
    if (text === ')' && --depth === 0) return index
  }
  return null
}

const SAMPLERS: ReadonlySet<string> = new Set(['bernoulli', 'system'])

function readSample(work: Work, scope: Scope, body: Body, rows: Sources): Item {
  const range = openOnly('RangeVar', body.relation)
  const use = useRelation(work, range, 'read')
  const values = [...list(body, 'args'), ...(has(body, 'repeatable') ? [body.repeatable] : [])]
  const movable = values.every((value) => ['A_Const', 'ParamRef'].includes(open(value).tag))
  use.sample = movable ? sampleSpan(work.source, num(body, 'location')) : null
  if (use.sample === null) use.fixed = 'TABLESAMPLE with an expression'
  const method = names(body, 'method')
  if (method.length > 1 || !SAMPLERS.has(method[0] ?? '')) useFunction(work, method, list(body, 'args').length)
  const place = { work, scope, sink: rows }
  walkAll(place, list(body, 'args'))
  walkOptional(place, body, 'repeatable')
  return relationItem(use, range)
}
