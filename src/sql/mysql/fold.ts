import type { Catalog, Relation } from '../catalog.ts'
import { relationKey } from '../catalog.ts'
import { numberTable } from './number_table.ts'

/** A database or table name as `Catalog.relations` keys hold it: lower-cased unless lower_case_table_names is 0. */
export function foldName(catalog: Pick<Catalog, 'lowerCaseTableNames'>, name: string): string {
  return catalog.lowerCaseTableNames === 0 ? name : name.toLowerCase()
}

/** The relation of that name; names in information_schema match in any case on every server. */
export function findRelation(catalog: Catalog, schema: string, name: string): Relation | null {
  const [database, table] = [foldName(catalog, schema), foldName(catalog, name)]
  const exact = catalog.relations.get(relationKey(database, table)) ?? numberTable(catalog, database, table)
  if (exact || schema.toLowerCase() !== 'information_schema') return exact
  for (const folded of [name, name.toUpperCase(), name.toLowerCase()]) {
    for (const database of ['information_schema', 'INFORMATION_SCHEMA']) {
      const found = catalog.relations.get(relationKey(database, folded))
      if (found) return found
    }
  }
  return null
}

/** How two column names or aliases relate. `unclear`: the server's collation might take them for the same. */
export type Sameness = 'same' | 'different' | 'unclear'

/** Column names and their aliases match without regard to case; beyond ASCII only an exact match is trusted. */
export function sameColumn(left: string, right: string): Sameness {
  if (left === right) return 'same'
  if (isAscii(left) && isAscii(right)) return left.toLowerCase() === right.toLowerCase() ? 'same' : 'different'
  return loosest(left) === loosest(right) ? 'unclear' : 'different'
}

/** Table aliases and CTE names: exact where lower_case_table_names is 0; a match by case alone is then unclear. */
export function sameAlias(catalog: Catalog, left: string, right: string): Sameness {
  if (left === right) return 'same'
  if (catalog.lowerCaseTableNames !== 0 && isAscii(left) && isAscii(right))
    return left.toLowerCase() === right.toLowerCase() ? 'same' : 'different'
  return loosest(left) === loosest(right) ? 'unclear' : 'different'
}

function isAscii(name: string): boolean {
  return /^[\u0020-\u007e]*$/.test(name)
}

/** Compatibility forms without marks, lower-cased: coarser than any collation that the server compares names with. */
function loosest(name: string): string {
  return name.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().toLowerCase().trimEnd()
}
