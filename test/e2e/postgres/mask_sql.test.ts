import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { compileMask } from '../../../src/masking/mask.ts'
import type { MaskRule } from '../../../src/masking/rule.ts'
import { sqlMaskOf } from '../../../src/policy/sql_mask.ts'
import type { Column } from '../../../src/sql/catalog.ts'
import { columnSql } from '../../../src/sql/postgres/mask_sql.ts'
import { describeEachPostgres } from '../../servers/availability.ts'
import { startPostgres } from '../../servers/postgres.ts'
import type { DatabaseServer } from '../../servers/process.ts'

/** The SQL form of each mask gives what the mask on the wire gives, for every value, on a real server. */

const SEED = 20_260_101

interface TypeUnderTest {
  readonly type: string
  readonly oid: number
  readonly modifier?: number
  /** The function that gives a value's bytes in binary format. */
  readonly send: string
  readonly collation?: string
  readonly rules: readonly MaskRule[]
  readonly values: fc.Arbitrary<string>
}

const EMAIL: MaskRule = { strategy: 'email' }
const REDACT: MaskRule = { strategy: 'redact', text: `[it's "\\hidden\\"] <b> é😀` }
const partial = (keepFirst: number, keepLast: number, fill: string): MaskRule => ({
  strategy: 'partial',
  keepFirst,
  keepLast,
  fill,
})
const TEXT_RULES = [EMAIL, REDACT, partial(1, 2, '*'), partial(0, 4, '•'), partial(3, 0, `'\\x`)]
const bucket = (width: number): MaskRule => ({ strategy: 'bucket', width, unit: null })
const BUCKETS = [bucket(2), bucket(7), bucket(1000), bucket(9_007_199_254_740_991)]
const TRUNCATIONS = (['hour', 'day', 'week', 'month', 'quarter', 'year'] as const).map(
  (unit): MaskRule => ({
    strategy: 'date_trunc',
    unit,
  }),
)

/** NUL stands in no value of PostgreSQL, and a lone surrogate in no UTF-8. */
const legal = (text: string): string => text.replaceAll('\0', '').toWellFormed()
const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom(
    '@',
    '.',
    ' ',
    'a',
    'é',
    'e\u0301',
    '😀',
    '\u00a0',
    '\n',
    '\u001f',
    '\u007f',
    'test',
    'co-uk',
    '\\',
    "'",
  ),
)
const texts = fc
  .oneof(
    fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
    fc.emailAddress(),
    fc.tuple(piece, piece, piece).map(([a, b, c]) => `${a}@${b}.${c}`),
    fc.constantFrom('', ' ', '  x  ', 'x'.repeat(5000), `${'é'.repeat(499)}@x.test`, `${'a'.repeat(993)}@x.test`),
  )
  .map(legal)

const INTEGER_EDGES = ['0', '1', '-1', '-2', '999', '1000', '-999', '-1000', '-1001']
const integers = (min: bigint, max: bigint): fc.Arbitrary<string> =>
  fc.oneof(fc.bigInt({ min, max }).map(String), fc.constantFrom(...INTEGER_EDGES, String(min), String(max)))
const decimals = (digits: number, scale: number): fc.Arbitrary<string> =>
  fc.tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** BigInt(digits + scale) - 1n })).map(([negative, value]) => {
    const padded = String(value).padStart(scale + 1, '0')
    const whole = padded.slice(0, padded.length - scale)
    return `${negative ? '-' : ''}${whole}${scale === 0 ? '' : `.${padded.slice(-scale)}`}`
  })
const EXTREMES = ['NaN', 'Infinity', '-Infinity', '0', '-0']
const moments = (suffix: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc
      .tuple(
        fc.integer({ min: 1, max: 12_000 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 28 }),
        fc.integer({ min: 0, max: 86_399_999_999 }),
      )
      .map(([year, month, day, micros]) => {
        const clock = new Date(Math.floor(micros / 1000)).toISOString().slice(11, 23)
        const date = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
        return `${date} ${clock}${String(micros % 1000).padStart(3, '0')}${suffix}`
      }),
    fc.constantFrom('infinity', '-infinity', '0001-01-01', '9999-12-31', '10000-01-01', '0044-03-15 BC', '2000-02-29'),
  )

