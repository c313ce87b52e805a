import type { Catalog, Relation } from '../sql/catalog.ts'
import type { StatementFacts } from '../sql/facts.ts'
import type { Engine } from './verdict.ts'

/** By catalog, which is immutable: the definition of a view means the same for as long as it stands. */
const known = new WeakMap<Catalog, Map<Relation, StatementFacts | null>>()

/** The facts of a view's definition, or null where it can't be analysed. */
export function viewFactsOf(view: Relation, catalog: Catalog, engine: Engine): StatementFacts | null {
  const ofCatalog = known.get(catalog) ?? new Map<Relation, StatementFacts | null>()
  known.set(catalog, ofCatalog)
  const cached = ofCatalog.get(view)
  if (cached !== undefined) return cached
  const facts = view.definition === null ? null : definitionFacts(view.definition, catalog, engine)
  ofCatalog.set(view, facts)
  return facts
}

/** A catalog prints definitions with every name qualified, so no path and no default database may help. */
function definitionFacts(definition: string, catalog: Catalog, engine: Engine): StatementFacts | null {
  const context = { catalog, searchPath: [], defaultDatabase: null, sqlMode: new Set<string>() }
  const { statements } = engine.analyze(definition, context)
  const only = statements.length === 1 ? statements[0] : undefined
  return only?.kind === 'select' ? only : null
}
