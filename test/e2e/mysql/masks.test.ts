import { spawnSync } from 'node:child_process'
import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeUnless } from '../../servers/availability.ts'
import type { Section } from '../../servers/sallyport.ts'
import { FAMILIES } from './families.ts'
import { type Stack, startStack } from './stack.ts'

/** Masked values of every type through the proxy: text and binary rows alike, passed and computed alike. */

type Shown = string | RegExp | null

/** Type, strategy, clear value as a literal, what is shown, and whether the same is shown where it is computed on. */
const COLUMNS: Readonly<
  Record<string, readonly [type: string, mask: Section, clear: string, shown: Shown, computed: boolean]>
> = {
  ti: ['tinyint NOT NULL', bucket(10), '-7', '-10', true],
  tu: ['tinyint unsigned NOT NULL', bucket(100), '255', '200', true],
  bo: ['bool NOT NULL', bucket(2), '1', null, true],
  mi: ['mediumint', bucket(1000), '-8388', '-9000', true],
  un: ['int unsigned', bucket(1000), '4294967295', '4294967000', true],
  bi: ['bigint', bucket(10), '-9223372036854775800', '-9223372036854775800', true],
  bu: ['bigint unsigned', bucket(10), '18446744073709551615', '18446744073709551610', true],
  bt: ['bigint unsigned', keyed('token'), '18446744073709551615', /^\d+$/, false],
  de: ['decimal(30,10)', bucket(1000), '-12345.6789', '-13000.0000000000', true],
  dt: ['decimal(12,2) NOT NULL', keyed('hash'), '12.34', /^\d{1,10}\.00$/, false],
  fl: ['float', bucket(10), '1234.5', '1230', true],
  db: ['double', bucket(10), '-1.5', '-10', true],
  ye: ['year', bucket(10), '1987', '1980', true],
  bits: ['bit(12)', keyed('hash'), `b'101'`, null, true],
  da: ['date NOT NULL', cut('month'), `'1987-06-15'`, '1987-06-01', true],
  ds: ['date', shift(), `'1987-06-15'`, /^198[678]-\d\d-\d\d$/, false],
  d6: ['datetime(6)', cut('hour'), `'1987-06-15 12:34:56.789'`, '1987-06-15 12:00:00.000000', true],
  ts: ['timestamp NULL', cut('day'), `'2001-06-15 12:34:56'`, /^2001-06-15 \d\d:\d\d:00$/, true],
  tm: ['time', cut('hour'), `'-123:45:56'`, '-123:00:00', true],
  ch: ['char(8) NOT NULL', partial(), `'abcdef'`, 'a****f', true],
  vc: ['varchar(40)', { strategy: 'email' }, `'alice@mail.example'`, 'a***@***.example', true],
  la: ['varchar(40) CHARACTER SET latin1', partial(), `'Ångströmé'`, 'Å*******é', true],
  tx: ['text', keyed('token'), `'some text'`, /^tok_[a-z2-7]{32}$/, false],
  re: ['varchar(8)', { strategy: 'redact', text: 'gone away' }, `'secret'`, 'gone awa', true],
  bn: ['binary(4) NOT NULL', { strategy: 'redact', text: 'x' }, `'abcd'`, '\0\0\0\0', true],
  vb: ['varbinary(9)', keyed('hash'), `'abcd'`, /^.{9}$/s, false],
  en: [`enum('low','high') NOT NULL`, partial(), `'high'`, null, true],
  se: [`set('a','b')`, keyed('hash'), `'a,b'`, null, true],
  js: [
    'json',
    { strategy: 'json_path', default: 'drop', paths: [{ path: '$.a', strategy: 'keep' }] },
    `'{"a": 1, "b": "CLEAR"}'`,
    '{"a": 1}',
    false,
  ],
  ge: ['geometry', keyed('token'), `ST_GeomFromText('POINT(12 34)')`, null, true],
}
const NAMES = Object.keys(COLUMNS)

