import type { Span } from '../facts.ts'
import type { Field } from './field.ts'
import { type Body, list, num, open } from './node.ts'
import type { Item } from './scope.ts'
import { nameSpan, type Source } from './source.ts'
import type { Work } from './work.ts'

/**
 * `*` and `alias.*` show the columns of a base relation. A subquery that stands in for it may have a system column
 * more, so that the star is kept with what it stands for; where some column has no name of its own, the relation's list
 * of columns has to stay as it is.
 */
export function noteStar(work: Work, items: readonly Item[], shown: readonly Field[], body: Body): void {
  const uses = items.flatMap((item) => item.fields.flatMap((field) => field.bases.map((base) => base.use)))
  const columns = shown.map((field) => namedColumn(work, items, field))
  const span = starSpan(work.source, body)
  for (const id of new Set(uses)) {
    const use = work.uses[id]
    if (use === undefined) continue
    if (span === null || columns.some((column) => column === null)) use.starred = true
    else if (!use.stars.some((star) => star.span.start === span.start)) {
      use.stars.push({ span, columns: columns.filter((column) => column !== null) })
    }
  }
}

/** NATURAL takes every common column. */
export function noteNatural(work: Work, item: Item): void {
  for (const { use } of item.fields.flatMap((field) => field.bases)) {
    const draft = work.uses[use]
    if (draft !== undefined) draft.starred = true
  }
}

/** `alias.column` for a column that a star shows, where exactly one entry has it under one name. */
function namedColumn(work: Work, items: readonly Item[], field: Field) {
  if (field.bases.length > 1) return null
  const having = items.filter((item) => item.named && item.fields.some((each) => isSame(each, field)))
  const item = having[0]
  if (having.length !== 1 || item === undefined || item.alias === null) return null
  if (item.fields.filter((each) => each.name === field.name).length !== 1) return null
  const own = item.use !== null && work.uses[item.use]?.hasAlias === false
  return { use: own ? item.use : null, alias: item.alias, column: field.name }
}

/** A join makes its fields anew: what tells them apart is their name and where they come from. */
function isSame(a: Field, b: Field): boolean {
  if (a === b) return true
  if (a.origin === null || b.origin === null) return false
  return a.name === b.name && a.origin.use === b.origin.use && a.origin.column === b.origin.column
}

function starSpan(source: Source, body: Body): Span | null {
  const parts = list(body, 'fields').map(open)
  const named = parts.slice(0, -1).map((part) => part.body.sval)
  const start = source.unit(num(body, 'location'))
  if (!named.every((part) => typeof part === 'string')) return null
  const index = named.length === 0 ? source.starts.get(start) : afterDot(source, body, named)
  const token = index === undefined ? undefined : source.tokens[index]
  if (token === undefined || source.text.slice(token.start, token.end) !== '*') return null
  return { start, end: token.end }
}

function afterDot(source: Source, body: Body, named: readonly string[]): number | undefined {
  const { next } = nameSpan(source, num(body, 'location'), named)
  const dot = source.tokens[next]
  return dot !== undefined && source.text.slice(dot.start, dot.end) === '.' ? next + 1 : undefined
}
