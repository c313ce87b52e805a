import type { AnalysisContext, StatementFacts } from '../facts.ts'
import { readCopy } from './copy.ts'
import { readDeclare, readFetch } from './cursor.ts'
import { readDefinition } from './definition.ts'
import { readExplain } from './explain.ts'
import { walkAll } from './expression.ts'
import { type Body, list, opaque, open, openOnly, str } from './node.ts'
import { readOther } from './other_statement.ts'
import { useType } from './routine.ts'
import { openScope } from './scope.ts'
import { readSelect, readTableAs, readWholeSelect } from './select.ts'
import { readSessionStatement } from './session_statement.ts'
import type { Source } from './source.ts'
import { collected, type Findings, factsOf, outputOf, sourcesOf } from './statement.ts'
import { startWork, type Work } from './work.ts'
import { isWrite, readWrite } from './write_kind.ts'

export interface Input {
  readonly source: Source
  readonly context: AnalysisContext
}

type Place = Pick<StatementFacts, 'span' | 'normalized'>

/** One statement by its kind. A kind without a rule is refused by the node table. */
export function readStatement(value: unknown, place: Place, input: Input): StatementFacts {
  const work = startWork(input.context, input.source)
  const definition = readDefinition(work, value, place)
  if (definition !== null) return factsOf(place, definition)
  const { tag, body } = open(value)
  return factsOf(place, readKnown(work, tag, body, place))
}

function readKnown(work: Work, tag: string, body: Body, place: Place): Findings {
  switch (tag) {
    case 'SelectStmt':
      return readWholeSelect(work, body, place)
    case 'ExplainStmt':
      return readExplain(work, body, place, (query) => readExplained(work, query, place))
    case 'PrepareStmt':
      return readPrepare(work, body, place)
    case 'ExecuteStmt':
      return readExecute(work, body)
    case 'CreateTableAsStmt':
      return readTableAs(work, body, place, (inner) => readExecute(work, inner))
    case 'DeclareCursorStmt':
      return readDeclare(work, body, place)
    case 'FetchStmt':
      return readFetch(body)
    case 'CopyStmt':
      return readCopy(work, body, place.span.start)
    default:
      if (isWrite(tag)) return readData(work, tag, body)
      return readOther(work, tag, body) ?? readSessionStatement(tag, body)
  }
}

/** SELECT and the writes: what PREPARE may hold too. */
function readData(work: Work, tag: string, body: Body): Findings {
  if (tag === 'SelectStmt') return readSelect(work, body)
  if (!isWrite(tag)) return opaque(`${tag} inside another statement`)
  const { kind, fields, rows, hasWhere } = readWrite(work, tag, body, null)
  const output = fields === null ? null : outputOf(fields)
  return { kind, ...collected(work), output, rowSources: sourcesOf(rows), hasWhere }
}

/** EXPLAIN runs nothing that its statement would do to the session; what it sets by calls is not followed. */
function readExplained(work: Work, query: unknown, place: Place): Findings {
  const definition = readDefinition(work, query, place)
  if (definition !== null) return definition
  const { tag, body } = open(query)
  const explained = ['SelectStmt', 'DeclareCursorStmt', 'CreateTableAsStmt', 'ExecuteStmt']
  if (!explained.includes(tag) && !isWrite(tag)) opaque(`EXPLAIN of ${tag}`)
  const findings = readKnown(work, tag, body, place)
  return { ...findings, ...collected(work) }
}

function readPrepare(work: Work, body: Body, place: Place): Findings {
  for (const type of list(body, 'argtypes')) useType(work, openOnly('TypeName', type))
  const { tag, body: query } = open(body.query)
  const inner = factsOf(place, readData(work, tag, query))
  const { rowSources, hasWhere } = inner
  return { kind: 'prepare', name: str(body, 'name'), ...collected(work), rowSources, hasWhere, inner }
}

/** Parameters are expressions; subqueries can't stand in them. */
function readExecute(work: Work, body: Body): Findings {
  walkAll({ work, scope: openScope(null), sink: new Map() }, list(body, 'params'))
  if (work.uses.length > 0) opaque('a subquery in EXECUTE')
  const { functions, settings } = collected(work)
  return { kind: 'execute', name: str(body, 'name'), functions, settings }
}
