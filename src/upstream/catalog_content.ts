import { createHash } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import { type Catalog, type Column, type NamesBySchema, type Relation, relationKey } from '../sql/catalog.ts'

/** Bounds of one snapshot. More is refused: a catalog that is read in part would judge on half the truth. */
export const RELATIONS_MAX = 50_000
export const COLUMNS_MAX = 1_000_000
export const NAMES_MAX = 200_000
/** Characters of one view's definition; a longer one is kept as unknown. */
export const DEFINITION_CHARS_MAX = 1_000_000
/** One catalog query may take this long on the server. */
export const CATALOG_STATEMENT_MS = 20_000
export const CATALOG_CONNECT_MS = 10_000

/** The rows of a catalog query, or `SP-CATALOG` when there are more than `max`. Queries ask for one row more. */
export function bounded<T>(rows: readonly T[], max: number, what: string): readonly T[] {
  if (rows.length > max) throw new SallyportError('SP-CATALOG', `the database has more than ${max} ${what}`)
  return rows
}

/** Adds to each list of constrained columns what its generated columns are computed from. */
export function withSources(constrained: Iterable<string>, columns: readonly Column[]): readonly string[] {
  const names = new Set(constrained)
  for (const column of columns) {
    if (names.has(column.name)) for (const source of column.generatedFrom) names.add(source)
  }
  return columns.map((column) => column.name).filter((name) => names.has(name))
}

export function namesBySchema(rows: Iterable<{ readonly name: string; readonly schema: string }>): NamesBySchema {
  const names = new Map<string, Set<string>>()
  for (const { name, schema } of rows) names.set(name, (names.get(name) ?? new Set()).add(schema))
  return new Map([...names].map(([name, schemas]) => [name, [...schemas].sort()]))
}

export function byKey(relations: readonly Relation[]): ReadonlyMap<string, Relation> {
  return new Map(relations.map((relation) => [relationKey(relation.schema, relation.name), relation]))
}

/** The catalog with its digest: SHA-256 over everything in it, in an order that does not depend on the server's. */
export function sealed(content: Omit<Catalog, 'digest'>): Catalog {
  const hash = createHash('sha256')
  const add = (value: unknown): void => {
    hash.update(JSON.stringify(value)).update('\n')
  }
  add([content.dialect, content.version, content.major, content.database, content.lowerCaseTableNames])
  add([...content.schemas].sort())
  add([...content.sqlMode].sort())
  add(content.searchPath)
  for (const names of [content.functions, content.operators, content.types]) add([...names].sort(byFirst))
  const { onOwnTypes } = content
  if (onOwnTypes) for (const names of [onOwnTypes.functions, onOwnTypes.operators]) add([...names].sort(byFirst))
  add([...(content.typesByOid ?? [])].sort(([a], [b]) => a - b))
  for (const entry of [...content.relations].sort(byFirst)) add(entry)
  return { ...content, digest: hash.digest('hex') }
}

function byFirst(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0
}

/** An error of a driver as one that is safe to show: drivers quote statements and hosts in their messages. */
export function unreachable(error: unknown, server: string): SallyportError {
  if (error instanceof SallyportError) return error
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  const reason = /^[A-Z0-9_]{3,40}$/.test(code) ? ` (${code})` : ''
  return new SallyportError('SP-UPSTREAM', `the catalog could not be read from ${server}${reason}`, { cause: error })
}
