import { readingOfCharset } from '../wire/mysql/character-sets.ts'
import { anyValue, boolean, off, on, oneOf, single, whole } from './setting_values.ts'
import type { ValueCheck } from './settings.ts'

/**
 * HIGH_NOT_PRECEDENCE would change what the proxy writes itself, and PAD_CHAR_TO_FULL_LENGTH what a row condition says of a
 * CHAR (`region <> 'US'`); ORACLE and its like are another grammar.
 */
const SAFE_MODES: ReadonlySet<string> = new Set([
  '',
  'strict_trans_tables',
  'strict_all_tables',
  'no_zero_date',
  'no_zero_in_date',
  'error_for_division_by_zero',
  'only_full_group_by',
  'no_engine_substitution',
  'no_auto_create_user',
  'traditional',
  'no_auto_value_on_zero',
  'no_unsigned_subtraction',
  'allow_invalid_dates',
  'time_truncate_fractional',
  // What these change of a text's meaning the analysis follows.
  'ansi_quotes',
  'no_backslash_escapes',
  'pipes_as_concat',
  'ignore_space',
  'real_as_float',
  'ansi',
])

/** Character sets in which no character hides a quote or a backslash. */
const readable = single((value) => readingOfCharset(value) !== null)
const recursions = single((value) => /^\d{1,6}$/.test(value))
const isolation = oneOf(
  'read-uncommitted',
  'read-committed',
  'repeatable-read',
  'serializable',
  'read uncommitted',
  'read committed',
  'repeatable read',
)

/**
 * What a MySQL or MariaDB session may set (Server System Variables). Modes that change how a text reads, character sets
 * in which a byte may mean something else, and what shows other people's work are left out, and so refused.
 */
export const MYSQL_SETTINGS: ReadonlyMap<string, ValueCheck> = new Map<string, ValueCheck>([
  ['names', isReadableNames],
  ['character_set', readable],
  ['character_set_client', readable],
  ['character_set_connection', readable],
  // What results come in is no way to read a text; each field says it of itself.
  ['character_set_results', single((value) => /^null$/i.test(value) || readingOfCharset(value) !== null)],
  ['collation_connection', single(isReadableCollation)],
  ['autocommit', boolean],
  [
    'transaction',
    oneOf('read only', 'read write', 'read uncommitted', 'read committed', 'repeatable read', 'serializable'),
  ],
  ['transaction_isolation', isolation],
  ['tx_isolation', isolation],
  ['transaction_read_only', boolean],
  ['tx_read_only', boolean],
  ['completion_type', oneOf('no_chain', '0')],
  ['time_zone', single((value) => /^[A-Za-z0-9_+\-/:]{1,64}$/.test(value))],
  ['timestamp', single((value) => /^\d{1,12}(?:\.\d{1,6})?$/.test(value))],
  ['lc_time_names', single((value) => /^[A-Za-z_]{1,16}$/.test(value))],
  ['sql_mode', isSafeMode],
  ['net_write_timeout', whole],
  ['net_read_timeout', whole],
  ['wait_timeout', whole],
  ['interactive_timeout', whole],
  ['lock_wait_timeout', whole],
  ['innodb_lock_wait_timeout', whole],
  // A limit of the role stands above both: the rule of settings sees to it.
  ['max_execution_time', whole],
  ['max_statement_time', single((value) => /^\d{1,9}(?:\.\d{1,6})?$/.test(value))],
  ['cte_max_recursion_depth', recursions],
  ['max_recursive_iterations', recursions],
  ['div_precision_increment', whole],
  ['default_week_format', whole],
  ['information_schema_stats_expiry', whole],
  // What MariaDB's dump asks for. Any other part may undo the fence around filtered rows.
  ['optimizer_switch', oneOf('semijoin=off', 'semijoin=on', 'semijoin=default')],
  ['sql_select_limit', single((value) => /^\d{1,20}$/.test(value))],
  ['group_concat_max_len', whole],
  ['sql_auto_is_null', off],
  ['sql_safe_updates', boolean],
  ['sql_big_selects', boolean],
  ['sql_notes', boolean],
  ['sql_quote_show_create', on],
  ['sql_warnings', boolean],
  ['profiling', off],
  // What the server tells of the session's own settings; MariaDB's JDBC driver adds to the list by an expression.
  ['session_track_system_variables', anyValue],
  ['session_track_schema', anyValue],
  ['session_track_state_change', anyValue],
  ['session_track_transaction_info', anyValue],
])

function isSafeMode(values: readonly string[]): boolean {
  return values.every((value) => value.split(',').every((mode) => SAFE_MODES.has(mode.trim().toLowerCase())))
}

function isReadableNames([charset, collation]: readonly string[]): boolean {
  if (charset === undefined || !readable([charset])) return false
  return collation === undefined || isReadableCollation(collation)
}

/**
 * A collation is named after its character set; `binary` is both. MariaDB's of Unicode 14 have a name without one too,
 * which means the character set that is set beside them.
 */
function isReadableCollation(name: string): boolean {
  if (!/^[a-z0-9_]+$/i.test(name)) return false
  return /^uca1400_/i.test(name) || readingOfCharset(name.split('_')[0] ?? '') !== null
}
