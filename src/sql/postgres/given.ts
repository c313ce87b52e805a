import type { Given } from '../facts.ts'
import { evaluateConstant } from './constant.ts'
import { type Body, has, list, open, openAs, openOnly, str } from './node.ts'
import type { UseDraft } from './work.ts'

/** Keeps what an INSERT or UPDATE gives each column: a row condition has to hold for the row that comes of it. */
export function noteGiven(use: UseDraft, body: Body): void {
  use.conflict = has(body, 'onConflictClause')
  use.alone = !has(body, 'fromClause') && !has(body, 'usingClause')
  // The actions of MERGE are not followed one by one.
  if (has(body, 'mergeWhenClauses')) return
  if (has(body, 'targetList')) use.given = ofUpdate(body)
  else if (has(body, 'selectStmt') || has(body, 'cols')) use.given = ofInsert(use, body)
  else use.given = new Map()
}

function ofUpdate(body: Body): ReadonlyMap<string, readonly Given[]> {
  const given = new Map<string, readonly Given[]>()
  for (const value of list(body, 'targetList')) {
    const target = openOnly('ResTarget', value)
    const name = str(target, 'name')
    const one = has(target, 'indirection') ? undefined : constantOf(target.val)
    given.set(name, [...(given.get(name) ?? []), one])
  }
  return given
}

function ofInsert(use: UseDraft, body: Body): ReadonlyMap<string, readonly Given[]> {
  const columns = list(body, 'cols').map((value) => openOnly('ResTarget', value))
  const names =
    columns.length > 0 ? columns.map((column) => str(column, 'name')) : use.relation.columns.map(({ name }) => name)
  const overridden = !['', 'OVERRIDING_NOT_SET'].includes(str(body, 'override'))
  const rows = overridden ? null : has(body, 'selectStmt') ? rowsOf(openOnly('SelectStmt', body.selectStmt)) : []
  const given = new Map<string, readonly Given[]>()
  for (const [index, name] of names.entries()) {
    // A row that is shorter than the table leaves the rest to the defaults.
    if (columns.length === 0 && rows !== null && rows.every((row) => row.length <= index)) continue
    const whole = columns[index] === undefined || !has(columns[index], 'indirection')
    given.set(name, rows === null || !whole ? [undefined] : rows.map((row) => constantOf(row[index])))
  }
  return given
}

/** The expressions of each row, or null where they are not written one by one. */
function rowsOf(select: Body): readonly (readonly unknown[])[] | null {
  if (has(select, 'valuesLists')) {
    return list(select, 'valuesLists').map((row) => list(openOnly('List', row), 'items'))
  }
  const targets = list(select, 'targetList').map((value) => openAs('ResTarget', openOnly('ResTarget', value)).val)
  return has(select, 'larg') || targets.length === 0 || targets.some(isStar) ? null : [targets]
}

function isStar(value: unknown): boolean {
  const { tag, body } = open(value)
  if (tag === 'A_Indirection') return true
  return tag === 'ColumnRef' && list(body, 'fields').some((field) => open(field).tag === 'A_Star')
}

function constantOf(value: unknown): Given {
  return value !== undefined && open(value).tag === 'A_Const' ? evaluateConstant(value) : undefined
}
