import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Section } from '../../servers/sallyport.ts'
import { FAMILIES } from './families.ts'
import { type Stack, startStack } from './stack.ts'

/**
 * Types that a server has from a version on, asked for in comments that others pass over: VECTOR of MySQL 9 and of
 * MariaDB 11.7, UUID, INET4 and INET6 of MariaDB 10.10.
 */

const STRATEGIES: Readonly<Record<string, Section>> = {
  redact: { strategy: 'redact', text: 'gone' },
  partial: { strategy: 'partial', keepFirst: 2, keepLast: 2 },
  token: { strategy: 'token', key: 'test-key' },
  hash: { strategy: 'hash', key: 'test-key', length: 18 },
  bucket: { strategy: 'bucket', width: 10 },
}
const MASKED = Object.keys(STRATEGIES)
const CLEAR: Readonly<Record<string, string>> = {
  uuid: '01234567-89ab-4def-8123-456789abcdef',
  inet4: '192.0.2.77',
  inet6: '2001:db8::77',
}
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const VECTOR_TEXT = '[1,2,3]'
const VECTOR_BYTES = Buffer.from(new Float32Array([1, 2, 3]).buffer).toString('latin1')

/** `clear_uuid`, `redact_uuid` and so on. */
const namesOf = (type: string): string[] => ['clear', ...MASKED].map((strategy) => `${strategy}_${type}`)
const columnsOf = (type: string, written = type): string =>
  namesOf(type)
    .map((name) => `, ${name} ${written}`)
    .join('')
const valuesOf = (type: string, value: string): string =>
  namesOf(type)
    .map((name) => `, ${name} = ${value}`)
    .join('')

function forVersions(mysql9: string, mariadb117: string, mariadb1010: string): string {
  return `/*!90000 ${mysql9} */ /*M!110700 ${mariadb117} */ /*M!101000 ${mariadb1010} */`
}

const VECTORS = columnsOf('vector', 'vector(3)')
const FIXTURE = [
  'CREATE DATABASE clinic CHARACTER SET utf8mb4',
  `CREATE TABLE clinic.t (id int PRIMARY KEY ${forVersions(
    VECTORS,
    VECTORS,
    Object.keys(CLEAR)
      .map((type) => columnsOf(type))
      .join(''),
  )})`,
  `INSERT INTO clinic.t SET id = 1 ${forVersions(
    valuesOf('vector', `STRING_TO_VECTOR('${VECTOR_TEXT}')`),
    valuesOf('vector', `VEC_FromText('${VECTOR_TEXT}')`),
    Object.entries(CLEAR)
      .map(([type, value]) => valuesOf(type, `'${value}'`))
      .join(''),
  )}`,
]
const MASKING: Section = {
  keys: { 'test-key': 'env:MASKING_KEY' },
  masks: MASKED.map((name) => ({ schemas: ['clinic'], tables: ['t'], columns: [`${name}_*`], ...STRATEGIES[name] })),
}
const HOWS = ['query', 'execute'] as const

/** A token of a UUID is one; no other strategy has a meaning for these types. */
function shownAs(column: string): unknown {
  const [strategy = '', type = ''] = column.split('_')
  if (strategy === 'clear') return CLEAR[type] ?? VECTOR_BYTES
  return type === 'uuid' && (strategy === 'token' || strategy === 'hash') ? expect.stringMatching(UUID) : null
}

/** MySQL's vectors are arrays to the driver, empty for NULL by query; MariaDB's are bytes. */
function plain(value: unknown): string | null {
  if (value === null || (Array.isArray(value) && value.length === 0)) return null
  if (Array.isArray(value)) return Buffer.from(new Float32Array(value).buffer).toString('latin1')
  return Buffer.isBuffer(value) ? value.toString('latin1') : String(value)
}

for (const family of FAMILIES) {
  family.describe(`${family.name}: newer types`, () => {
    let stack: Stack
    let client: mysql.Connection
    let columns: readonly string[]

    beforeAll(async () => {
      stack = await startStack(family.start, { fixture: FIXTURE, proxy: { masking: MASKING } })
      client = await stack.connect('alice', { charset: 'utf8mb4' })
      const [, fields] = await client.query('SELECT * FROM t')
      columns = fields.map(({ name }) => name).filter((name) => name !== 'id')
    })
    afterAll(async () => {
      await client?.end()
      await stack?.stop()
    })

    async function read(how: (typeof HOWS)[number], text: string): Promise<ReadonlyMap<string, string | null>> {
      const [rows] =
        how === 'query'
          ? await client.query<mysql.RowDataPacket[]>(text)
          : await client.execute<mysql.RowDataPacket[]>(text)
      return new Map(Object.entries(rows[0] ?? {}).map(([name, value]) => [name, plain(value)]))
    }

    it.each(HOWS)('by %s keep their type or are NULL', async (how) => {
      const shown = await read(how, 'SELECT * FROM t')
      for (const column of columns) {
        const value = shown.get(column)
        expect([column, value]).toEqual([column, shownAs(column)])
        if (!column.startsWith('clear'))
          expect([column, value]).not.toEqual([column, shown.get(column.replace(/^[a-z]+/, 'clear'))])
      }
    })

    it.each(HOWS)('by %s are computed on as NULL where they are masked', async (how) => {
      for (const column of columns.filter((name) => !name.startsWith('clear'))) {
        expect([column, (await read(how, `SELECT HEX(${column}) AS v FROM t`)).get('v')]).toEqual([column, null])
      }
    })

    it('are there in the versions that have them', async () => {
      const [[server]] = await client.query<mysql.RowDataPacket[]>('SELECT VERSION() AS version')
      const version = String(server?.version)
      const hasVector = /^(9|1[2-9])\.|^11\.([7-9]|\d\d)/.test(version)
      const types = new Set(columns.map((name) => name.replace(/^[a-z]+_/, '')))
      expect([...types].sort()).toEqual(
        [...(family.name === 'MariaDB' ? Object.keys(CLEAR) : []), ...(hasVector ? ['vector'] : [])].sort(),
      )
    })
  })
}
