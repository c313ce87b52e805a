import fc from 'fast-check'
import { truncateMoment } from '../../../src/masking/calendar.ts'
import { mysqlMoment } from '../../../src/masking/mysql_date.ts'
import { type Masker, type MaskRule, unitOf } from '../../../src/masking/rule.ts'

/** Types of MySQL and MariaDB, the masks that have a form in SQL for them, and values of them. */
export interface TypeUnderTest {
  readonly type: string
  readonly rules: readonly MaskRule[]
  readonly values: fc.Arbitrary<string | Buffer>
  /** What the result is described as, where it is not the same as the column. */
  readonly becomes?: { readonly columnType?: number; readonly characterSet?: number; readonly decimals?: number }
  /** The same number may be written in another way. */
  readonly asNumber?: true
  /** In place of the mask on the wire, where that has none. */
  readonly expected?: (rule: MaskRule) => Masker
}

const EMAIL: MaskRule = { strategy: 'email' }
const REDACT: MaskRule = { strategy: 'redact', text: `[it's "\\hidden\\"] <b> é😀` }
const PLAIN: MaskRule = { strategy: 'redact', text: `it's [hidden]` }
const partial = (keepFirst: number, keepLast: number, fill: string): MaskRule => ({
  strategy: 'partial',
  keepFirst,
  keepLast,
  fill,
})
const ASCII_RULES = [EMAIL, PLAIN, partial(1, 2, '*'), partial(3, 0, `'\\x`)]
export const TEXT_RULES: readonly MaskRule[] = [...ASCII_RULES, REDACT, partial(0, 4, '•')]
const bucket = (width: number): MaskRule => ({ strategy: 'bucket', width, unit: null })
const BUCKETS = [bucket(2), bucket(7), bucket(1000), bucket(9_007_199_254_740_991)]
const cut = (unit: 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year'): MaskRule => ({
  strategy: 'date_trunc',
  unit,
})
const DAYS = [cut('week'), cut('month'), cut('quarter'), cut('year')]
const MOMENTS = [cut('hour'), cut('day'), ...DAYS]

const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom('@', '.', ' ', 'a', 'é', 'e\u0301', '😀', '\u00a0', '\n', '\u001f', '\u007f', '\0', 'test', 'co-uk'),
  fc.constantFrom('＠', '．', 'K', 'ſ', 'ß', '\u200d', '\\', "'", '"', '`'),
)
const texts = fc
  .oneof(
    fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
    fc.emailAddress(),
    fc.tuple(piece, piece, piece).map(([a, b, c]) => `${a}@${b}.${c}`),
    fc.constantFrom('', ' ', '  x  ', 'a@b.test\n', 'ab＠c@b．x.test', 'a@b.teſt', 'x'.repeat(300)),
    fc.constantFrom(`${'é'.repeat(499)}@x.test`, `${'a'.repeat(993)}@x.test`, `${'a'.repeat(994)}@x.test`),
  )
  .map((text) => text.toWellFormed())

const EDGES = ['0', '1', '-1', '-2', '999', '1000', '-999', '-1000', '-1001', '10', '-10']
const signed = (bits: bigint): fc.Arbitrary<string> => {
  const [min, max] = [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]
  return fc.oneof(
    fc.bigInt({ min, max }).map(String),
    fc.constantFrom(...EDGES, String(min), String(max), String(min + 1n)),
  )
}
const unsigned = (bits: bigint): fc.Arbitrary<string> => {
  const max = 2n ** bits - 1n
  return fc.oneof(
    fc.bigInt({ min: 0n, max }).map(String),
    fc.constantFrom('0', '1', '999', String(max), String(max / 2n + 1n)),
  )
}
const decimals = (digits: number, scale: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.boolean(),
      fc.oneof(
        fc.bigInt({ min: 0n, max: 10n ** BigInt(digits + scale) - 1n }),
        fc.constantFrom(0n, 1n, 10n ** BigInt(digits + scale) - 1n),
      ),
    )
    .map(([negative, value]) => {
      const padded = String(value).padStart(scale + 1, '0')
      const whole = padded.slice(0, padded.length - scale)
      return `${negative ? '-' : ''}${whole}${scale === 0 ? '' : `.${padded.slice(-scale)}`}`
    })

