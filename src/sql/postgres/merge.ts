import { walk, walkAll, walkOptional } from './expression.ts'
import { checkNames, readFrom } from './from.ts'
import { type Body, flag, has, list, opaque, open, openAs, openOnly, str } from './node.ts'
import { readReturning } from './returning.ts'
import type { Item, Scope } from './scope.ts'
import type { Work } from './work.ts'
import {
  addVerb,
  assign,
  columnsOf,
  finishWrite,
  readAssignments,
  startWrite,
  type Write,
  type WriteResult,
  walkSubscripts,
} from './write_scope.ts'

/** Which rows a WHEN clause is about, and so what its condition and action see (parse_merge.c, setNamespaceForMergeWhen). */
type Match = 'both' | 'source' | 'target'

const MATCHES: ReadonlyMap<string, Match> = new Map([
  ['MERGE_WHEN_MATCHED', 'both'],
  ['MERGE_WHEN_NOT_MATCHED_BY_SOURCE', 'target'],
  ['MERGE_WHEN_NOT_MATCHED_BY_TARGET', 'source'],
])

/**
 * MERGE (parse_merge.c, transformMergeStmt): the source does not see the target; ON and RETURNING see the source, then
 * the target. What its conditions read decides rows.
 */
export function readMerge(work: Work, body: Body, parent: Scope | null): WriteResult {
  if (has(body, 'withClause') && flag(openAs('WithClause', body.withClause), 'recursive')) {
    opaque('WITH RECURSIVE is not supported for MERGE')
  }
  const write = startWrite(work, body, parent, null)
  const { scope, rows, target } = write
  const source = readFrom(work, scope, [body.sourceRelation], rows)
  checkNames([target], source)
  scope.items = [...source, target]
  walk({ work, scope, sink: rows }, body.joinCondition)
  const fields = readReturning(write, body)
  for (const clause of list(body, 'mergeWhenClauses')) {
    readWhen(write, source, openOnly('MergeWhenClause', clause))
  }
  return finishWrite(write, { kind: 'merge', fields, hasWhere: true })
}

function readWhen(write: Write, source: readonly Item[], clause: Body): void {
  const { work, scope, target, rows } = write
  const seen = { both: [...source, target], source, target: [target] }
  const match = matchOf(clause)
  scope.items = seen[match]
  // Rows that the source does not know are all the others: without a condition of its own the clause changes each of them.
  const changes = ['CMD_UPDATE', 'CMD_DELETE'].includes(str(clause, 'commandType'))
  if (match === 'target' && changes && !has(clause, 'condition')) work.unconditional = true
  walkOptional({ work, scope, sink: rows }, clause, 'condition')
  switch (str(clause, 'commandType')) {
    case 'CMD_INSERT':
      return readInsertAction(write, clause)
    case 'CMD_UPDATE':
      addVerb(write, 'update')
      return readAssignments(write, list(clause, 'targetList'))
    case 'CMD_DELETE':
      return addVerb(write, 'delete')
    case 'CMD_NOTHING':
      return
    default:
      return opaque(`the action ${str(clause, 'commandType')} of MERGE`)
  }
}

/** Until 16 a clause is about matched rows or not. */
function matchOf(clause: Body): Match {
  if (!has(clause, 'matchKind')) return flag(clause, 'matched') ? 'both' : 'source'
  return MATCHES.get(str(clause, 'matchKind')) ?? opaque(`MERGE ${str(clause, 'matchKind')}`)
}

function readInsertAction(write: Write, clause: Body): void {
  addVerb(write, 'insert')
  const columns = list(clause, 'targetList').map((value) => openOnly('ResTarget', value))
  const named = columns.length > 0 ? columns.map((column) => str(column, 'name')) : columnsOf(write.target)
  for (const name of named) assign(write, name)
  for (const column of columns) walkSubscripts(write, column)
  const values = list(clause, 'values')
  if (values.some((value) => open(value).tag === 'MultiAssignRef')) opaque('a list of columns in MERGE')
  walkAll({ work: write.work, scope: write.scope, sink: write.rows }, values)
}
