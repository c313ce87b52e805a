import type { RelationUse } from '../facts.ts'
import type { Substitution } from '../substitution.ts'
import { columnSql } from './mask_sql.ts'
import { quoteName } from './source.ts'

/**
 * The subquery that stands in for a reference: every column in order, masked ones as typed constants, system columns
 * where they are named. `sample` is the reference's TABLESAMPLE clause.
 */
export function subqueryFor(use: RelationUse, substitution: Substitution, sample = ''): string {
  const { relation } = use
  const columns = relation.columns.map((column) => columnSql(column, substitution.masks.get(column.name)))
  const known = new Set(relation.columns.map((column) => column.name))
  const system = [...use.columns.keys()].filter((name) => !known.has(name)).map(quoteName)
  const from = `${use.only ? 'ONLY ' : ''}${qualifiedName(use)}${sample === '' ? '' : ` ${sample}`}`
  const select = `SELECT ${[...columns, ...system].join(', ')} FROM ${from}`
  if (substitution.where === null) return `(${select}${isUnread(use, substitution) ? ' WHERE "ctid" IS NOT NULL' : ''})`
  const filtered = `(${select} WHERE (${substitution.where}))`
  if (substitution.plain) return filtered
  const shown = [...relation.columns.map(({ name }) => quoteName(name)), ...system]
  return fenced(filtered, shown)
}

/**
 * Each column is a constant. To read a table without any of its columns takes a right to some column all the same, which
 * an account of its own has to none (execMain.c, ExecCheckOneRelPerms); that to the row's place it has.
 */
function isUnread({ relation: { kind, columns } }: RelationUse, { masks }: Substitution): boolean {
  if (kind !== 'table' && kind !== 'partitioned' && kind !== 'materialized_view') return false
  return columns.every(({ name }) => {
    const mask = masks.get(name)
    return mask?.kind === 'null' || mask?.kind === 'constant'
  })
}

/**
 * Nothing outside is evaluated on a row that the condition excludes. OFFSET 0 keeps conditions out of a subquery
 * (allpaths.c, subquery_is_pushdown_safe), and columns of an outer level keep the planner's estimates from running a
 * person's operator on the statistics of the table, where excluded rows are (selfuncs.c, examine_simple_variable).
 */
export function fenced(filtered: string, shown: readonly string[]): string {
  const columns = shown.map((name) => `"r".${name}`).join(', ')
  return `(SELECT "f".* FROM ${filtered} AS "r", LATERAL (SELECT ${columns} OFFSET 0) AS "f")`
}

export function qualifiedName(use: RelationUse): string {
  return `${quoteName(use.relation.schema)}.${quoteName(use.relation.name)}`
}
