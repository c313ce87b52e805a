import { type Catalog, type Relation, relationKey } from '../catalog.ts'

/** sequence.cc, parse_table_name: without signs, and a step of 0 makes no table. */
const NUMBERS = /^seq_\d{1,20}_to_\d{1,20}(?:_step_0*[1-9]\d{0,19})?$/

/**
 * MariaDB's engine SEQUENCE: `seq_1_to_9` and `seq_1_to_9_step_2` are tables of those numbers in every database that has
 * no table of that name. The names are folded.
 */
export function numberTable(catalog: Catalog, schema: string, name: string): Relation | null {
  const isOne = catalog.dialect === 'mariadb' && NUMBERS.test(name) && catalog.schemas.has(schema)
  if (!isOne || catalog.relations.has(relationKey(schema, name))) return null
  const column = {
    name: 'seq',
    ordinal: 1,
    type: 'bigint(20) unsigned',
    typeOid: 0,
    collation: null,
    generatedFrom: [],
  }
  return {
    kind: 'system',
    numbers: true,
    schema,
    name,
    oid: 0,
    columns: [column],
    primaryKey: ['seq'],
    constrained: [],
    parents: [],
    definition: null,
    hasTriggers: false,
    hasRules: false,
    rowSecurity: false,
  }
}
