import type { AlertWorld } from '../alerts/statements.ts'
import type { AuditEvent } from '../audit/event.ts'
import type { Config } from '../config/config.ts'
import type { ColumnAccess } from '../policy/decision.ts'
import { createMasks, isView } from '../policy/masks.ts'
import { matchesPattern } from '../policy/patterns.ts'
import type { Role } from '../policy/role.ts'
import type { Catalogs } from '../session/ports.ts'
import { relationKey } from '../sql/catalog.ts'

type Decision = Extract<AuditEvent, { kind: 'decision' }>

/** What a decision read, as it was judged last: the same statement brings the same list along each time that it runs. */
interface Judged {
  readonly masking: string
  readonly catalog: string
  readonly masked: boolean
}

/** Whether statements read in clear what the policy masks for others: the alerts ask, for each statement. */
export function alertWorld(live: { readonly config: Config; readonly catalogs: Catalogs }): AlertWorld {
  const known = new WeakMap<Decision['columns'], Judged>()
  return {
    isUnrestricted: (role) => live.config.roles.get(role)?.unrestricted === true,
    readsMasked: (decision) => {
      const { role } = decision.session
      const lifts = role === null ? undefined : live.config.roles.get(role)
      if (lifts === undefined || (!lifts.unrestricted && lifts.unmask.length === 0)) return false
      const { masking, catalog } = decision.digests
      const found = known.get(decision.columns)
      if (found !== undefined && found.masking === masking && found.catalog === catalog) return found.masked
      const masked = readsMasked(decision, lifts, live)
      known.set(decision.columns, { masking, catalog, masked })
      return masked
    },
  }
}

function readsMasked(
  { session, columns }: Decision,
  role: Role,
  { config, catalogs }: { readonly config: Config; readonly catalogs: Catalogs },
): boolean {
  const clear = columns.filter(({ seen }) => seen === 'clear')
  const { target, protocol } = session
  if (clear.length === 0 || target === null) return false
  const catalog = catalogs.latest(target, protocol === 'postgres' ? (session.database ?? '') : '')
  if (catalog === undefined) return clear.some((column) => isListed(column, target, config))
  const nobody: Role = { ...role, unrestricted: false, unmask: [] }
  const { masking } = config
  const database = session.database ?? ''
  const masks = createMasks({ target, database, role: nobody, masking, catalog, viewFacts: () => null })
  return clear.some((column) => {
    const relation = catalog.relations.get(relationKey(column.schema, column.table))
    // A view is judged by its name alone: what it is made of would have to be analysed.
    if (relation === undefined || isView(relation)) return isListed(column, target, config)
    return masks.of(relation, column.column) !== null
  })
}

function isListed({ schema, table, column }: ColumnAccess, target: string, { masking }: Config): boolean {
  const fits = (patterns: readonly string[], name: string) => patterns.some((one) => matchesPattern(one, name))
  return masking.masks.some(
    (mask) =>
      mask.classes === undefined &&
      fits(mask.targets, target) &&
      fits(mask.schemas, schema) &&
      fits(mask.tables, table) &&
      fits(mask.columns, column),
  )
}
