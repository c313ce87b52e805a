import { eachStatement, refuse, withInner } from '../rule_context.ts'
import { changesMeaning, judgeSetting } from '../settings.ts'

/**
 * The proxy owns the settings that change meaning or open a channel: only listed ones may change, to constants that are
 * listed too. RESET of a listed one goes back to what the session started with. RESET ALL and DISCARD ALL are followed
 * by the session. set_config is judged as SET is, save for what the session has to follow.
 */
export const settingsRule = eachStatement('settings', ({ input }, statement) => {
  const { dialect } = input.catalog
  for (const { kind, settings } of withInner(statement)) {
    for (const change of settings) {
      if (kind === 'select' && changesMeaning(change)) {
        return refuse('SP-SETTING', `${change.name} can not be set by set_config: use SET`)
      }
      const error = judgeSetting(dialect, change)
      if (error) return refuse(error.code, error.detail)
    }
  }
  return null
})
