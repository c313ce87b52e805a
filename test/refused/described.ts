import type mysql from 'mysql2/promise'
import { type Catalog, type Relation, relationKey } from '../../src/sql/catalog.ts'
import type { OutputField, StatementFacts } from '../../src/sql/facts.ts'

type Field = mysql.FieldPacket

/**
 * What the server's own description of a result says against the facts: another number of fields, another name, or a
 * column of origin that the field is not said to depend on. Null where nothing does.
 */
export function contradiction(statement: StatementFacts, fields: readonly Field[], catalog: Catalog): string | null {
  const output = statement.output ?? []
  if (output.length !== fields.length) return `${fields.length} fields instead of ${output.length}`
  for (const [index, expected] of output.entries()) {
    const problem = fieldProblem(expected, fields[index] as Field, statement, catalog)
    if (problem !== null) return `field ${index + 1}: ${problem}`
  }
  return null
}

function fieldProblem(expected: OutputField, field: Field, statement: StatementFacts, catalog: Catalog): string | null {
  if (field.name !== expected.name) return `is called ${field.name} instead of ${expected.name}`
  const origin = originOf(field, catalog)
  if (origin === null) return null
  const { relation, column } = origin
  const says = `comes from ${relation.name}.${column}`
  if (!expected.sources.some((source) => source.relation === relation && source.column === column))
    return `${says}, which is no source of it`
  if (expected.origin === null) return null
  const of = statement.uses[expected.origin.use]?.relation
  return of === relation && expected.origin.column === column
    ? null
    : `${says} instead of ${of?.name}.${expected.origin.column}`
}

/** Behind a derived table the names are its own, so that only what is a column indeed counts. */
function originOf(field: Field, catalog: Catalog): { relation: Relation; column: string } | null {
  const { schema = '', db = '', orgTable, orgName } = field as Field & { schema?: string; db?: string }
  const fold = (name: string) => (catalog.lowerCaseTableNames === 0 ? name : name.toLowerCase())
  const relation = catalog.relations.get(relationKey(fold(schema || db), fold(orgTable)))
  const column = relation?.columns.find(({ name }) => name.toLowerCase() === orgName.toLowerCase())
  return relation && column ? { relation, column: column.name } : null
}
