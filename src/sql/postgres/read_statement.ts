import type { AnalysisContext, StatementFacts } from '../facts.ts'
import { readCopy } from './copy.ts'
import { walkAll } from './expression.ts'
import { type Body, has, list, opaque, open, openOnly, str } from './node.ts'
import { readQuery } from './query.ts'
import { useType } from './routine.ts'
import { openScope } from './scope.ts'
import { readSessionStatement } from './session_statement.ts'
import type { Source } from './source.ts'
import { collected, type Findings, factsOf, outputOf, sourcesOf } from './statement.ts'
import { finish, startWork, type Work } from './work.ts'
import { readDelete, readInsert, readUpdate } from './write.ts'

export interface Input {
  readonly source: Source
  readonly context: AnalysisContext
}

type Place = Pick<StatementFacts, 'span' | 'normalized'>

/** One statement by its kind. A kind without a rule is refused by the node table. */
export function readStatement(value: unknown, place: Place, input: Input): StatementFacts {
  const tag = Object.keys(typeof value === 'object' && value !== null ? value : {})[0] ?? ''
  const refusal = REFUSED.get(tag)
  if (refusal !== undefined) opaque(refusal)
  const { body } = open(value)
  const work = startWork(input.context, input.source)
  switch (tag) {
    case 'SelectStmt':
    case 'InsertStmt':
    case 'UpdateStmt':
    case 'DeleteStmt':
      return factsOf(place, readData(work, tag, body))
    case 'ExplainStmt':
      return factsOf(place, readExplain(work, body, place))
    case 'PrepareStmt':
      return factsOf(place, readPrepare(work, body, place))
    case 'ExecuteStmt':
      return factsOf(place, readExecute(work, body))
    case 'CopyStmt':
      return factsOf(place, readCopy(work, body))
    default:
      return factsOf(place, readSessionStatement(tag, body))
  }
}

/** Statements whose meaning is clear enough to say why they are refused. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['MergeStmt', 'MERGE is not analysed; write INSERT ... ON CONFLICT or UPDATE'],
  ['DoStmt', 'DO runs code that is not analysed'],
  ['CallStmt', 'CALL runs a procedure that is not analysed'],
  ['CreateTableAsStmt', 'CREATE TABLE AS makes a table'],
  ['DeclareCursorStmt', 'cursors by SQL are not analysed; use the protocol'],
  ['FetchStmt', 'cursors by SQL are not analysed; use the protocol'],
  ['ListenStmt', 'LISTEN opens a channel between sessions'],
  ['NotifyStmt', 'NOTIFY opens a channel between sessions'],
  ['LockStmt', 'LOCK is not offered'],
  ['VacuumStmt', 'VACUUM and ANALYZE are maintenance'],
  ['TruncateStmt', 'TRUNCATE is not analysed; use DELETE'],
])

/** SELECT and the writes: what EXPLAIN and PREPARE may hold too. */
function readData(work: Work, tag: string, body: Body): Findings {
  switch (tag) {
    case 'InsertStmt':
      return readInsert(work, body)
    case 'UpdateStmt':
      return readUpdate(work, body)
    case 'DeleteStmt':
      return readDelete(work, body)
    case 'SelectStmt':
      return readSelect(work, body)
    default:
      return opaque(`${tag} inside another statement`)
  }
}

function readSelect(work: Work, body: Body): Findings {
  work.verbs.add('read')
  const { fields, rows } = readQuery(work, body, null)
  for (const field of fields) finish(work, field)
  return {
    kind: 'select',
    ...collected(work),
    output: outputOf(fields),
    rowSources: sourcesOf(rows),
    hasWhere: has(body, 'whereClause'),
  }
}

/** A plan quotes the statement's expressions, so that nothing in it counts as passed. */
function readExplain(work: Work, body: Body, place: Place): Findings {
  const { tag, body: query } = open(body.query)
  const findings = readData(work, tag, query)
  for (const use of work.uses) for (const column of use.referenced) use.computed.add(column)
  const inner = factsOf(place, { ...findings, ...collected(work) })
  const { uses, functions, verbs, rowSources, hasWhere } = inner
  return {
    kind: 'explain',
    uses,
    functions,
    verbs,
    rowSources,
    hasWhere,
    inner,
    name: isAnalyze(body) ? 'analyze' : null,
  }
}

function isAnalyze(body: Body): boolean {
  return list(body, 'options').some((option) => str(openOnly('DefElem', option), 'defname') === 'analyze')
}

function readPrepare(work: Work, body: Body, place: Place): Findings {
  for (const type of list(body, 'argtypes')) useType(work, openOnly('TypeName', type))
  const { tag, body: query } = open(body.query)
  const inner = factsOf(place, readData(work, tag, query))
  const { uses, functions, verbs, rowSources, hasWhere } = inner
  return { kind: 'prepare', name: str(body, 'name'), uses, functions, verbs, rowSources, hasWhere, inner }
}

/** Parameters are expressions; subqueries can't stand in them. */
function readExecute(work: Work, body: Body): Findings {
  walkAll({ work, scope: openScope(null), sink: new Map() }, list(body, 'params'))
  if (work.uses.length > 0) opaque('a subquery in EXECUTE')
  return { kind: 'execute', name: str(body, 'name'), functions: work.functions }
}
