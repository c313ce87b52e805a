import { describe, expect, it } from 'vitest'
import { MYSQL_SYSTEM } from '../../src/policy/catalogs_mysql.ts'
import { unsafeFunction } from '../../src/policy/functions.ts'
import type { Relation } from '../../src/sql/catalog.ts'
import type { ColumnUse } from '../../src/sql/facts.ts'
import { allowed, call, maskLine, refused, relation, selectOf, statement, use } from './build.ts'

const users = relation('users', ['id', 'email'], { inPrintedTexts: ['email'] })
const EMAIL = [maskLine('users', 'email', { strategy: 'null' })]

function system(name: string, columns: readonly string[], schema = 'information_schema'): Relation {
  return relation(name, columns, { kind: 'system', schema })
}

function reading(of: Relation, columns: Readonly<Record<string, ColumnUse>>, masks = EMAIL) {
  const statements = [statement({ uses: [use(of, columns)] })]
  return allowed({ relations: [users, of], statements, masks, dialect: 'mysql' }).plans[0]!.substitutions.get(0)
}

describe('information_schema', () => {
  const statistics = system('STATISTICS', ['INDEX_NAME', 'CARDINALITY', 'EXPRESSION'])

  it('tells of no index how many values it has', () => {
    expect([...(reading(statistics, { CARDINALITY: 'computed' }, [])?.masks ?? [])]).toEqual([
      ['CARDINALITY', { kind: 'null' }],
    ])
    expect(reading(statistics, { INDEX_NAME: 'passed' })).toBe(undefined)
  })

  it('prints no text that could quote a masked column', () => {
    const checks = system('CHECK_CONSTRAINTS', ['CHECK_CLAUSE'])
    expect(reading(checks, { CHECK_CLAUSE: 'passed' })?.masks.has('CHECK_CLAUSE')).toBe(true)
    expect(reading(checks, { CHECK_CLAUSE: 'passed' }, [])).toBe(undefined)
    expect(reading(statistics, { EXPRESSION: 'passed' })?.masks.has('EXPRESSION')).toBe(true)
    const partitions = system('PARTITIONS', ['PARTITION_DESCRIPTION'])
    expect(reading(partitions, { PARTITION_DESCRIPTION: 'passed' })?.masks.size).toBe(1)
  })

  it('has no histograms', () => {
    expect(reading(system('COLUMN_STATISTICS', ['HISTOGRAM']), { HISTOGRAM: 'passed' }, [])?.where).toBe('FALSE')
  })

  it.each([
    ['information_schema', 'PROCESSLIST'],
    ['information_schema', 'INNODB_TRX'],
    ['information_schema', 'INNODB_FT_INDEX_TABLE'],
    ['information_schema', 'OPTIMIZER_TRACE'],
    ['information_schema', 'PROFILING'],
    ['information_schema', 'USER_STATISTICS'],
    ['information_schema', 'USER_ATTRIBUTES'],
    ['mysql', 'user'],
    ['mysql', 'column_stats'],
    ['mysql', 'innodb_index_stats'],
    ['mysql', 'general_log'],
    ['performance_schema', 'events_statements_history'],
    ['performance_schema', 'data_locks'],
    ['performance_schema', 'user_variables_by_thread'],
    ['sys', 'schema_table_statistics'],
  ])('%s.%s is closed', (schema, name) => {
    expect(MYSQL_SYSTEM.has(`${schema}.${name}`.toLowerCase())).toBe(false)
    const one = selectOf(system(name, ['a'], schema), ['a'])
    expect(refused({ relations: [], statements: [one], dialect: 'mysql' }).rule).toBe('catalogs')
  })
})

describe('tables of numbers', () => {
  const numbers = relation('seq_1_to_9', ['seq'], { kind: 'system', numbers: true, schema: 'elsewhere' })

  it('hold nothing that a grant would have to cover, and are not written to', () => {
    allowed({ relations: [], statements: [selectOf(numbers, ['seq'])], dialect: 'mariadb' })
    const write = statement({ kind: 'insert', verbs: ['insert'], uses: [use(numbers, {}, { role: 'target' })] })
    expect(refused({ relations: [], statements: [write], dialect: 'mariadb' }).rule).toBe('catalogs')
  })
})

describe('functions of MySQL and MariaDB', () => {
  const unsafe = (name: string) => unsafeFunction('mysql', [], [call(name, { schema: '' })])

  it.each([
    ['match'],
    ['extractvalue'],
    ['json_schema_validation_report'],
    ['st_geomfromtext'],
    ['mlinefromwkb'],
    ['vec_distance_cosine'],
    ['string_to_vector'],
    ['aes_decrypt'],
    ['uuid_short'],
    ['last_insert_id'],
    ['@@version_comment'],
  ])('%s is open to everybody', (name) => {
    expect(unsafe(name)).toBe(null)
  })

  it.each([
    ['load_file'],
    ['sleep'],
    ['benchmark'],
    ['get_lock'],
    ['is_used_lock'],
    ['release_all_locks'],
    ['decode_histogram'],
    ['name_const'],
    ['master_pos_wait'],
    ['wait_for_executed_gtid_set'],
    ['nextval'],
    ['setval'],
    ['des_encrypt'],
    ['keyring_key_fetch'],
    ['internal_index_column_cardinality'],
    ['ps_thread_id'],
    ['sys_exec'],
    ['@@optimizer_trace'],
  ])('%s is not', (name) => {
    expect(unsafe(name)).toBe(name)
  })
})
