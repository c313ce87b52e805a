import { mayExport } from '../role.ts'
import { eachStatement, refuse, withInner } from '../rule_context.ts'
import { judgeSetting } from '../settings.ts'
import { isDumpSetting } from '../settings_postgres.ts'

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
      if (
        change.name.toLowerCase() === 'lock_timeout' &&
        change.values !== null &&
        input.role.limits.lockTimeoutMs > 0
      ) {
        return refuse('SP-SETTING', 'the role sets lock_timeout')
      }
    }
  }
  return null
})
