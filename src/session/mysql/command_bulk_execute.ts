import { SallyportError } from '../../errors.ts'
import type { StatementKind } from '../../sql/facts.ts'
import type { ComStmtBulkExecute } from '../../wire/mysql/com-stmt-bulk-execute.ts'
import type { Run } from './exchange.ts'

/** What MariaDB itself takes rows of values for, of what is judged here ("COM_STMT_BULK_EXECUTE"). */
const WRITES: ReadonlySet<StatementKind> = new Set(['insert', 'update', 'delete'])

/**
 * Why a bulk execution can't run under the verdict of its one statement, or null. Each row of values is an execution of
 * its own: what counts by the execution, or judges by the value, has to see it alone.
 */
export function bulkRefusal({ facts, plan }: Run, { usesDefaults }: ComStmtBulkExecute): SallyportError | null {
  if (!plan) return null
  if (!WRITES.has(facts.kind)) {
    return new SallyportError('SP-UNSUPPORTED', 'rows of values are taken for INSERT, UPDATE and DELETE')
  }
  if ((plan.lookups?.length ?? 0) > 0) {
    return new SallyportError('SP-UNSUPPORTED', 'what looks values up is executed with one row of values at a time')
  }
  if (usesDefaults) return new SallyportError('SP-UNSUPPORTED', 'a default in place of a value is not taken here')
  return null
}