function bucket(width: number): Section {
  return { strategy: 'bucket', width }
}
function cut(unit: string): Section {
  return { strategy: 'date_trunc', unit }
}
function keyed(strategy: 'hash' | 'token'): Section {
  return strategy === 'hash' ? { strategy, key: 'test-key', length: 18 } : { strategy, key: 'test-key' }
}
function shift(): Section {
  return { strategy: 'date_shift', key: 'test-key', maxDays: 400 }
}
function partial(): Section {
  return { strategy: 'partial', keepFirst: 1, keepLast: 1 }
}

const FIXTURE = [
  'CREATE DATABASE clinic CHARACTER SET utf8mb4',
  `CREATE TABLE clinic.t (id int NOT NULL PRIMARY KEY, ${NAMES.map((name) => `${name} ${COLUMNS[name]?.[0]}`).join(', ')})`,
  `INSERT INTO clinic.t (id, ${NAMES.join(', ')}) VALUES (1, ${NAMES.map((name) => COLUMNS[name]?.[2]).join(', ')})`,
  `CREATE TABLE clinic.k (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, code varchar(9) NOT NULL UNIQUE)`,
  `INSERT INTO clinic.k VALUES (1, 'a'), (2, 'b')`,
]
const MASKING: Section = {
  keys: { 'test-key': 'env:MASKING_KEY' },
  masks: [
    ...NAMES.map((name) => ({ schemas: ['clinic'], tables: ['t'], columns: [name], ...COLUMNS[name]?.[1] })),
    { schemas: ['clinic'], tables: ['k'], columns: ['id'], strategy: 'bucket', width: 10 },
  ],
}
const OPTIONS: mysql.ConnectionOptions = {
  dateStrings: true,
  supportBigNumbers: true,
  bigNumberStrings: true,
  charset: 'utf8mb4',
}

const PYTHON = '/usr/bin/python3'
const PROGRAM = `
import json, sys, pymysql
login = json.loads(sys.stdin.read())
connection = pymysql.connect(host='127.0.0.1', port=login['port'], user=login['user'], password=login['password'],
  database='clinic', charset='utf8mb4', ssl={'ca': login['ca'], 'check_hostname': True})
with connection.cursor(pymysql.cursors.DictCursor) as cursor:
  cursor.execute('SELECT ' + ', '.join(login['names']) + ' FROM t')
  row = cursor.fetchone()
connection.close()
print(json.dumps({name: None if value is None else str(value) for name, value in row.items()}))
`
const hasPymysql = spawnSync(PYTHON, ['-c', 'import pymysql']).status === 0

