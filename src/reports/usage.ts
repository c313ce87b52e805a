import type { Store } from '../access/ports.ts'
import type { UsageRecord } from '../access/records.ts'
import { narrowRole } from '../policy/narrow.ts'
import { everyRecord } from './every_record.ts'
import { compared } from './order.ts'
import type { ReportPolicy } from './report_ports.ts'
import { type GrantedUnit, grantedUnits } from './scope_use.ts'

/** What was done under a grant, by table and verb. */
export type UseLine = Pick<
  UsageRecord,
  'schema' | 'table' | 'verb' | 'statements' | 'rows' | 'clear' | 'firstAt' | 'lastAt'
>

export interface GrantUsage {
  of(grantId: string): Promise<readonly UseLine[]>
  /** Granted beside used. Null: the role is gone, and nobody knows any more what it gave. */
  beside(line: {
    readonly grantId: string
    readonly role: string
  }): Promise<{ readonly granted: readonly GrantedUnit[] | null; readonly used: readonly UseLine[] }>
}

export function createUsage(store: Pick<Store, 'read'>, policy: () => ReportPolicy): GrantUsage {
  const of = async (grantId: string) => (await everyRecord(store, 'usage', { grantId })).sort(byTable)
  const grantOf = async (id: string) =>
    (await store.read((tx) => tx.grants.get(id)))?.grant ?? policy().fileGrants.find((grant) => grant.id === id)
  return {
    of,
    beside: async ({ grantId, role: name }) => {
      const [used, grant, role] = [await of(grantId), await grantOf(grantId), policy().roles.get(name)]
      const granted = grant === undefined || role === undefined ? null : grantedUnits(narrowRole(role, grant.narrowing))
      return { granted, used }
    },
  }
}

function byTable(a: UseLine, b: UseLine): number {
  return compared(a.schema, b.schema) || compared(a.table, b.table) || compared(a.verb, b.verb)
}
