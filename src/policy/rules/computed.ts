import { computedColumns } from '../plan.ts'
import { eachStatement, refuse } from '../rule_context.ts'

/** Under `computed: refuse` a statement that computes on a masked column is refused rather than answered from masks. */
export const computedRule = eachStatement('computed', (context, statement) => {
  if (context.input.role.computed !== 'refuse') return null
  const columns = computedColumns(context, statement)
  return columns.length === 0
    ? null
    : refuse('SP-MASKED', `the statement computes on masked columns: ${columns.join(', ')}`)
})
