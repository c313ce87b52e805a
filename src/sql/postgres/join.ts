import { walk } from './expression.ts'
import { addSources, computedField, type Field, type Sources, unpassable } from './field.ts'
import { checkNames, type FromElement, readElement, withAlias } from './from.ts'
import { comparesSilently } from './leakproof.ts'
import { type Body, flag, has, names, opaque, openAs, refuse, str } from './node.ts'
import { useOperator } from './routine.ts'
import { derivedItem, type Item, type Scope } from './scope.ts'
import { noteNatural } from './star.ts'
import { compute, unplain, type Work } from './work.ts'

const KINDS: ReadonlySet<string> = new Set(['JOIN_INNER', 'JOIN_LEFT', 'JOIN_RIGHT', 'JOIN_FULL'])

/** A join (parse_clause.c, transformFromClauseItem): both sides stay visible by name, their columns merge. */
export function readJoin(work: Work, scope: Scope, body: Body, rows: Sources): FromElement {
  const kind = str(body, 'jointype')
  if (!KINDS.has(kind)) opaque(`a join of kind ${kind}`)
  const left = readElement(work, scope, body.larg, rows)
  const right = readRight(work, scope, body.rarg, left.items, kind, rows)
  checkNames(left.items, right.items)
  const outer = kind === 'JOIN_INNER' ? (field: Field) => field : unpassable
  const columns = mergedNames(work, body, left.top, right.top)
  const merged = columns.map((name) => mergeColumn(work, name, left.top, right.top, kind, rows))
  if (has(body, 'quals')) walkCondition(work, scope, body.quals, [...left.items, ...right.items], rows)
  const rest = [left.top, right.top].flatMap((item) => item.fields.filter((field) => !columns.includes(field.name)))
  return joined(body, [...left.items, ...right.items], merged, rest, outer)
}

/** The right side sees the left one by LATERAL, and may use it in inner and left joins. */
function readRight(
  work: Work,
  scope: Scope,
  element: unknown,
  left: readonly Item[],
  kind: string,
  rows: Sources,
): FromElement {
  const before = scope.items
  const lateralOk = kind === 'JOIN_INNER' || kind === 'JOIN_LEFT'
  checkNames(before, left)
  scope.items = [...before, ...left.map((item) => ({ ...item, lateralOnly: true, lateralOk }))]
  const right = readElement(work, scope, element, rows)
  scope.items = before
  return right
}

function mergedNames(work: Work, body: Body, left: Item, right: Item): readonly string[] {
  if (!flag(body, 'isNatural')) return names(body, 'usingClause')
  if (left.uncertain || right.uncertain) opaque('NATURAL over a function whose columns are not known')
  noteNatural(work, left)
  noteNatural(work, right)
  return left.fields.map((field) => field.name).filter((name) => right.fields.some((field) => field.name === name))
}

/** A merged column compares both sides, and is the one or the other. */
function mergeColumn(work: Work, name: string, left: Item, right: Item, kind: string, rows: Sources): Field {
  const sides = [onlyField(left, name), onlyField(right, name)] as const
  const sources: Sources = new Map()
  useOperator(work, ['='])
  if (!comparesSilently(work, ...sides)) unplain(work)
  for (const side of sides) compute(work, side, sources)
  addSources(rows, sources)
  if (kind === 'JOIN_FULL') return computedField(name, sources)
  const side = kind === 'JOIN_RIGHT' ? sides[1] : sides[0]
  return { ...side, name, sources, passable: false, bases: sides.flatMap((each) => each.bases) }
}

function onlyField(item: Item, name: string): Field {
  const fields = item.fields.filter((field) => field.name === name)
  if (fields.length > 1) refuse('SP-AMBIGUOUS', `common column name "${name}" appears more than once`)
  return fields[0] ?? refuse('SP-COLUMN', `column "${name}" of USING is not known`)
}

/** ON sees the two sides and the queries around, not the rest of FROM. */
function walkCondition(work: Work, scope: Scope, condition: unknown, items: readonly Item[], rows: Sources): void {
  const inside = { ...scope, items: items.map((item) => ({ ...item, lateralOnly: false, lateralOk: true })) }
  walk({ work, scope: inside, sink: rows }, condition)
}

function joined(
  body: Body,
  sides: readonly Item[],
  merged: readonly Field[],
  rest: readonly Field[],
  outer: (field: Field) => Field,
): FromElement {
  const alias = has(body, 'alias') ? str(openAs('Alias', body.alias), 'aliasname') : null
  const hidden = sides.map((item) => ({ ...item, open: false, fields: item.fields.map(outer) }))
  const top = derivedItem(alias, withAlias([...merged, ...rest].map(outer), body))
  const usingAlias = has(body, 'join_using_alias')
    ? [{ ...derivedItem(str(openAs('Alias', body.join_using_alias), 'aliasname'), merged), open: false }]
    : []
  const uncertain = sides.some((item) => item.uncertain && item.open)
  return {
    items: [...(alias === null ? hidden : []), ...usingAlias, { ...top, uncertain }],
    top: { ...top, uncertain },
  }
}
