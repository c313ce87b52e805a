import type { CatalogType } from '../sql/catalog.ts'
import { bounded, NAMES_MAX } from './catalog_content.ts'
import { TYPE_SHAPES_SQL } from './postgres_catalog_sql.ts'
import type { AdminSession } from './postgres_client.ts'

interface TypeRow {
  readonly oid: number
  readonly name: string
  readonly schema: string
  readonly kind: string
  readonly base: number
  /** 0 where it is no array type. */
  readonly element: number
}

/** pg_type.typtype; a pseudo-type is no column's. */
const KINDS: Readonly<Record<string, CatalogType['kind']>> = {
  b: 'base',
  c: 'composite',
  d: 'domain',
  e: 'enum',
  m: 'range',
  r: 'range',
}

/** The types that are not built in, by OID: what a mask has to know of a field's type. */
export async function readTypes(session: AdminSession): Promise<ReadonlyMap<number, CatalogType>> {
  const rows = bounded(await session.query<TypeRow>(TYPE_SHAPES_SQL, [NAMES_MAX + 1]), NAMES_MAX, 'types')
  return new Map(
    rows.flatMap(({ oid, name, schema, kind, base, element }): [number, CatalogType][] => {
      const known = element === 0 ? KINDS[kind] : 'array'
      return known === undefined ? [] : [[oid, { schema, name, kind: known, base, element }]]
    }),
  )
}
