import type mysql from 'mysql2/promise'
import { type Catalog, type Relation, relationKey } from '../../src/sql/catalog.ts'
import type { OutputField, StatementFacts } from '../../src/sql/facts.ts'

type Field = mysql.FieldPacket

export interface Contradiction {
  readonly kind: 'described otherwise' | 'named otherwise'
  readonly detail: string
}

/**
 * What the server's own description of a result says against the facts: another number of fields, a column of origin
 * that the field is not said to depend on, or another name. Null where nothing does.
 */
export function contradiction(
  statement: StatementFacts,
  fields: readonly Field[],
  catalog: Catalog,
): Contradiction | null {
  const { output, kind } = statement
  // Nothing passes through other kinds, and RETURNING is described when it is run.
  if (kind !== 'select' && (output === null || fields.length === 0)) return null
  const expected = output ?? []
  if (expected.length !== fields.length)
    return { kind: 'described otherwise', detail: `${fields.length} fields instead of ${expected.length}` }
  const pairs = expected.map((one, index) => [one, fields[index] as Field] as const)
  for (const [one, field] of pairs) {
    const detail = otherOrigin(one, field, statement, catalog)
    if (detail !== null) return { kind: 'described otherwise', detail: `field ${field.name} ${detail}` }
  }
  const renamed = pairs.find(([one, field]) => field.name !== one.name)
  if (renamed === undefined) return null
  return { kind: 'named otherwise', detail: `a field is called ${renamed[1].name} instead of ${renamed[0].name}` }
}

function otherOrigin(expected: OutputField, field: Field, statement: StatementFacts, catalog: Catalog): string | null {
  const origin = originOf(field, statement, catalog)
  if (origin === null) return null
  const { relation, column } = origin
  const says = `comes from ${relation.name}.${column}`
  if (!expected.sources.some((source) => source.relation === relation && source.column === column))
    return `${says}, which is no source of it`
  if (expected.origin === null) return null
  const of = statement.uses[expected.origin.use]?.relation
  if (of === relation && expected.origin.column === column) return null
  return `${says} instead of ${of?.name}.${expected.origin.column}`
}

/**
 * Behind a derived table, a WITH query or a view the server tells names of its own or of what is below: its word counts
 * where the alias that it tells is that of one table alone which the statement names.
 */
function originOf(
  field: Field,
  { uses }: StatementFacts,
  catalog: Catalog,
): { relation: Relation; column: string } | null {
  const { schema = '', db = '', orgTable, orgName, table } = field as Field & { schema?: string; db?: string }
  const fold = (name: string) => (catalog.lowerCaseTableNames === 0 ? name : name.toLowerCase())
  const relation = catalog.relations.get(relationKey(fold(schema || db), fold(orgTable)))
  const column = relation?.columns.find(({ name }) => name.toLowerCase() === orgName.toLowerCase())
  const named = uses.filter((use) => fold(use.alias) === fold(table))
  const only = named.length > 0 && named.every((use) => use.relation === relation)
  return relation && column && only ? { relation, column: column.name } : null
}
