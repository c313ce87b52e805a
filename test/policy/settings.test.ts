import { describe, expect, it } from 'vitest'
import { judgeSetting } from '../../src/policy/settings.ts'
import type { SettingChange } from '../../src/sql/facts.ts'

function judged(dialect: 'postgres' | 'mysql', name: string, values: SettingChange['values']): boolean {
  return judgeSetting(dialect, { name, scope: 'session', values }) === null
}

describe('PostgreSQL settings', () => {
  it.each<[string, string[]]>([
    ['application_name', ['psql']],
    ['TimeZone', ['Europe/Berlin']],
    ['datestyle', ['ISO', 'DMY']],
    ['extra_float_digits', ['3']],
    ['statement_timeout', ['30s']],
    ['search_path', ['shop', 'public']],
    ['search_path', ['pg_catalog', 'shop']],
    ['search_path', ['$user', 'public']],
    ['search_path', ['']],
    ['client_encoding', ['UTF8']],
    ['standard_conforming_strings', ['on']],
    ['default_transaction_read_only', ['on']],
    ['client_min_messages', ['warning']],
    ['transaction_isolation', ['serializable']],
  ])('%s = %j is allowed', (name, values) => {
    expect(judged('postgres', name, values)).toBe(true)
    expect(judged('postgres', name, null)).toBe(true)
    expect(judged('postgres', name, 'expression')).toBe(false)
    expect(judgeSetting('postgres', { name, scope: 'global', values })?.code).toBe('SP-SETTING')
  })

  it.each<[string, string[]]>([
    ['search_path', ['shop', 'pg_catalog']],
    ['search_path', ['pg_temp', 'shop']],
    ['search_path', ['shop', 'pg_temp_3']],
    ['search_path', ['shop', '$user']],
    ['search_path', ['a"b']],
    ['client_encoding', ['LATIN1']],
    ['standard_conforming_strings', ['off']],
    ['default_transaction_read_only', ['off']],
    ['statement_timeout', ['0']],
    ['statement_timeout', ['0ms']],
    ['statement_timeout', ['-1']],
    ['client_min_messages', ['debug5']],
    ['client_min_messages', ['log']],
    ['role', ['shop_owner']],
    ['session_authorization', ['postgres']],
    ['row_security', ['off']],
    ['debug_print_plan', ['on']],
    ['enable_seqscan', ['off']],
    ['work_mem', ['1GB']],
    ['my.var', ['x']],
    ['@x', ['1']],
    ['transaction_snapshot', ['x']],
    ['application_name', ['a', 'b']],
  ])('%s = %j is refused', (name, values) => {
    expect(judged('postgres', name, values)).toBe(false)
  })
})

describe('MySQL settings', () => {
  it.each<[string, string[]]>([
    ['names', ['utf8mb4']],
    ['names', ['utf8mb4', 'utf8mb4_unicode_ci']],
    ['names', ['utf8mb4', 'uca1400_ai_ci']],
    ['collation_connection', ['utf8mb4_uca1400_ai_ci']],
    ['character_set_results', ['NULL']],
    ['collation_connection', ['utf8mb4_0900_ai_ci']],
    ['autocommit', ['1']],
    ['sql_mode', ['STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION']],
    ['sql_mode', ['']],
    ['time_zone', ['+00:00']],
    ['sql_auto_is_null', ['0']],
    ['transaction', ['READ ONLY']],
    ['sql_mode', ['ANSI_QUOTES,NO_BACKSLASH_ESCAPES']],
    ['character_set_results', ['binary']],
    ['optimizer_switch', ['semijoin=off']],
    ['max_statement_time', ['1.5']],
    ['max_execution_time', ['0']],
    ['information_schema_stats_expiry', ['0']],
  ])('%s = %j is allowed', (name, values) => {
    expect(judged('mysql', name, values)).toBe(true)
    expect(judged('mysql', name, 'expression')).toBe(false)
    expect(judgeSetting('mysql', { name, scope: 'global', values })?.code).toBe('SP-SETTING')
  })

  it.each<[string, string[]]>([
    ['names', ['sjis']],
    ['names', ['swe7']],
    ['names', ['sjis', 'uca1400_ai_ci']],
    ['names', ['utf8mb4', 'sjis_japanese_ci']],
    ['character_set_client', ['gbk']],
    ['character_set_results', ['utf16']],
    ['collation_connection', ['sjis_bin']],
    ['sql_mode', ['HIGH_NOT_PRECEDENCE']],
    ['sql_mode', ['PAD_CHAR_TO_FULL_LENGTH']],
    ['sql_mode', ['STRICT_ALL_TABLES,ORACLE']],
    ['optimizer_switch', ['derived_merge=on']],
    ['optimizer_switch', ['semijoin=off,derived_merge=on']],
    ['sql_log_bin', ['0']],
    ['sql_auto_is_null', ['1']],
    ['profiling', ['1']],
    ['optimizer_trace', ['enabled=on']],
    ['foreign_key_checks', ['0']],
    ['resultset_metadata', ['NONE']],
    ['init_connect', ['x']],
    ['@@x', ['1']],
  ])('%s = %j is refused', (name, values) => {
    expect(judged('mysql', name, values)).toBe(false)
  })

  it('a user variable may hold whatever a person may see', () => {
    expect(judged('mysql', '@i', ['3'])).toBe(true)
    expect(judged('mysql', '@i', 'expression')).toBe(true)
  })
})
