import { SallyportError } from '../errors.ts'
import { type Catalog, type Column, type Relation, type RelationName, relationKey } from '../sql/catalog.ts'
import { bounded, byKey, sealed } from './catalog_content.ts'

/**
 * Names that relations and columns had, by what a rename does not change: pg_class.oid and pg_attribute.attnum. A
 * relation that was a partition or child of another has that one's names too, so that DETACH takes no protection away.
 * What is no longer there is forgotten.
 */
export interface FormerNames {
  /** The catalog with what is remembered of its relations; remembers what it says. */
  recalled(key: string, catalog: Catalog): Catalog
  /** As JSON, or null where nothing has changed since the last time. */
  taken(): string | null
}

/** One relation may have had so many names; a database where one had more is not judged any further. */
const NAMES_OF_ONE_MAX = 1_000

interface Memory {
  /** Every name that it had, its own and those of its ancestors, as relationKey. */
  readonly names: Set<string>
  readonly columns: Map<number, Set<string>>
}

type Databases = Map<string, Map<number, Memory>>

/** Goes on from what `taken` gave an earlier process, null at first. Rejects a text that is not what it gave. */
export function createFormerNames(earlier: string | null): FormerNames {
  const databases = earlier === null ? new Map() : parsed(earlier)
  let changed = false
  return {
    recalled: (key, catalog) => {
      if (catalog.dialect !== 'postgres') return catalog
      const known = databases.get(key) ?? new Map()
      databases.set(key, known)
      if (remember(known, catalog)) changed = true
      return withFormer(catalog, known)
    },
    taken: () => {
      if (!changed) return null
      changed = false
      return JSON.stringify(written(databases))
    },
  }
}

/** True where something was learnt or forgotten. */
function remember(known: Map<number, Memory>, catalog: Catalog): boolean {
  let changed = false
  for (const oid of known.keys()) {
    if (!catalog.relationsByOid.has(oid)) changed = known.delete(oid)
  }
  for (const relation of catalog.relations.values()) {
    if (relation.kind === 'system') continue
    const memory = known.get(relation.oid) ?? { names: new Set(), columns: new Map() }
    known.set(relation.oid, memory)
    if (learn(memory, relation)) changed = true
  }
  // Ancestors' own former names: every relation has learnt its present ones by now.
  for (const relation of catalog.relations.values()) {
    const memory = known.get(relation.oid)
    const above = relation.parents.flatMap((key) => known.get(catalog.relations.get(key)?.oid ?? 0) ?? [])
    for (const { names } of memory ? above : []) if (addAll(memory?.names, names)) changed = true
  }
  return changed
}

function learn({ names, columns }: Memory, relation: Relation): boolean {
  let changed = addAll(names, [relationKey(relation.schema, relation.name)])
  for (const { ordinal, name } of relation.columns) {
    const known = columns.get(ordinal) ?? new Set()
    columns.set(ordinal, known)
    if (addAll(known, [name])) changed = true
  }
  return changed
}

function addAll(set: Set<string> | undefined, more: Iterable<string>): boolean {
  const before = set?.size
  for (const one of more) set?.add(one)
  return set?.size !== before
}

function withFormer(catalog: Catalog, known: ReadonlyMap<number, Memory>): Catalog {
  let some = false
  const relations = [...catalog.relations.values()].map((relation) => {
    const memory = known.get(relation.oid)
    const recalled = memory ? relationWith(relation, memory) : relation
    if (recalled !== relation) some = true
    return recalled
  })
  if (!some) return catalog
  const { digest: _, ...content } = catalog
  return sealed({
    ...content,
    relations: byKey(relations),
    relationsByOid: new Map(relations.map((relation) => [relation.oid, relation])),
  })
}

/** The names of its present ancestors are left out: what holds for those is found by the relationship. */
function relationWith(relation: Relation, memory: Memory): Relation {
  const present = new Set([relationKey(relation.schema, relation.name), ...relation.parents])
  const formerly = [...memory.names].filter((key) => !present.has(key)).sort()
  bounded([...memory.names], NAMES_OF_ONE_MAX, 'former names of one relation')
  const columns = relation.columns.map((column) => columnWith(column, memory))
  if (formerly.length === 0 && columns.every((column, index) => column === relation.columns[index])) return relation
  return { ...relation, columns, ...(formerly.length > 0 ? { formerly: formerly.map(nameOfKey) } : {}) }
}

function columnWith(column: Column, { columns }: Memory): Column {
  const names = bounded([...(columns.get(column.ordinal) ?? [])], NAMES_OF_ONE_MAX, 'former names of one column')
  const formerly = names.filter((name) => name !== column.name).sort()
  return formerly.length === 0 ? column : { ...column, formerly }
}

function nameOfKey(key: string): RelationName {
  const at = key.indexOf('\0')
  return { schema: key.slice(0, at), name: key.slice(at + 1) }
}

type Written = readonly (readonly [
  key: string,
  relations: readonly (readonly [
    oid: number,
    names: readonly string[],
    columns: readonly (readonly [attnum: number, names: readonly string[]])[],
  ])[],
])[]

function written(databases: Databases): Written {
  return [...databases].map(([key, known]) => [
    key,
    [...known].map(([oid, { names, columns }]) => [
      oid,
      [...names],
      [...columns].map(([attnum, all]) => [attnum, [...all]] as const),
    ]),
  ])
}

function parsed(text: string): Databases {
  try {
    return memoriesOf(JSON.parse(text) as Written)
  } catch (cause) {
    throw new SallyportError('SP-CONFIG', 'the former names of relations in the data directory are damaged', { cause })
  }
}

function memoriesOf(databases: Written): Databases {
  return new Map(
    databases.map(([key, known]) => [
      key,
      new Map(
        known.map(([oid, names, columns]) => [
          oid,
          { names: new Set(names), columns: new Map(columns.map(([attnum, all]) => [attnum, new Set(all)])) },
        ]),
      ),
    ]),
  )
}
