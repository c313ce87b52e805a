import type { StatementFacts } from '../../sql/facts.ts'
import type { ColumnAccess } from '../decision.ts'
import { EMPTY_PLAN } from '../plan.ts'
import { denied, type Rule, refuse, usesOf } from '../rule_context.ts'

const NO_EXPORT = refuse('SP-EXPORT', 'COPY TO is an export; the role may have `exports: true`')

/**
 * An unrestricted role has no scope, no masks and no row conditions: the text goes as it is, understood or not, and the
 * audit keeps what is known of it. To take data out as COPY it needs `exports`.
 */
export const unrestrictedRule: Rule = {
  name: 'unrestricted',
  judge: ({ input: { role, facts } }) => {
    if (!role.unrestricted) return null
    const exported = facts.statements.findIndex(({ kind, verbs }) => kind === 'copy' && verbs.includes('export'))
    if (exported >= 0 && !role.exports) return denied('unrestricted', NO_EXPORT, exported)
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
