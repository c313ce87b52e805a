import { type Relation, relationKey } from '../catalog.ts'
import type { ColumnRef } from '../facts.ts'

/** Columns that a value or a set of rows depends on, each once. */
export type Sources = Map<string, ColumnRef>

/** A column of one reference to a base relation. */
export interface BaseColumn {
  readonly use: number
  readonly column: string
}

/** One column of something that stands in FROM, or of a query's result. */
export interface Field {
  readonly name: string
  /** The base column whose value this is, unchanged or NULL by an outer join: what the server reports as origin. */
  readonly origin: BaseColumn | null
  /** True while nothing but inner joins and subqueries lies between the base column and here. */
  readonly passable: boolean
  /** What is computed on when this field is used by anything but a bare select list. */
  readonly bases: readonly BaseColumn[]
  readonly sources: ReadonlyMap<string, ColumnRef>
  /** The attribute names where the value is a composite of a known built-in function, or a row of a relation. */
  readonly record: readonly string[] | null
}

export function baseField(relation: Relation, use: number, column: string, name: string): Field {
  const base = { use, column }
  const sources = new Map([[`${relationKey(relation.schema, relation.name)}\0${column}`, { relation, column }]])
  return { name, origin: base, passable: true, bases: [base], sources, record: null }
}

/** A field whose base columns have been marked as computed on already. */
export function computedField(
  name: string,
  sources: ReadonlyMap<string, ColumnRef>,
  record: readonly string[] | null = null,
): Field {
  return { name, origin: null, passable: false, bases: [], sources, record }
}

/** What an outer join, DISTINCT or a lock leaves of a field: the same value, but no proof that it passes. */
export function unpassable(field: Field): Field {
  return { ...field, passable: false }
}

export function addSources(into: Sources, from: ReadonlyMap<string, ColumnRef>): void {
  for (const [key, source] of from) into.set(key, source)
}

/** The fields under an alias's column list, which may be shorter than the fields. */
export function renamed(fields: readonly Field[], columns: readonly string[]): readonly Field[] | null {
  if (columns.length > fields.length) return null
  return fields.map((field, index) => ({ ...field, name: columns[index] ?? field.name }))
}