const TYPES: readonly TypeUnderTest[] = [
  { type: 'text', oid: 25, send: 'textsend', rules: TEXT_RULES, values: texts },
  { type: 'text', oid: 25, send: 'textsend', collation: 'public.plain', rules: TEXT_RULES, values: texts },
  { type: 'character varying', oid: 1043, send: 'varcharsend', rules: TEXT_RULES, values: texts },
  { type: 'character varying(9)', oid: 1043, send: 'varcharsend', modifier: 13, rules: TEXT_RULES, values: texts },
  { type: 'character(12)', oid: 1042, send: 'bpcharsend', modifier: 16, rules: TEXT_RULES, values: texts },
  { type: 'bpchar', oid: 1042, send: 'bpcharsend', rules: TEXT_RULES, values: texts },
  { type: 'name', oid: 19, send: 'namesend', rules: TEXT_RULES, values: texts },
  { type: 'smallint', oid: 21, send: 'int2send', rules: BUCKETS, values: integers(-32_768n, 32_767n) },
  { type: 'integer', oid: 23, send: 'int4send', rules: BUCKETS, values: integers(-(2n ** 31n), 2n ** 31n - 1n) },
  { type: 'bigint', oid: 20, send: 'int8send', rules: BUCKETS, values: integers(-(2n ** 63n), 2n ** 63n - 1n) },
  {
    type: 'numeric',
    oid: 1700,
    send: 'numeric_send',
    rules: BUCKETS,
    values: fc.oneof(
      decimals(25, 7),
      decimals(3, 0),
      fc.constantFrom(...EXTREMES, '1e999', '-1e1001', '1e-50', '9.9e999'),
    ),
  },
  {
    type: 'numeric(5,2)',
    oid: 1700,
    send: 'numeric_send',
    modifier: 4 + ((5 << 16) | 2),
    rules: BUCKETS,
    values: decimals(3, 2),
  },
  {
    type: 'numeric(3,0)',
    oid: 1700,
    send: 'numeric_send',
    modifier: 4 + (3 << 16),
    rules: BUCKETS,
    values: decimals(3, 0),
  },
  {
    type: 'double precision',
    oid: 701,
    send: 'float8send',
    rules: BUCKETS,
    values: fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      decimals(8, 3),
      fc.constantFrom(...EXTREMES, '1e300', '-1.7e308', '1e-310', '-1e-310', '-1.1903280098334426e17'),
    ),
  },
  {
    type: 'real',
    oid: 700,
    send: 'float4send',
    rules: BUCKETS,
    values: fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 120), max: 2 ** 120 }).map(String),
      decimals(6, 2),
      fc.constantFrom(...EXTREMES, '3e38', '-3e38', '1e37', '2.8160038e8'),
    ),
  },
  { type: 'date', oid: 1082, send: 'date_send', rules: TRUNCATIONS, values: moments('') },
  { type: 'timestamp without time zone', oid: 1114, send: 'timestamp_send', rules: TRUNCATIONS, values: moments('') },
  {
    type: 'timestamp(2) without time zone',
    oid: 1114,
    send: 'timestamp_send',
    modifier: 2,
    rules: TRUNCATIONS,
    values: moments(''),
  },
  {
    type: 'timestamp with time zone',
    oid: 1184,
    send: 'timestamptz_send',
    rules: TRUNCATIONS,
    values: moments('-05:30'),
  },
  { type: 'json', oid: 114, send: 'json_send', rules: [REDACT], values: fc.constantFrom('{}', '[1]') },
  { type: 'jsonb', oid: 3802, send: 'jsonb_send', rules: [REDACT], values: fc.constantFrom('{}', '[1]') },
  { type: 'xml', oid: 142, send: 'xml_send', rules: [REDACT], values: fc.constantFrom('<a/>', 'x') },
  { type: 'bytea', oid: 17, send: 'byteasend', rules: [REDACT], values: fc.constantFrom('\\x0102', '\\x') },
  { type: 'text[]', oid: 1009, send: 'array_send', rules: [REDACT], values: fc.constantFrom('{a,b}', '{}') },
  {
    type: 'character varying(4)[]',
    oid: 1015,
    send: 'array_send',
    modifier: 8,
    rules: [REDACT],
    values: fc.constantFrom('{a,b}', '{}'),
  },
  { type: 'jsonb[]', oid: 3807, send: 'array_send', rules: [REDACT], values: fc.constantFrom('{"{}"}') },
]

