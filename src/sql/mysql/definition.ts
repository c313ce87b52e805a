import { SallyportError } from '../../errors.ts'
import type { Relation } from '../catalog.ts'
import type { DefinitionChange, StatementFacts } from '../facts.ts'
import { administrationFacts } from './administration.ts'
import { Cursor } from './cursor.ts'
import { definingQuery } from './defining_query.ts'
import { type Definition, readDefinition } from './definition_names.ts'
import { findRelation } from './fold.ts'
import { namedRelations } from './named_relations.ts'
import type { Reading } from './reading.ts'
import { blank, type Statement } from './statement_facts.ts'

/**
 * CREATE, ALTER, DROP and RENAME. Their grammar is not followed to the end: what they name is listed, and their kind
 * alone decides whether they may run. The query of a view or of a new table is read as such.
 */
export function definitionFacts(reading: Reading): StatementFacts {
  const { cursor, statement } = reading
  const definition = readDefinition(cursor)
  if (definition === null) return administrationFacts({ ...reading, cursor: new Cursor(statement.tokens) })
  const definitions = changesOf(reading, definition)
  const known = definitions.flatMap(({ relation }) => (relation ? [relation] : []))
  const uses = namedRelations(statement, reading.context, known)
  const facts: StatementFacts = { ...blank(statement, 'ddl'), verbs: ['ddl'], uses, definitions }
  const query = definingQuery(reading, definition)
  return query === null ? facts : withQuery(reading, facts, query, definition.object.endsWith('table'))
}

/** Where the query isn't understood the statement says so, and still names what it makes. */
function withQuery(reading: Reading, facts: StatementFacts, query: Statement, isTable: boolean): StatementFacts {
  const kind = isTable ? 'create_table_as' : 'ddl'
  try {
    const inner = reading.inner(query)
    const { uses, rowSources, hasWhere } = inner
    return { ...facts, kind, verbs: ['ddl', ...inner.verbs], uses, rowSources, hasWhere, inner }
  } catch (error) {
    if (!(error instanceof SallyportError)) throw error
    return { ...facts, kind, opaque: { code: error.code, reason: error.detail } }
  }
}

function changesOf({ context }: Reading, definition: Definition): DefinitionChange[] {
  const { object, perSchema } = definition
  return definition.names.map(({ change, parts, on }): DefinitionChange => {
    const name = parts.at(-1)!
    if (!perSchema) return { change, object, schema: null, name, relation: null }
    const owner = on ?? parts
    const schema = owner.length === 2 ? owner[0]! : parts.length === 2 ? parts[0]! : context.defaultDatabase
    return { change, object, schema, name, relation: relationOf(context.catalog, schema, owner.at(-1)!, object) }
  })
}

/** Of routines and their like there is no relation. */
const OF_RELATIONS = new Set(['table', 'temporary table', 'view', 'index', 'trigger', 'sequence'])

function relationOf(
  catalog: Reading['context']['catalog'],
  schema: string | null,
  name: string,
  object: string,
): Relation | null {
  return schema === null || !OF_RELATIONS.has(object) ? null : findRelation(catalog, schema, name)
}
