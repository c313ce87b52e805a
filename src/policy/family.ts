import { type Catalog, type Relation, relationKey } from '../sql/catalog.ts'

interface Family {
  readonly ancestors: readonly Relation[]
  readonly descendants: readonly Relation[]
}

const NONE: Family = { ancestors: [], descendants: [] }

/** Pure memoisation: a snapshot never changes, and goes away with its entry. */
const families = new WeakMap<Catalog, ReadonlyMap<Relation, Family>>()

/** Partition and inheritance relatives: reading a table reads its descendants, and its own name hides no protection. */
export function familyOf(catalog: Catalog, relation: Relation): Family {
  let known = families.get(catalog)
  if (!known) {
    known = buildFamilies(catalog)
    families.set(catalog, known)
  }
  return known.get(relation) ?? known.get(canonical(catalog, relation)) ?? NONE
}

function canonical(catalog: Catalog, { schema, name }: Relation): Relation {
  return catalog.relations.get(relationKey(schema, name)) as Relation
}

function buildFamilies(catalog: Catalog): ReadonlyMap<Relation, Family> {
  const ancestors = new Map<Relation, readonly Relation[]>()
  const descendants = new Map<Relation, Relation[]>()
  for (const relation of new Set(catalog.relations.values())) {
    if (relation.parents.length === 0) continue
    const above = ancestorsOf(catalog, relation)
    ancestors.set(relation, above)
    for (const ancestor of above) descendants.set(ancestor, [...(descendants.get(ancestor) ?? []), relation])
  }
  const families = new Map<Relation, Family>()
  for (const relation of new Set([...ancestors.keys(), ...descendants.keys()])) {
    families.set(relation, { ancestors: ancestors.get(relation) ?? [], descendants: descendants.get(relation) ?? [] })
  }
  return families
}

function ancestorsOf(catalog: Catalog, relation: Relation): Relation[] {
  const found = new Set<Relation>()
  const pending = [...relation.parents]
  for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
    const parent = catalog.relations.get(key)
    if (!parent || found.has(parent)) continue
    found.add(parent)
    pending.push(...parent.parents)
  }
  return [...found]
}
