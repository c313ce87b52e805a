import type { ColumnAccess, Decision } from '../policy/decision.ts'
import { createMasks, type MasksInput } from '../policy/masks.ts'
import { relationKey } from '../sql/catalog.ts'

/**
 * The decision with a mark on each column that its statement reads in clear although the policy masks it for others: who
 * saw it is what an auditor asks for first.
 */
export function markLifted(decision: Decision, input: MasksInput): Decision {
  const { role, masking } = input
  if (decision.effect === 'deny' || masking.masks.length === 0) return decision
  if (!role.unrestricted && role.unmask.length === 0) return decision
  const masks = createMasks({ ...input, role: { ...role, unrestricted: false, unmask: [] } })
  const marked = (access: ColumnAccess): ColumnAccess => {
    const relation = input.catalog.relations.get(relationKey(access.schema, access.table))
    if (access.seen !== 'clear' || relation === undefined) return access
    return masks.of(relation, access.column) === null ? access : { ...access, lifted: true }
  }
  return { ...decision, plans: decision.plans.map((plan) => ({ ...plan, columns: plan.columns.map(marked) })) }
}

/** Whether what the decision lets through has to be on disk before it goes out: it shows what is masked for others. */
export function showsMasked(decision: Decision, { role, masking }: MasksInput, isUnderstood: boolean): boolean {
  if (decision.effect === 'deny') return false
  // Nobody knows what a statement reads that was not understood.
  if (role.unrestricted && !isUnderstood && masking.masks.length > 0) return true
  return decision.plans.some(({ columns }) => columns.some(({ lifted }) => lifted === true))
}
