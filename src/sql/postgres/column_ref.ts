import { baseField, type Field, type Sources } from './field.ts'
import { type Body, list, num, opaque, open, refuse, str } from './node.ts'
import { columnOf, computeRow, findColumn, findItem, findQualified, type Item, type Scope } from './scope.ts'
import { nameSpan } from './source.ts'
import { compute, refer, type Work } from './work.ts'

export type Reference =
  | { readonly kind: 'field'; readonly field: Field }
  | { readonly kind: 'row'; readonly item: Item }
  | { readonly kind: 'star'; readonly item: Item | null }

/** What a column reference means (parse_expr.c, transformColumnRef). Names that the server would reject are refused. */
export function resolveColumn(work: Work, scope: Scope, body: Body): Reference {
  const { parts, star } = split(body)
  if (star) return { kind: 'star', item: parts.length === 0 ? null : itemOf(work, scope, body, parts) }
  const name = parts.at(-1) ?? opaque('a column reference without a name')
  if (parts.length === 1) return bare(work, scope, name)
  const item = itemOf(work, scope, body, parts.slice(0, -1))
  const field = columnOf(work, item, name)
  if (field !== null) return { kind: 'field', field: seen(work, field) }
  return refuse('SP-COLUMN', `column "${parts.join('.')}" is not known (or it is a function call in column notation)`)
}

/** A reference inside an expression. */
export function computeColumn(work: Work, scope: Scope, body: Body, sink: Sources): void {
  const reference = resolveColumn(work, scope, body)
  if (reference.kind === 'field') compute(work, reference.field, sink)
  else if (reference.item !== null) computeRow(work, reference.item, sink)
  else opaque('* stands where a value is expected')
}

function bare(work: Work, scope: Scope, name: string): Reference {
  const field = findColumn(work, scope, name)
  if (field !== null) return { kind: 'field', field: seen(work, field) }
  const item = findItem(scope, name)
  if (item !== null) return { kind: 'row', item }
  return refuse('SP-COLUMN', `column "${name}" is not known`)
}

function seen(work: Work, field: Field): Field {
  refer(work, field)
  return field
}

function itemOf(work: Work, scope: Scope, body: Body, parts: readonly string[]): Item {
  const name = parts.at(-1)!
  if (parts.length === 1) {
    const item = findItem(scope, name) ?? refuse('SP-NAME', `missing FROM-clause entry for table "${name}"`)
    notePrefix(work, item, body, parts)
    return item
  }
  const [schema, database] = [parts.at(-2)!, parts.at(-3)]
  if (parts.length > 3 || (database !== undefined && database !== work.context.catalog.database)) {
    refuse('SP-NAME', `cross-database reference "${parts.join('.')}"`)
  }
  const item = findQualified(scope, schema, name) ?? refuse('SP-NAME', `missing FROM-clause entry for "${name}"`)
  notePrefix(work, item, body, parts)
  return item
}

/** What names the table in front of a column: with its schema it would not resolve once a subquery stands in. */
function notePrefix(work: Work, item: Item, body: Body, parts: readonly string[]): void {
  const use = item.use === null ? undefined : work.uses[item.use]
  if (use === undefined) return
  const { start, end } = nameSpan(work.source, num(body, 'location'), parts)
  if (use.prefixes.some((span) => span.start === start)) return
  use.prefixes.push({ start, end })
  if (parts.length > 1) use.qualifiers.push({ start, end })
}

function split(body: Body): { readonly parts: readonly string[]; readonly star: boolean } {
  const nodes = list(body, 'fields').map(open)
  const star = nodes.at(-1)?.tag === 'A_Star'
  const named = star ? nodes.slice(0, -1) : nodes
  const parts = named.map((node) => (node.tag === 'String' ? str(node.body, 'sval') : opaque('a name with * inside')))
  return { parts, star }
}

/** The base columns of a target relation by name, for writes. */
export function targetField(work: Work, item: Item, name: string): Field {
  const known = item.relation?.columns.some((column) => column.name === name) ?? false
  if (!known || item.relation === null || item.use === null) {
    return refuse('SP-COLUMN', `column "${name}" of the target is not known`)
  }
  work.uses[item.use]!.referenced.add(name)
  return baseField(item.relation, item.use, name, name)
}