for (const family of FAMILIES) {
  family.describe(`${family.name}: masked values of every type`, () => {
    let stack: Stack
    let connection: mysql.Connection

    beforeAll(async () => {
      stack = await startStack(family.start, { fixture: FIXTURE, proxy: { masking: MASKING } })
      connection = await stack.connect('alice', OPTIONS)
    })
    afterAll(async () => {
      await connection?.end()
      await stack?.stop()
    })

    async function read(how: 'query' | 'execute', text: string): Promise<Record<string, string | null>> {
      const [rows] = await asked(connection, how, text)
      return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, value]) => [name, plain(value)]))
    }

    it('in text rows, as the strategies say', async () => {
      const row = await read('query', `SELECT ${NAMES.join(', ')} FROM t`)
      for (const [name, [, , , shown]] of Object.entries(COLUMNS)) {
        if (shown instanceof RegExp) expect([name, row[name]]).toEqual([name, expect.stringMatching(shown)])
        else expect([name, row[name]]).toEqual([name, shown])
      }
    })

    it('in binary rows, the same', async () => {
      const text = `SELECT ${NAMES.join(', ')} FROM t`
      const row = await read('query', text)
      expect(await read('execute', text)).toEqual({ ...row, d6: withoutZeros('d6', row.d6) })
    })

    it.each(Object.entries(COLUMNS))('computed on, %s is what is shown, or NULL', async (name, [, , , , computed]) => {
      const passed = await read('query', `SELECT ${name} AS v FROM t`)
      const text = `SELECT DISTINCT ${name} AS v FROM t`
      const expected = computed ? { v: withoutZeros(name, passed.v) } : { v: null }
      const results = [await read('query', text), await read('execute', text)]
      expect(results.map(({ v }) => ({ v: withoutZeros(name, v) }))).toEqual([expected, expected])
    })

    it('a TIMESTAMP is the same moment whatever zone the session chooses', async () => {
      const moments = []
      for (const zone of ['+00:00', '+12:37', '-11:11']) {
        await connection.query(`SET time_zone = '${zone}'`)
        const { v } = await read('query', 'SELECT ts AS v FROM t')
        const { n } = await read('query', `SELECT UNIX_TIMESTAMP(ts) AS n FROM t`)
        moments.push([n, Date.parse(`${v}${zone}`) % 86_400_000])
      }
      expect(new Set(moments.map(([n]) => n)).size).toBe(1)
      expect(moments.map(([, rest]) => rest)).toEqual([0, 0, 0])
      await connection.query(`SET time_zone = '+00:00'`)
    })

    it('a masked field is described as one that may be NULL and is no key', async () => {
      for (const how of ['query', 'execute'] as const) {
        const [, fields] = await asked(connection, how, 'SELECT id, code FROM k')
        const [id, code] = fields.map(({ flags }) => Number(flags))
        expect([how, Number(id) & 0x207, Number(code) & 0x001]).toEqual([how, 0, 0x001])
      }
    })

    it('character_set_results = NULL gives each column in its own character set, masked as well', async () => {
      const own = await stack.connect('alice', { ...OPTIONS, typeCast: (field) => field.buffer() })
      await own.query('SET character_set_results = NULL')
      const [rows] = await own.query<mysql.RowDataPacket[]>('SELECT la, vc FROM t')
      await own.end()
      expect([rows[0]?.la.toString('latin1'), String(rows[0]?.vc)]).toEqual(['Å*******é', 'a***@***.example'])
    })

    describeUnless(hasPymysql ? null : 'PyMySQL is not installed (apt-get install python3-pymysql)', 'PyMySQL', () => {
      it('reads the same', async () => {
        const login = {
          port: stack.proxy.mysqlPort,
          user: stack.user('alice'),
          password: await stack.token('alice'),
          ca: stack.proxy.ca,
          names: NAMES.filter((name) => name !== 'vb' && name !== 'bn'),
        }
        // The proxy knows the provider's keys by now, so nothing here has to answer it meanwhile.
        const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', PROGRAM], {
          input: JSON.stringify(login),
          encoding: 'utf8',
        })
        expect([status, stderr]).toEqual([0, ''])
        const row = await read('query', `SELECT ${login.names.join(', ')} FROM t`)
        const seen = JSON.parse(stdout) as Record<string, string | null>
        for (const name of login.names) expect([name, asPython(name, seen[name])]).toEqual([name, row[name]])
      })
    })
  })
}

/** A length of time as the server writes it, and numbers without a point behind them. */
function asPython(name: string, value: string | null | undefined): string | null {
  if (value === null || value === undefined) return null
  if (name === 'tm') return value === '-6 days, 21:00:00' ? '-123:00:00' : value
  return name === 'fl' || name === 'db' ? String(Number(value)) : name === 'd6' ? `${value}.000000` : value
}

/** In binary a fraction of zero is none, and the driver writes what it reads. */
function withoutZeros(name: string, value: string | null | undefined): string | null {
  if (value === null || value === undefined) return null
  if (name === 'fl' || name === 'db') return String(Number(value))
  return name === 'd6' ? value.replace(/\.0+$/, '') : value
}

function asked(connection: mysql.Connection, how: 'query' | 'execute', text: string) {
  return how === 'query'
    ? connection.query<mysql.RowDataPacket[]>(text)
    : connection.execute<mysql.RowDataPacket[]>(text)
}

function plain(value: unknown): string | null {
  if (value === null) return null
  if (Buffer.isBuffer(value)) return value.toString('latin1')
  return typeof value === 'object' ? JSON.stringify(value).replaceAll(':', ': ') : String(value)
}
