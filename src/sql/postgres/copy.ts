import { targetField } from './column_ref.ts'
import { walkOptional } from './expression.ts'
import { type Body, flag, has, list, names, opaque, openAs, openOnly, str } from './node.ts'
import { readQuery } from './query.ts'
import { relationItem, useRelation } from './relation.ts'
import { openScope } from './scope.ts'
import { collected, type Findings, sourcesOf } from './statement.ts'
import { compute, type Work } from './work.ts'

/** COPY through the connection. Files and programs of the server are refused. */
export function readCopy(work: Work, body: Body): Findings {
  if (flag(body, 'is_program')) opaque('COPY runs a program on the server')
  if (str(body, 'filename') !== '') opaque('COPY reads or writes a file of the server')
  for (const option of list(body, 'options')) openOnly('DefElem', option)
  if (has(body, 'query')) return copyQuery(work, body)
  return flag(body, 'is_from') ? copyIn(work, body) : copyOut(work, body)
}

/** The rows leave as COPY data, where no field can be masked on the wire: every column counts as computed on. */
function copyQuery(work: Work, body: Body): Findings {
  const { fields, rows } = readQuery(work, openOnly('SelectStmt', body.query), null)
  for (const field of fields) compute(work, field, new Map())
  work.verbs.add('read').add('export')
  return { kind: 'copy', ...collected(work), rowSources: sourcesOf(rows) }
}

function copyOut(work: Work, body: Body): Findings {
  const range = openAs('RangeVar', body.relation)
  const use = useRelation(work, range, 'read')
  use.fixed = 'COPY of a table; write COPY (SELECT ...) TO'
  for (const name of columnsOf(body, use.relation.columns)) {
    compute(work, targetField(work, relationItem(use, range), name), new Map())
  }
  work.verbs.add('read').add('export')
  return { kind: 'copy', ...collected(work) }
}

function copyIn(work: Work, body: Body): Findings {
  const range = openAs('RangeVar', body.relation)
  const use = useRelation(work, range, 'target')
  const item = relationItem(use, range)
  for (const name of columnsOf(body, use.relation.columns)) {
    targetField(work, item, name)
    use.written.add(name)
  }
  const scope = openScope(null)
  scope.items = [item]
  walkOptional({ work, scope, sink: new Map() }, body, 'whereClause')
  work.verbs.add('insert')
  return { kind: 'copy', ...collected(work) }
}

function columnsOf(body: Body, all: readonly { readonly name: string }[]): readonly string[] {
  return has(body, 'attlist') ? names(body, 'attlist') : all.map((column) => column.name)
}
