import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileMask } from '../../../src/masking/mask.ts'
import type { MaskRule } from '../../../src/masking/rule.ts'
import type { Section } from '../../servers/sallyport.ts'
import { grantOf, MASKING_KEYS, type PostgresStack, startPostgresStack } from '../stack.ts'

/** What a mask gives is a value of the field's type, as the server itself reads it, and not the clear value. */

const key = new Uint8Array(32).fill(9)
const RULES: readonly MaskRule[] = [
  { strategy: 'null' },
  { strategy: 'redact', text: `it's <"hidden">, \\{a}` },
  { strategy: 'partial', keepFirst: 1, keepLast: 1, fill: '•' },
  { strategy: 'email' },
  { strategy: 'hash', keyId: 'k', key, length: 32 },
  { strategy: 'token', keyId: 'k', key, prefix: '<"' },
  { strategy: 'bucket', width: 1000, unit: 'quarter' },
  { strategy: 'date_trunc', unit: 'month' },
  { strategy: 'date_shift', keyId: 'k', key, maxDays: 400 },
  { strategy: 'json_path', default: 'drop', paths: [{ path: '$.a', rule: { strategy: 'keep' } }] },
]

/** Type, the function that gives its bytes in binary, and values of it. */
const SAMPLES: readonly (readonly [type: string, send: string, ...values: string[]])[] = [
  ['text', 'textsend', 'alice@example.test', 'Zoë Ångström 😀', 'a'],
  ['varchar(6)', 'varcharsend', 'abcdef', 'ñandú'],
  ['char(8)', 'bpcharsend', 'abc', 'ñandú'],
  ['name', 'namesend', 'a_table_name'],
  ['"char"', 'charsend', 'x'],
  ['xml', 'xml_send', '<a>clear</a>'],
  ['json', 'json_send', '{"a": 1, "b": "clear"}', '"clear"'],
  ['jsonb', 'jsonb_send', '{"a": 1, "b": "clear"}', '[1, 2]'],
  ['int2', 'int2send', '-12345'],
  ['int4', 'int4send', '1234567890', '-7'],
  ['int8', 'int8send', '1234567890123456789'],
  ['float4', 'float4send', '123456.7'],
  ['float8', 'float8send', '-123456789.123', 'NaN'],
  ['numeric', 'numeric_send', '123456789012345678901234567890.123456', '-0.00001', 'NaN'],
  ['numeric(7,2)', 'numeric_send', '54321.99'],
  ['money', 'cash_send', '$1234.56'],
  ['bool', 'boolsend', 't'],
  ['date', 'date_send', '1987-06-15', 'infinity', '0099-01-02 BC'],
  ['time', 'time_send', '12:34:56.789'],
  ['timetz', 'timetz_send', '12:34:56+02'],
  ['timestamp', 'timestamp_send', '1987-06-15 12:34:56.789012'],
  ['timestamptz(3)', 'timestamptz_send', '1987-06-15 12:34:56.789+02'],
  ['interval', 'interval_send', '1 mon 2 days 03:04:05'],
  ['uuid', 'uuid_send', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['inet', 'inet_send', '10.20.30.40/8'],
  ['cidr', 'cidr_send', '10.20.0.0/16'],
  ['macaddr', 'macaddr_send', '08:00:2b:01:02:03'],
  ['bytea', 'byteasend', '\\xdeadbeef00'],
  ['bit(4)', 'bit_send', '1011'],
  ['varbit', 'varbit_send', '10110'],
  ['int4range', 'range_send', '[12345,67890)'],
  ['datemultirange', 'multirange_send', '{[1987-06-15,1990-01-01)}'],
  ['tsvector', 'tsvectorsend', `'clear':1`],
  ['point', 'point_send', '(12.5,34.5)'],
  ['club.pair', 'record_send', '(1,clear)'],
  ['club.mood', 'enum_send', 'good'],
  ['text[]', 'array_send', '{alice@example.test,NULL,"b c"}', '[3:4]={x1,y2}'],
  ['varchar(4)[]', 'array_send', '{{abcd,efgh},{ij,NULL}}'],
  ['int4[]', 'array_send', '{123456,NULL,-1}'],
  ['numeric[]', 'array_send', '{1234.5,NaN}'],
  ['timestamptz[]', 'array_send', '{"1987-06-15 12:34:56+02"}'],
  ['jsonb[]', 'array_send', '{"{\\"a\\": 1, \\"b\\": 2}"}'],
  ['uuid[]', 'array_send', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'],
  ['bytea[]', 'array_send', '{"\\\\xdeadbeef"}'],
  ['xml[]', 'array_send', '{<a/>}'],
  ['club.mood[]', 'array_send', '{good,bad}'],
]

const SETUP = [
  'CREATE EXTENSION citext',
  'CREATE EXTENSION hstore',
  'CREATE SCHEMA club',
  'CREATE TYPE club.pair AS (a int, b text)',
  `CREATE TYPE club.mood AS ENUM ('good', 'bad')`,
  'CREATE DOMAIN club.mail AS varchar(40)',
  `CREATE TABLE club.people (id int PRIMARY KEY, mail club.mail, mails club.mail[], pay numeric(8,2), born date, seen timestamptz,
     pin char(6), doc jsonb, code uuid,
     nick citext, nicks citext[], tags hstore)`,
  `INSERT INTO club.people VALUES (1, 'alice@example.test', '{alice@example.test,bob@example.test}', 54321.99, '1987-06-15',
     '1987-06-15 12:34:56+00', '1234', '{"ssn": "CLEAR", "city": "Port A"}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
     'Ally', '{Ally,Bobby}', 'k=>CLEAR')`,
]
const ON = { schemas: ['club'], tables: ['people'] }
const MASKING: Section = {
  keys: MASKING_KEYS,
  masks: [
    { ...ON, columns: ['mail', 'mails'], strategy: 'email' },
    { ...ON, columns: ['pay'], strategy: 'bucket', width: 1000 },
    { ...ON, columns: ['born', 'seen'], strategy: 'date_trunc', unit: 'year' },
    { ...ON, columns: ['pin', 'nick*', 'tags'], strategy: 'partial', keepLast: 1 },
    { ...ON, columns: ['doc'], strategy: 'json_path', paths: [{ path: '$.ssn', strategy: 'redact', text: '-' }] },
    { ...ON, columns: ['code'], strategy: 'token', key: Object.keys(MASKING_KEYS)[0] },
  ],
}
const READER: Section = {
  name: 'reader',
  scope: [{ databases: ['postgres'], schemas: ['club'], tables: ['*'], verbs: ['read'] }],
}

let stack: PostgresStack
let direct: pg.Client

beforeAll(async () => {
  stack = await startPostgresStack({
    setupSql: SETUP,
    roles: [READER],
    masking: MASKING,
    grants: () => [grantOf('alice', 'reader')],
  })
  direct = await stack.direct()
})
afterAll(() => stack?.stop())

describe('what a mask gives is a value of the type', () => {
  it.each(SAMPLES)('%s', async (type, send, ...values) => {
    for (const value of values) {
      const { rows, fields } = await direct.query(
        `SELECT $1::${type} AS clear, ($1::${type})::text AS shown, encode(${send}($1::${type}), 'hex') AS bytes`,
        [value],
      )
      const { dataTypeID: typeOid, dataTypeModifier: modifier } = fields[0]!
      const { shown, bytes } = rows[0] as { readonly shown: string; readonly bytes: string }
      for (const rule of RULES) {
        const results = []
        for (const format of ['text', 'binary'] as const) {
          const clear = Buffer.from(format === 'text' ? shown : bytes, format === 'text' ? 'utf8' : 'hex')
          const masked = compileMask(rule, { dialect: 'postgres', typeOid, modifier, format })(new Uint8Array(clear))
          // A parameter that is a Buffer goes out in binary.
          const sent = masked && (format === 'text' ? Buffer.from(masked).toString() : Buffer.from(masked))
          const read = await direct.query(`SELECT ($1::${type})::text AS read`, [sent])
          results.push(read.rows[0].read)
        }
        expect({ rule, result: results[1] }).toEqual({ rule, result: results[0] })
        expect({ rule, isClear: results[0] === shown }).toEqual({ rule, isClear: false })
      }
    }
  })
})

describe('through the proxy', () => {
  it('values of many types pass masked, and what is computed has the same masks', async () => {
    const alice = await stack.connect('alice')
    const text = (list: string) => alice.query({ text: `SELECT ${list} FROM club.people`, types: AS_TEXT })
    const [passed] = (await text('mail, mails, pay, born, seen, pin, doc, code, nick, nicks, tags')).rows
    expect(passed).toMatchObject({
      mail: 'a***@***.test',
      mails: '{a***@***.test,b***@***.test}',
      pay: '54000.00',
      born: '1987-01-01',
      seen: '1987-01-01 00:00:00+00',
      pin: '***4  ',
      doc: '{"ssn": "-", "city": "Port A"}',
      nick: '***y',
      nicks: '{***y,****y}',
      tags: null,
      code: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8/),
    })
    const list = `mail || '' AS mail, pay + 1 AS pay, born + 0 AS born, pin || '!' AS pin, code = code AS code, doc->>'city' AS doc,
      nick || '!' AS nick`
    const [computed] = (await text(list)).rows
    expect(computed).toEqual({
      mail: 'a***@***.test',
      pay: '54001.00',
      born: '1987-01-01',
      pin: '***4!',
      code: null,
      doc: null,
      nick: '***y!',
    })
    const count = await alice.query(
      `SELECT count(*)::int AS n FROM club.people WHERE mail LIKE 'a***@%' AND pay = 54000`,
    )
    expect(count.rows).toEqual([{ n: 1 }])
  })
})

const AS_TEXT = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig
