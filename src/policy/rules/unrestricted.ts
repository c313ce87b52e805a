import type { Dialect } from '../../sql/catalog.ts'
import type { SettingChange, StatementFacts } from '../../sql/facts.ts'
import type { ColumnAccess } from '../decision.ts'
import { EMPTY_PLAN } from '../plan.ts'
import { denied, type Rule, refuse, usesOf } from '../rule_context.ts'
import { judgeSetting } from '../settings.ts'

const NO_ENCODING = refuse('SP-SETTING', 'the proxy reads and records UTF8 only: leave client_encoding as it is')
const NO_EXPORT = refuse('SP-EXPORT', 'COPY TO is an export; the role may have `exports: true`')

/**
 * An unrestricted role has no scope, no masks and no row conditions: the text goes as it is, understood or not, and the
 * audit keeps what is known of it. To take data out as COPY it needs `exports`.
 */
export const unrestrictedRule: Rule = {
  name: 'unrestricted',
  judge: ({ input: { role, facts, catalog } }) => {
    const { dialect } = catalog
    if (!role.unrestricted) return null
    const exported = facts.statements.findIndex(({ kind, verbs }) => kind === 'copy' && verbs.includes('export'))
    if (exported >= 0 && !role.exports) return denied('unrestricted', NO_EXPORT, exported)
    const unread = facts.statements.findIndex(({ settings }) =>
      settings.some((change) => changesEncoding(change, dialect)),
    )
    if (unread >= 0) return denied('unrestricted', NO_ENCODING, unread)
    const plans = facts.statements.map((statement) => ({ ...EMPTY_PLAN, columns: clearColumns(statement) }))
    const reason = `the role ${role.name} is unrestricted`
    return { effect: 'allow', rule: 'unrestricted', reason, plans, verbatim: true, limits: role.limits }
  },
}

/** What the proxy could not read it could not record either. */
function changesEncoding(change: SettingChange, dialect: Dialect): boolean {
  if (dialect !== 'postgres' || (change.name !== 'client_encoding' && change.name !== 'names')) return false
  return judgeSetting(dialect, change) !== null
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
