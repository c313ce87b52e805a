import { SallyportError } from '../errors.ts'
import type { Dialect } from '../sql/catalog.ts'
import type { SettingChange } from '../sql/facts.ts'
import { readingOfCharset } from '../wire/mysql/character-sets.ts'
import { anyValue } from './setting_values.ts'
import { MYSQL_SETTINGS } from './settings_mysql.ts'
import { POSTGRES_SETTINGS } from './settings_postgres.ts'

/** Whether a value may be set; values are texts as the statement gives them. */
export type ValueCheck = (values: readonly string[]) => boolean

/** Settings that change what a later statement means, so that nothing may follow them in one message. */
const CHANGES_MEANING: ReadonlySet<string> = new Set([
  'all',
  'search_path',
  'client_encoding',
  'names',
  'sql_mode',
  'character_set',
  'character_set_client',
  'character_set_connection',
  'character_set_results',
  'collation_connection',
])

/** MySQL: what the client's texts are in. */
const CLIENT_CHARSETS: ReadonlySet<string> = new Set(['names', 'character_set', 'character_set_client'])

/**
 * Null where the session may make this change, else the refusal, with a `detail` for the person. Only listed settings,
 * only constants that the list's check passes, never for the whole server. Where any value will do, an expression will
 * too: the analysis lets it read settings alone.
 */
export function judgeSetting(dialect: Dialect, change: SettingChange): SallyportError | null {
  const { name, scope, values } = change
  if (scope === 'global') return refused(name, 'is a setting of the whole server')
  if (change.uncertain && changesMeaning(change)) return refused(name, 'can not be set inside an expression: use SET')
  if (name.startsWith('@')) return judgeUserVariable(dialect, name)
  const check = (dialect === 'postgres' ? POSTGRES_SETTINGS : MYSQL_SETTINGS).get(name.toLowerCase())
  if (!check) return refused(name, 'is kept as it is by the proxy')
  if (values === null) return null
  if (values === 'expression') return check === anyValue ? null : refused(name, 'takes a constant only')
  return check(values) ? null : refused(name, 'can not take this value here')
}

/** MySQL reads each statement of a message by the modes that hold when it gets there: the later ones read otherwise. */
export function changesReading({ name, values }: SettingChange): boolean {
  const setting = name.toLowerCase()
  if (setting === 'sql_mode') return true
  const [charset] = Array.isArray(values) ? values : []
  return CLIENT_CHARSETS.has(setting) && readingOfCharset(charset ?? '') !== 'utf8'
}

export function changesMeaning({ name }: SettingChange): boolean {
  return CHANGES_MEANING.has(name.toLowerCase())
}

/** MySQL's `@x` holds what the statement computes, which is of masked values: nothing passes into it as it is. */
function judgeUserVariable(dialect: Dialect, name: string): SallyportError | null {
  return dialect === 'postgres' || name.startsWith('@@') ? refused(name, 'is not a setting') : null
}

function refused(name: string, why: string): SallyportError {
  return new SallyportError('SP-SETTING', `${name} ${why}`)
}
