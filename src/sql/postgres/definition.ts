import { SallyportError } from '../../errors.ts'
import type { DefinitionChange, StatementFacts, StatementKind } from '../facts.ts'
import { DEFINITIONS } from './definition_names.ts'
import { type Body, names, openOnly } from './node.ts'
import { useRelation } from './relation.ts'
import { useFunction } from './routine.ts'
import { readSelect } from './select.ts'
import { collected, type Findings, factsOf } from './statement.ts'
import { startWork, type Work } from './work.ts'

type Place = Pick<StatementFacts, 'span' | 'normalized'>

/**
 * Changes of definitions, maintenance and administration. The tree of these is not judged field by field: what they name
 * is listed, every relation inside counts as changed, and their kind alone decides whether they may run. Null for
 * another statement.
 */
export function readDefinition(work: Work, value: unknown, place: Place): Findings | null {
  const [tag, body] = entryOf(value)
  const rule = DEFINITIONS.get(tag)
  if (rule === undefined) return null
  const definitions = rule.names(work.context, body)
  if (tag === 'ViewStmt') return readView(work, body, definitions, place)
  sweep(work, body)
  return { ...changed(work, rule.kind), definitions }
}

function changed(work: Work, kind: StatementKind): Findings {
  const { uses, functions, settings } = collected(work)
  return { kind, verbs: ['ddl'], uses, functions, settings }
}

/** The query of a view is read as such; where it isn't understood the statement says so, and still names the view. */
function readView(work: Work, body: Body, definitions: readonly DefinitionChange[], place: Place): Findings {
  try {
    const inner = factsOf(place, readSelect(work, openOnly('SelectStmt', body.query)))
    const { rowSources, hasWhere } = inner
    return { ...changed(work, 'ddl'), definitions, inner, rowSources, hasWhere }
  } catch (error) {
    if (!(error instanceof SallyportError)) throw error
    const opaque = { code: error.code, reason: error.detail }
    return { ...changed(startWork(work.context, work.source), 'ddl'), definitions, opaque }
  }
}

/**
 * Every relation and function inside, whatever it stands in: LIKE, INHERITS, REFERENCES, USING, the actions of a rule, the
 * body of a function. A name that is not known is none of a relation that there is.
 */
function sweep(work: Work, value: unknown): void {
  if (Array.isArray(value)) for (const each of value) sweep(work, each)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  const body = value as Body
  if (typeof body.relname === 'string') sweepRelation(work, body)
  if (Array.isArray(body.funcname) && Array.isArray(body.args ?? [])) sweepFunction(work, body)
  for (const inner of Object.values(body)) sweep(work, inner)
}

function sweepRelation(work: Work, range: Body): void {
  try {
    const use = useRelation(work, range, 'target')
    use.wholeRow = true
    use.fixed = 'a change of definitions'
  } catch (error) {
    if (!(error instanceof SallyportError) || error.code !== 'SP-NAME') throw error
  }
}

function sweepFunction(work: Work, body: Body): void {
  useFunction(work, names(body, 'funcname'), ((body.args ?? []) as readonly unknown[]).length)
}

function entryOf(value: unknown): readonly [string, Body] {
  const entry = Object.entries(typeof value === 'object' && value !== null ? value : {})[0]
  return entry === undefined ? ['', {}] : [entry[0], entry[1] as Body]
}