describeEachPostgres('masks in SQL', (version) => {
  let server: DatabaseServer
  let client: pg.Client

  beforeAll(async () => {
    server = await startPostgres({
      version,
      setupSql: [`CREATE COLLATION public.plain (provider = icu, locale = 'und', deterministic = false)`],
    })
    const { host, port, user, password, database, ca } = server
    client = new pg.Client({ host, port, user, password, database, ssl: { ca } })
    await client.connect()
    // What a person may set, and what a path could be made to hold: none of it may change a mask.
    await client.query(`CREATE SCHEMA trap; CREATE TABLE trap.text (a int); CREATE DOMAIN trap.date AS int;
      CREATE FUNCTION trap.repeat(text, int) RETURNS text LANGUAGE sql AS 'SELECT $1';
      SET search_path = trap, pg_catalog; SET TimeZone = 'Asia/Kathmandu'; SET standard_conforming_strings = off;
      SET escape_string_warning = off; SET DateStyle = 'ISO, DMY'`)
  })
  afterAll(async () => {
    await client?.end()
    await server?.stop()
  })

  it.each(TYPES)('$type ($collation): the SQL form is what the wire shows', async (given) => {
    const { type, oid, collation, modifier = -1 } = given
    const column: Column = {
      name: 'v "x"',
      ordinal: 1,
      type,
      typeOid: oid,
      collation: collation ?? null,
      generatedFrom: [],
    }
    const values = fc.sample(given.values, { numRuns: 300, seed: SEED })
    const qualified =
      /^[a-z]+(\[\])?$/.test(type) && !/^(smallint|integer|bigint|numeric|real)$/.test(type)
        ? `pg_catalog.${type}`
        : type
    const cast = collation === undefined ? qualified : `${qualified} COLLATE ${collation}`
    await client.query(`DROP TABLE IF EXISTS public.t; CREATE TABLE public.t (n int, "v ""x""" ${cast})`)
    // A value that the type can't hold is no value of it.
    for (const [n, value] of [...new Set(values), null].entries()) {
      await client
        .query(`INSERT INTO public.t VALUES ($1, ($2::pg_catalog.text)::${qualified})`, [n, value])
        .catch((error: unknown) => {
          if (!(error instanceof pg.DatabaseError) || error.code?.slice(0, 2) !== '22') throw error
        })
    }
    for (const rule of given.rules) {
      const masked = columnSql(column, sqlMaskOf(rule, 'postgres', column))
      const from = `FROM public.t AS t CROSS JOIN LATERAL (SELECT ${masked}) AS m`
      for (const format of ['text', 'binary'] as const) {
        const masker = compileMask(rule, { dialect: 'postgres', typeOid: oid, modifier, format })
        const sent = (value: string): string =>
          format === 'text' ? value : `pg_catalog.encode(pg_catalog.${given.send}(${value}), 'hex')`
        const { rows } = await client.query<Row>({
          text: `SELECT ${sent('t."v ""x"""')} AS clear, ${inUtc(sent('m."v ""x"""'), given, format)} AS masked
            ${from} ORDER BY t.n`,
          types: AS_TEXT,
        })
        for (const row of rows) {
          const { clear } = row
          // What NULL becomes: a constant for every value has one for NULL too.
          if (clear === null) expect(rule.strategy === 'redact' || row.masked === null).toBe(true)
          if (clear === null) continue
          const shown = masker(new Uint8Array(Buffer.from(clear, format === 'text' ? 'utf8' : 'hex')))
          const wire = shown && Buffer.from(shown).toString(format === 'text' ? 'utf8' : 'hex')
          expect([clear, sameNumber(row.masked, given, format)]).toEqual([clear, sameNumber(wire, given, format)])
        }
      }
      const sql = `SELECT m."v ""x""" ${from}`
      const { fields } = await client.query(sql)
      expect(fields[0]).toMatchObject({ dataTypeID: oid, dataTypeModifier: modifier })
    }
  })
})

interface Row {
  readonly clear: string | null
  readonly masked: string | null
}

const AS_TEXT = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig

/** A moment with a zone is written in the session's zone by the server, and in UTC by the mask. */
function inUtc(value: string, { oid }: TypeUnderTest, format: 'text' | 'binary'): string {
  return oid === 1184 && format === 'text' ? `(${value} AT TIME ZONE 'UTC')::pg_catalog.text || '+00'` : value
}

/** Large floats have more than one shortest text, and the server's is not always ECMAScript's. */
function sameNumber(value: string | null, { oid }: TypeUnderTest, format: 'text' | 'binary'): string | null {
  if (value === null || format === 'binary' || (oid !== 700 && oid !== 701)) return value
  return String(oid === 700 ? Math.fround(Number(value)) : Number(value))
}
