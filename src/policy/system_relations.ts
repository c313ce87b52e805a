import type { Dialect } from '../sql/catalog.ts'
import type { RelationUse } from '../sql/facts.ts'
import { MYSQL_SYSTEM } from './catalogs_mysql.ts'
import { POSTGRES_HIDDEN, POSTGRES_SYSTEM, POSTGRES_VISIBLE } from './catalogs_postgres.ts'

const NO_COLUMNS: readonly string[] = []

/** Why a use of a system relation is refused, or null: not a system relation, or one that may be browsed so. */
export function hiddenSystemUse(dialect: Dialect, use: RelationUse): string | null {
  if (use.relation.kind !== 'system') return null
  const written = `${use.relation.schema}.${use.relation.name}`
  const name = dialect === 'postgres' ? written : written.toLowerCase()
  if (use.role === 'target') return `${written} can't be changed`
  if (use.relation.numbers) return null
  const visible = dialect === 'postgres' ? POSTGRES_VISIBLE.get(name) : undefined
  if (visible) return onlyVisible(use, written, visible)
  const listed = dialect === 'postgres' ? POSTGRES_SYSTEM : MYSQL_SYSTEM
  if (!listed.has(name)) return `${written} is not open to reading under this grant`
  const hidden = dialect === 'postgres' ? (POSTGRES_HIDDEN.get(name) ?? NO_COLUMNS) : NO_COLUMNS
  const touched = hidden.find((column) => use.wholeRow || use.columns.has(column))
  return touched === undefined ? null : `${written}.${touched} is not open to reading under this grant`
}

function onlyVisible(use: RelationUse, written: string, visible: readonly string[]): string | null {
  const beyond = use.wholeRow || [...use.columns.keys()].some((column) => !visible.includes(column))
  return beyond ? `only ${visible.join(', ')} of ${written} are open to reading under this grant` : null
}
