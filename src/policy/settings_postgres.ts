import { encodeUtf8 } from '../bytes/writer.ts'
import type { SettingChange } from '../sql/facts.ts'
import { anyValue, boolean, duration, limitedDuration, off, on, oneOf, signed, single } from './setting_values.ts'
import type { ValueCheck } from './settings.ts'

/** NAMEDATALEN - 1. */
const NAME_BYTES_MAX = 63

const isolation = oneOf('serializable', 'repeatable read', 'read committed', 'read uncommitted')

/**
 * What a PostgreSQL session may set (Server Configuration). Left out, and so refused: role, session_authorization,
 * row_security, the planner's settings, everything that writes to the server's log or loads code, and the rest.
 */
export const POSTGRES_SETTINGS: ReadonlyMap<string, ValueCheck> = new Map<string, ValueCheck>([
  // RESET ALL: back to what the session started with, which was judged then.
  ['all', anyValue],
  ['application_name', single((value) => value.length <= 128)],
  ['timezone', single((value) => /^[A-Za-z0-9_+\-/:<>, ]{1,64}$/.test(value))],
  ['datestyle', (values) => values.length > 0 && values.every((value) => /^[A-Za-z, ]{1,32}$/.test(value))],
  ['intervalstyle', oneOf('sql_standard', 'postgres', 'postgres_verbose', 'iso_8601')],
  ['extra_float_digits', signed],
  ['bytea_output', oneOf('hex', 'escape')],
  ['xmloption', oneOf('content', 'document')],
  ['xmlbinary', oneOf('base64', 'hex')],
  ['statement_timeout', limitedDuration],
  ['lock_timeout', duration],
  ['idle_in_transaction_session_timeout', limitedDuration],
  ['search_path', isPlainPath],
  // The server compares letters and digits alone (clean_encoding_name), and asyncpg sends the name in quotes.
  ['client_encoding', single((value) => ['utf8', 'unicode'].includes(value.toLowerCase().replace(/[^a-z0-9]/g, '')))],
  ['names', oneOf('utf8', 'utf-8', 'unicode')],
  ['standard_conforming_strings', on],
  ['escape_string_warning', boolean],
  ['synchronize_seqscans', boolean],
  ['backslash_quote', oneOf('safe_encoding')],
  ['transform_null_equals', off],
  [
    'transaction',
    oneOf(
      'read only',
      'read write',
      'deferrable',
      'not deferrable',
      'serializable',
      'repeatable read',
      'read committed',
      'read uncommitted',
    ),
  ],
  ['transaction_isolation', isolation],
  ['transaction_read_only', boolean],
  ['transaction_deferrable', boolean],
  ['default_transaction_isolation', isolation],
  ['default_transaction_read_only', on],
  ['default_transaction_deferrable', boolean],
  ['client_min_messages', oneOf('notice', 'warning', 'error')],
  ['jit', boolean],
  ['lc_messages', single((value) => /^[A-Za-z0-9_.@-]{1,32}$/.test(value))],
  ['lc_monetary', single((value) => /^[A-Za-z0-9_.@-]{1,32}$/.test(value))],
  ['lc_numeric', single((value) => /^[A-Za-z0-9_.@-]{1,32}$/.test(value))],
  ['lc_time', single((value) => /^[A-Za-z0-9_.@-]{1,32}$/.test(value))],
])

/**
 * What pg_dump sets before it reads (pg_dump.c, setup_connection), for roles that may export. The role's own limits are
 * held by the proxy's clock; without row_security the server refuses what it would have filtered; the last one forbids.
 */
const DUMP_SETTINGS: ReadonlyMap<string, ValueCheck> = new Map([
  ['statement_timeout', oneOf('0')],
  ['transaction_timeout', oneOf('0')],
  ['idle_in_transaction_session_timeout', oneOf('0')],
  ['row_security', off],
  ['restrict_nonsystem_relation_kind', oneOf('view, foreign-table')],
])

export function isDumpSetting({ name, scope, values }: SettingChange): boolean {
  const check = DUMP_SETTINGS.get(name.toLowerCase())
  return scope !== 'global' && check !== undefined && Array.isArray(values) && check(values)
}

/**
 * Schema names as constants. pg_temp would let a temporary table stand for a real one, and pg_catalog after another
 * schema would let that one's functions stand for the built-ins. A longer name would be cut to that of another schema.
 */
function isPlainPath(values: readonly string[]): boolean {
  // An empty path is one name that no schema has.
  if (values.length === 1 && values[0] === '') return true
  return values.every((value, index) => {
    if (value === 'pg_catalog') return index === 0
    // PostgreSQL's own default begins with the account's schema.
    if (value === '$user') return index === 0 && values.length === 2 && values[1] === 'public'
    if (encodeUtf8(value).length > NAME_BYTES_MAX) return false
    return value !== '' && !value.toLowerCase().startsWith('pg_') && !/[",$\s]/.test(value)
  })
}
