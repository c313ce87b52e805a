import type { AnalysedScript } from '../access/control.ts'
import { SallyportError } from '../errors.ts'
import type { LiveConfig } from '../live_config.ts'
import { type Classification, classesCovered, classesOf } from '../policy/classification.ts'
import type { Narrowing } from '../policy/grant.ts'
import { parseScript } from '../policy/migration.ts'
import { narrowRole } from '../policy/narrow.ts'
import { risksOf } from '../policy/risk.ts'
import type { Catalogs, Target } from '../session/ports.ts'
import type { Engine } from '../session/verdict.ts'
import type { Catalog } from '../sql/catalog.ts'
import { classesInComment } from '../sql/column_class.ts'
import type { StatementFacts } from '../sql/facts.ts'
import { readTableSizes } from '../upstream/table_sizes.ts'

export interface CatalogDeps {
  readonly live: LiveConfig
  readonly catalogs: Catalogs
  readonly engineFor: (catalog: Catalog) => Promise<Engine>
}

/** The plan of a script, and what approvers should know of it. Rejects with `SP-REQUEST`. */
export async function analyseScript(deps: CatalogDeps, targetName: string, script: string): Promise<AnalysedScript> {
  const target = targetOf(deps, targetName)
  const { catalog, engine, database } = await catalogOf(deps, target)
  const context = {
    catalog,
    searchPath: catalog.searchPath,
    defaultDatabase: target.engine === 'mysql' ? target.defaultDatabase || null : null,
    sqlMode: catalog.sqlMode,
    compared: true as const,
  }
  const { plan, statements } = parseScript(script, catalog.dialect, (text) => engine.analyze(text, context))
  const classification = classificationOf(deps)
  const risks = risksOf({
    statements,
    catalog,
    rows: await sizesOf(deps, target, database, statements),
    isClassified: (schema, name, column, comment) => {
      const named = { schema: schema ?? '', name }
      const inComment = comment === null ? [] : classesInComment(comment)
      return classesOf({ target: target.name, database, catalog, classification }, named, column, inComment).length > 0
    },
  })
  return { plan, risks }
}

/** The sizes are for people to look at: where they can't be had the script is shown without them. */
async function sizesOf(
  { live }: CatalogDeps,
  target: Target,
  database: string,
  statements: readonly StatementFacts[],
): Promise<ReadonlyMap<string, number>> {
  const used = statements.flatMap(({ uses }) => uses.map(({ relation }) => relation))
  const defined = statements.flatMap(({ definitions = [] }) => definitions.flatMap(({ relation }) => relation ?? []))
  const tables = [...used, ...defined].filter(({ kind }) => kind !== 'system')
  const schemas = [...new Set(tables.map(({ schema }) => schema))]
  return readTableSizes(target, database, schemas, live.loginOf(target)).catch(() => new Map())
}

/** The classes of what a role covers on a target; null where the catalog can't be had. */
export async function classesTouched(
  deps: CatalogDeps,
  targetName: string,
  roleName: string,
  narrowing: Narrowing | null,
): Promise<readonly string[] | null> {
  const role = deps.live.config.roles.get(roleName)
  if (!role) return null
  try {
    const { catalog, database } = await catalogOf(deps, targetOf(deps, targetName))
    const classification = classificationOf(deps)
    return classesCovered({
      target: targetName,
      database,
      role: narrowRole(role, narrowing),
      catalog,
      classification,
    })
  } catch (error) {
    if (error instanceof SallyportError) return null
    throw error
  }
}

/** Without lines of the policy the comments in the database speak alone. */
function classificationOf({ live }: CatalogDeps): Classification {
  return live.policy.masking().classification ?? { columns: [], ids: new Map() }
}

export function targetOf({ live }: CatalogDeps, name: string): Target {
  const target = live.settings.targets.get(name)
  if (!target) throw new SallyportError('SP-NOT-FOUND', `there is no target ${name}`)
  return target
}

export async function catalogOf({ catalogs, engineFor }: CatalogDeps, target: Target, named: string | null = null) {
  const database = target.engine === 'postgres' ? (named ?? target.defaultDatabase) : ''
  const catalog = catalogs.current(target.name, database) ?? (await catalogs.ensure(target, database))
  return { catalog, engine: await engineFor(catalog), database }
}