const two = (value: number): string => String(value).padStart(2, '0')
const moments = fc.oneof(
  fc
    .tuple(
      fc.integer({ min: 0, max: 9999 }),
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 0, max: 31 }),
      fc.integer({ min: 0, max: 86_399_999_999 }),
    )
    .map(([year, month, day, micros]) => {
      const clock = new Date(Math.floor(micros / 1000)).toISOString().slice(11, 23)
      return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)} ${clock}${String(micros % 1000).padStart(3, '0')}`
    }),
  fc.constantFrom(
    '0000-00-00',
    '0001-01-01',
    '0001-01-07',
    '9999-12-31 23:59:59',
    '2024-00-00',
    '2024-02-31',
    '2000-02-29',
  ),
  fc.constantFrom('1900-02-29', '2023-02-29', '2024-12-31', '2024-05-19', '0069-07-01', '0100-03-01 00:00:00.000001'),
)
const stamps = fc.oneof(
  fc
    .date({ min: new Date('1970-01-03'), max: new Date('2037-12-31'), noInvalidDate: true })
    .map((date) => `${date.toISOString().slice(0, 10)} ${date.toISOString().slice(11, 23)}`),
  fc.constantFrom(
    '1970-01-01 05:45:01',
    '1970-01-01 06:00:00',
    '1970-01-05 05:45:00',
    '0000-00-00',
    '2024-01-01 05:44:59',
    // MariaDB 11.5 and later have it, others make it the zero date.
    '2100-02-03 04:05:06',
  ),
)
const times = fc.oneof(
  fc
    .tuple(fc.boolean(), fc.nat(838), fc.nat(59), fc.nat(59), fc.nat(999_999))
    .map(([negative, hour, minute, second, micros]) => {
      return `${negative ? '-' : ''}${two(hour)}:${two(minute)}:${two(second)}.${String(micros).padStart(6, '0')}`
    }),
  fc.constantFrom('838:59:59', '-838:59:59', '-00:00:00.000001', '-00:59:59', '00:00:00', '-01:00:00'),
)
const floats = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 120), max: 2 ** 120 }).map(String),
  decimals(6, 2),
  fc.constantFrom(
    '0',
    '-0',
    '3e38',
    '-3e38',
    '1e37',
    '999.99996',
    '1000005',
    '1000015',
    '-1000005',
    '2.8160038e8',
    '1e15',
  ),
)
const doubles = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  decimals(8, 3),
  fc.constantFrom(
    '0',
    '-0',
    '1e300',
    '-1.7e308',
    '1e-310',
    '-1e-310',
    '-1.1903280098334426e17',
    '999999999999999',
    '1e15',
  ),
)

/** Cut in UTC, and shown in the zone of the session (+05:45). */
function inUtc(decimals: number): (rule: MaskRule) => Masker {
  const { read, write } = mysqlMoment('text', decimals)
  const offset = (5n * 60n + 45n) * 60_000_000n
  const first = read(new TextEncoder().encode('1970-01-01 00:00:00')) ?? 0n
  return (rule) => (value) => {
    const unit = unitOf(rule)
    const micros = read(value)
    if (micros === null || unit === null) return null
    const masked = truncateMoment(micros - offset, unit)
    return masked < first ? null : write(masked + offset)
  }
}

const LONGLONG = 8
const VAR_STRING = 253
const whole = (type: string, values: fc.Arbitrary<string>): TypeUnderTest => ({
  type,
  rules: BUCKETS,
  values,
  becomes: { decimals: 0 },
})
const text = (type: string, rules = TEXT_RULES, becomes?: TypeUnderTest['becomes']): TypeUnderTest => ({
  type,
  rules,
  values: texts,
  becomes: becomes ?? {},
})

export const TYPES: readonly TypeUnderTest[] = [
  text('varchar(400)', TEXT_RULES, { columnType: VAR_STRING }),
  text('varchar(9)', TEXT_RULES, { columnType: VAR_STRING }),
  text('varchar(300) COLLATE utf8mb4_bin'),
  text('varchar(300) COLLATE utf8mb4_general_ci'),
  text('varchar(300) COLLATE utf8mb4_spanish_ci'),
  text('varchar(300) /*!80000 COLLATE utf8mb4_0900_as_cs */ /*M!101000 COLLATE utf8mb4_uca1400_nopad_as_cs */'),
  text('char(12)'),
  text('tinytext'),
  text('text'),
  text('mediumtext'),
  text('longtext'),
  text('varchar(300) CHARACTER SET latin1', ASCII_RULES),
  text('varchar(300) CHARACTER SET utf8mb3', ASCII_RULES),
  text('varchar(300) CHARACTER SET utf16', ASCII_RULES),
  text('varchar(300) CHARACTER SET gbk', ASCII_RULES),
  text('char(9) CHARACTER SET ucs2', ASCII_RULES),
  text('varchar(9) CHARACTER SET ascii COLLATE ascii_bin', ASCII_RULES),
  whole('tinyint', signed(8n)),
  whole('tinyint unsigned', unsigned(8n)),
  whole('smallint', signed(16n)),
  whole('smallint unsigned', unsigned(16n)),
  whole('mediumint', signed(24n)),
  whole('mediumint unsigned', unsigned(24n)),
  whole('int', signed(32n)),
  whole('int unsigned', unsigned(32n)),
  { ...whole('int(6) zerofill', unsigned(32n)), asNumber: true },
  { ...whole('bigint', signed(64n)), becomes: { columnType: LONGLONG } },
  { ...whole('bigint unsigned', unsigned(64n)), becomes: { columnType: LONGLONG } },
  { type: 'decimal(30,7)', rules: BUCKETS, values: decimals(23, 7) },
  { type: 'decimal(65,30)', rules: BUCKETS, values: decimals(35, 30) },
  { type: 'decimal(65,0)', rules: BUCKETS, values: decimals(65, 0) },
  { type: 'decimal(5,2) unsigned', rules: BUCKETS, values: decimals(3, 2) },
  { type: 'decimal(3,0)', rules: BUCKETS, values: decimals(3, 0) },
  { type: 'decimal(3,3)', rules: BUCKETS, values: decimals(0, 3) },
  { type: 'double', rules: BUCKETS, values: doubles },
  { type: 'float', rules: BUCKETS, values: floats },
  {
    type: 'float(9,2)',
    rules: BUCKETS.slice(0, 3),
    values: decimals(7, 2),
    asNumber: true,
    becomes: { columnType: 5 },
  },
  { type: 'double(12,3)', rules: BUCKETS, values: decimals(9, 3), asNumber: true, becomes: { columnType: 5 } },
  {
    type: 'year',
    rules: [bucket(10), bucket(100), bucket(7), bucket(5000)],
    values: fc.integer({ min: 1901, max: 2155 }).map(String),
    becomes: {},
  },
  { type: 'date', rules: DAYS, values: moments },
  { type: 'datetime', rules: MOMENTS, values: moments },
  { type: 'datetime(2)', rules: MOMENTS, values: moments },
  { type: 'datetime(6)', rules: MOMENTS, values: moments },
  { type: 'timestamp', rules: MOMENTS, values: stamps, expected: inUtc(0), becomes: { columnType: 12, decimals: 0 } },
  {
    type: 'timestamp(3)',
    rules: MOMENTS,
    values: stamps,
    expected: inUtc(3),
    becomes: { columnType: 12, decimals: 3 },
  },
  { type: 'time', rules: [cut('hour')], values: times },
  { type: 'time(6)', rules: [cut('hour')], values: times },
  {
    type: 'binary(4)',
    rules: [PLAIN],
    values: fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
    becomes: {},
  },
  {
    type: 'varbinary(40)',
    rules: [PLAIN],
    values: fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
    becomes: { characterSet: 63 },
  },
  {
    type: 'blob',
    rules: [PLAIN],
    values: fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
    becomes: { characterSet: 63 },
  },
  { type: 'json', rules: [REDACT], values: fc.constantFrom('{}', '[1]', '"a"'), becomes: {} },
]
