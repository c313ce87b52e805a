import type { StatementFacts } from '../../sql/facts.ts'
import type { ColumnAccess } from '../decision.ts'
import { EMPTY_PLAN } from '../plan.ts'
import { denied, type Rule, refuse, usesOf } from '../rule_context.ts'

/** Its data is no rows: a session does not carry it for anybody, and refused before it begins leaves it in step. */
const NO_COPY = refuse('SP-UNSUPPORTED', 'COPY through the connection is not offered: use SELECT and INSERT')

/**
 * An unrestricted role has no scope, no masks and no row conditions: the text goes as it is, understood or not, and the
 * audit keeps what is known of it.
 */
export const unrestrictedRule: Rule = {
  name: 'unrestricted',
  judge: ({ input: { role, facts } }) => {
    if (!role.unrestricted) return null
    const copy = facts.statements.findIndex(({ kind }) => kind === 'copy')
    if (copy >= 0) return denied('unrestricted', NO_COPY, copy)
    const plans = facts.statements.map((statement) => ({ ...EMPTY_PLAN, columns: clearColumns(statement) }))
    const reason = `the role ${role.name} is unrestricted`
    return { effect: 'allow', rule: 'unrestricted', reason, plans, verbatim: true, limits: role.limits }
  },
}

function clearColumns(statement: StatementFacts): readonly ColumnAccess[] {
  const seen = new Map<string, ColumnAccess>()
  for (const { relation, columns } of usesOf(statement)) {
    if (relation.kind === 'system') continue
    const { schema, name: table } = relation
    for (const [column, how] of columns) {
      const access = how === 'written' ? 'written' : 'clear'
      seen.set(`${schema}\0${table}\0${column}\0${access}`, { schema, table, column, seen: access })
    }
  }
  return [...seen.values()]
}
