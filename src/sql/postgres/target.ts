import { resolveColumn } from './column_ref.ts'
import { evaluate, walk } from './expression.ts'
import { computedField, type Field, type Sources } from './field.ts'
import { attributesOf } from './indirection.ts'
import { type Body, has, list, type Node, opaque, open, openOnly, str } from './node.ts'
import { outputName } from './output_name.ts'
import { type Scope, starFields } from './scope.ts'
import { noteStar } from './star.ts'
import { refer, type Work } from './work.ts'

/** The server's own limit on a select list (MaxTupleAttributeNumber); it also keeps `a.*, a.*` from doubling for ever. */
const MAX_FIELDS = 1664

/** The fields of a select list or RETURNING, with `*` expanded as the server does. */
export function readTargets(work: Work, scope: Scope, targets: readonly unknown[]): readonly Field[] {
  const fields: Field[] = []
  for (const target of targets) {
    fields.push(...readTarget(work, scope, openOnly('ResTarget', target)))
    if (fields.length > MAX_FIELDS) opaque(`a select list of more than ${MAX_FIELDS} columns`)
  }
  return fields
}

function readTarget(work: Work, scope: Scope, target: Body): readonly Field[] {
  if (has(target, 'indirection')) opaque('a select list with indirection')
  const node = open(target.val)
  const star = node.tag === 'ColumnRef' ? starOf(work, scope, node.body) : null
  if (star !== null) return star
  if (node.tag === 'A_Indirection' && open(list(node.body, 'indirection').at(-1)).tag === 'A_Star') {
    return expandComposite(work, scope, node)
  }
  return [evaluate(work, scope, target.val, str(target, 'name') || outputName(target.val))]
}

function starOf(work: Work, scope: Scope, body: Body): readonly Field[] | null {
  const last = open(list(body, 'fields').at(-1))
  if (last.tag !== 'A_Star') return null
  const reference = resolveColumn(work, scope, body)
  if (reference.kind !== 'star') return null
  if (reference.item?.uncertain) opaque('* over a function whose columns are not known')
  const fields = reference.item === null ? starFields(scope.items.filter((item) => item.open)) : reference.item.fields
  noteStar(work, reference.item === null ? scope.items : [reference.item], fields, body)
  for (const field of fields) refer(work, field)
  return fields
}

/** `(value).*` over a row or a known function's record. */
function expandComposite(work: Work, scope: Scope, node: Node): readonly Field[] {
  const sink: Sources = new Map()
  const place = { work, scope, sink }
  if (list(node.body, 'indirection').length !== 1) opaque('.* over an attribute')
  const attributes = attributesOf(place, open(node.body.arg)) ?? opaque('.* over a value whose columns are not known')
  walk(place, node.body.arg)
  const origins = attributes.row ? rowOrigins(work, scope, node) : []
  return attributes.names.map((name, index) => ({ ...computedField(name, sink), origin: origins[index] ?? null }))
}

function rowOrigins(work: Work, scope: Scope, node: Node): readonly Field['origin'][] {
  const reference = resolveColumn(work, scope, open(node.body.arg).body)
  return reference.kind === 'row' ? reference.item.fields.map((field) => field.origin) : []
}
