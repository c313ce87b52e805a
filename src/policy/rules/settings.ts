import type { Dialect } from '../../sql/catalog.ts'
import type { SettingChange } from '../../sql/facts.ts'
import { type Limits, mayExport } from '../role.ts'
import { eachStatement, refuse, withInner } from '../rule_context.ts'
import { judgeSetting } from '../settings.ts'
import { isDumpSetting } from '../settings_postgres.ts'

/** Settings that hold a limit of the role. */
const LIMITS: ReadonlyMap<string, 'lockTimeoutMs' | 'statementTimeoutMs'> = new Map([
  ['lock_timeout', 'lockTimeoutMs'],
  ['lock_wait_timeout', 'lockTimeoutMs'],
  ['innodb_lock_wait_timeout', 'lockTimeoutMs'],
  ['max_execution_time', 'statementTimeoutMs'],
  ['max_statement_time', 'statementTimeoutMs'],
])

/** RESET goes back to what the session was begun with in PostgreSQL, and to the server's own value in MySQL. */
function isOfRole({ name, values }: SettingChange, dialect: Dialect, limits: Limits): boolean {
  const limit = LIMITS.get(name.toLowerCase())
  return limit !== undefined && limits[limit] > 0 && (values !== null || dialect !== 'postgres')
}

/**
 * The proxy owns the settings that change meaning or open a channel: only listed ones may change, to constants that are
 * listed too. RESET of a listed one goes back to what the session started with. RESET ALL and DISCARD ALL are followed
 * by the session. set_config is judged as SET is. A role that may export may make the settings of pg_dump.
 */
export const settingsRule = eachStatement('settings', ({ input }, statement) => {
  const { dialect } = input.catalog
  const dumps = dialect === 'postgres' && mayExport(input.role)
  for (const { settings } of withInner(statement)) {
    for (const change of settings) {
      const error = judgeSetting(dialect, change)
      if (error && !(dumps && isDumpSetting(change))) return refuse(error.code, error.detail)
      if (isOfRole(change, dialect, input.role.limits)) return refuse('SP-SETTING', `the role sets ${change.name}`)
    }
  }
  return null
})
