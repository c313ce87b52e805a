import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileMask } from '../../src/masking/mask.ts'
import type { MaskRule } from '../../src/masking/rule.ts'
import { decodeValue, valueSize } from '../../src/wire/mysql/binary-value.ts'
import { COLUMN_TYPE } from '../../src/wire/mysql/column-types.ts'

/** What masks make of each type that a column definition of MySQL or MariaDB names, in text and in binary rows. */

const key = new Uint8Array(32).fill(7)
const utf8 = new TextEncoder()
const BINARY = 63
const FLAG = { unsigned: 0x20, zerofill: 0x40, enum: 0x100, set: 0x800 } as const

interface Shape {
  readonly type: number
  readonly length?: number
  readonly flags?: number
  readonly decimals?: number
  readonly charset?: number
}

const TYPES = {
  tinyint: { type: COLUMN_TYPE.tiny, length: 4 },
  'tinyint unsigned': { type: COLUMN_TYPE.tiny, length: 3, flags: FLAG.unsigned },
  boolean: { type: COLUMN_TYPE.tiny, length: 1 },
  smallint: { type: COLUMN_TYPE.short, length: 6 },
  'smallint unsigned': { type: COLUMN_TYPE.short, length: 5, flags: FLAG.unsigned },
  mediumint: { type: COLUMN_TYPE.int24, length: 9 },
  'mediumint unsigned': { type: COLUMN_TYPE.int24, length: 8, flags: FLAG.unsigned },
  int: { type: COLUMN_TYPE.long, length: 11 },
  'int unsigned': { type: COLUMN_TYPE.long, length: 10, flags: FLAG.unsigned },
  'int(6) zerofill': { type: COLUMN_TYPE.long, length: 6, flags: FLAG.unsigned | FLAG.zerofill },
  bigint: { type: COLUMN_TYPE.longlong, length: 20 },
  'bigint unsigned': { type: COLUMN_TYPE.longlong, length: 20, flags: FLAG.unsigned },
  year: { type: COLUMN_TYPE.year, length: 4, flags: FLAG.unsigned | FLAG.zerofill },
  'bit(12)': { type: COLUMN_TYPE.bit, length: 12, flags: FLAG.unsigned },
  'decimal(12,3)': { type: COLUMN_TYPE.newDecimal, length: 14, decimals: 3 },
  'decimal(12,3) unsigned': { type: COLUMN_TYPE.newDecimal, length: 13, decimals: 3, flags: FLAG.unsigned },
  'decimal(3,0)': { type: COLUMN_TYPE.newDecimal, length: 4 },
  'decimal(65,30)': { type: COLUMN_TYPE.newDecimal, length: 67, decimals: 30 },
  'decimal(3,3)': { type: COLUMN_TYPE.newDecimal, length: 5, decimals: 3 },
  float: { type: COLUMN_TYPE.float, length: 12, decimals: 31 },
  'float(7,2)': { type: COLUMN_TYPE.float, length: 7, decimals: 2 },
  double: { type: COLUMN_TYPE.double, length: 22, decimals: 31 },
  'double(9,3)': { type: COLUMN_TYPE.double, length: 9, decimals: 3 },
  date: { type: COLUMN_TYPE.date, length: 10 },
  datetime: { type: COLUMN_TYPE.datetime, length: 19 },
  'datetime(3)': { type: COLUMN_TYPE.datetime, length: 23, decimals: 3 },
  'datetime(6)': { type: COLUMN_TYPE.datetime, length: 26, decimals: 6 },
  timestamp: { type: COLUMN_TYPE.timestamp, length: 19 },
  'timestamp(6)': { type: COLUMN_TYPE.timestamp, length: 26, decimals: 6 },
  time: { type: COLUMN_TYPE.time, length: 10 },
  'time(6)': { type: COLUMN_TYPE.time, length: 17, decimals: 6 },
  'char(10)': { type: COLUMN_TYPE.string, length: 40, charset: 255 },
  'varchar(9)': { type: COLUMN_TYPE.varString, length: 36, charset: 45 },
  'varchar(9) in utf8mb3': { type: COLUMN_TYPE.varString, length: 27, charset: 33 },
  'varchar(9) in latin1': { type: COLUMN_TYPE.varString, length: 9, charset: 8 },
  'varchar(9) in gbk': { type: COLUMN_TYPE.varString, length: 18, charset: 28 },
  'varchar(9) in utf16': { type: COLUMN_TYPE.varString, length: 36, charset: 54 },
  'varchar(9) in uca1400': { type: COLUMN_TYPE.varString, length: 36, charset: 2304 },
  'varchar(9) in latin1, no pad': { type: COLUMN_TYPE.varString, length: 9, charset: 1032 },
  tinytext: { type: COLUMN_TYPE.blob, length: 1020, charset: 255 },
  longtext: { type: COLUMN_TYPE.blob, length: 0xffff_ffff, charset: 45 },
  'binary(16)': { type: COLUMN_TYPE.string, length: 16 },
  'varbinary(40)': { type: COLUMN_TYPE.varString, length: 40 },
  'varbinary(5)': { type: COLUMN_TYPE.varString, length: 5 },
  blob: { type: COLUMN_TYPE.blob, length: 65_535 },
  enum: { type: COLUMN_TYPE.string, length: 8, flags: FLAG.enum, charset: 45 },
  set: { type: COLUMN_TYPE.string, length: 16, flags: FLAG.set, charset: 45 },
  json: { type: COLUMN_TYPE.json, length: 0xffff_ffff },
  geometry: { type: COLUMN_TYPE.geometry, length: 0xffff_ffff },
  vector: { type: COLUMN_TYPE.vector, length: 12, decimals: 31 },
  uuid: { type: COLUMN_TYPE.string, length: 144, flags: FLAG.unsigned, charset: 45 },
  inet4: { type: COLUMN_TYPE.string, length: 60, flags: FLAG.unsigned, charset: 45 },
  inet6: { type: COLUMN_TYPE.string, length: 156, flags: FLAG.unsigned, charset: 45 },
} satisfies Record<string, Shape>
type Name = keyof typeof TYPES

const HASH: MaskRule = { strategy: 'hash', keyId: 'k', key, length: 16 }
const TOKEN: MaskRule = { strategy: 'token', keyId: 'k', key, prefix: 't_' }
const PARTIAL: MaskRule = { strategy: 'partial', keepFirst: 1, keepLast: 1, fill: '*' }
const EMAIL: MaskRule = { strategy: 'email' }
const REDACT: MaskRule = { strategy: 'redact', text: 'hid <den>' }
const NULL: MaskRule = { strategy: 'null' }
const bucket = (width: number): MaskRule => ({ strategy: 'bucket', width, unit: null })
const cut = (unit: 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year'): MaskRule => ({
  strategy: 'date_trunc',
  unit,
})
const SHIFT: MaskRule = { strategy: 'date_shift', keyId: 'k', key, maxDays: 10 }
const PATHS: MaskRule = { strategy: 'json_path', default: 'drop', paths: [{ path: '$.a', rule: { strategy: 'keep' } }] }
const RULES = [NULL, REDACT, PARTIAL, EMAIL, HASH, TOKEN, bucket(10), cut('hour'), cut('month'), SHIFT, PATHS] as const

function maskBytes(rule: MaskRule, name: Name, value: Uint8Array, format: 'text' | 'binary'): Uint8Array | null {
  const { type, length = 0, flags = 0, decimals = 0, charset = BINARY }: Shape = TYPES[name]
  return compileMask(rule, { dialect: 'mysql', type, charset, length, flags, decimals, format })(value)
}

function mask(rule: MaskRule, name: Name, value: string): string | null {
  const masked = maskBytes(rule, name, utf8.encode(value), 'text')
  return masked && new TextDecoder('utf-8', { fatal: true }).decode(masked)
}

function maskHex(rule: MaskRule, name: Name, hex: string, format: 'text' | 'binary' = 'binary'): string | null {
  const masked = maskBytes(rule, name, new Uint8Array(Buffer.from(hex, 'hex')), format)
  return masked && Buffer.from(masked).toString('hex')
}

function shownOf(type: number, value: Uint8Array, unsigned = false): string {
  const read = decodeValue(type, unsigned, value)
  return read.kind === 'temporal' ? read.text : String(read.value)
}

describe('in text rows', () => {
  it.each<[MaskRule, Name, string, string | RegExp | null]>([
    [bucket(10), 'tinyint', '-128', null],
    [bucket(10), 'tinyint', '-120', '-120'],
    [bucket(10), 'tinyint unsigned', '255', '250'],
    [bucket(10), 'boolean', '1', null],
    [HASH, 'boolean', '1', null],
    [bucket(1000), 'mediumint', '-8388608', null],
    [bucket(1000), 'mediumint unsigned', '16777215', '16777000'],
    [bucket(10), 'int', '-1', '-10'],
    [bucket(10), 'int(6) zerofill', '000123', '000120'],
    [bucket(10), 'bigint', '-9223372036854775808', null],
    [bucket(10), 'bigint unsigned', '18446744073709551615', '18446744073709551610'],
    [HASH, 'tinyint', '5', /^\d{1,3}$/],
    [HASH, 'bigint unsigned', '18446744073709551615', /^\d{1,20}$/],
    [HASH, 'int', 'x', null],
    [bucket(10), 'year', '2024', '2020'],
    [bucket(10), 'year', '1905', null],
    [bucket(10), 'year', '0000', null],
    [TOKEN, 'year', '2024', null],
    [bucket(10), 'decimal(12,3)', '-0.500', '-10.000'],
    [bucket(10), 'decimal(12,3) unsigned', '999999999.999', '999999990.000'],
    [bucket(1000), 'decimal(3,0)', '-999', null],
    [bucket(1000), 'decimal(3,0)', '999', '0'],
    [TOKEN, 'decimal(12,3)', '1.500', /^\d{1,9}\.000$/],
    [TOKEN, 'decimal(3,3)', '0.500', null],
    [
      bucket(7),
      'decimal(65,30)',
      `${'9'.repeat(35)}.${'9'.repeat(30)}`,
      `${BigInt('9'.repeat(35)) - 4n}.${'0'.repeat(30)}`,
    ],
    [bucket(1000), 'float', '1234570', '1234000'],
    [bucket(10), 'float', '1e15', '1e15'],
    [bucket(10), 'float(7,2)', '-0.01', '-10.00'],
    [bucket(10), 'double', '123456789012345678', '1.2345678901234568e17'],
    [bucket(10), 'double', '999999999999999', '999999999999990'],
    [bucket(10), 'double', '-0', '0'],
    [bucket(10), 'double', '1e-10', '0'],
    [bucket(10), 'double', '1e301', null],
    [bucket(10), 'double(9,3)', '12.345', '10.000'],
    [cut('month'), 'date', '2024-05-17', '2024-05-01'],
    [cut('day'), 'date', '2024-05-17', null],
    [cut('year'), 'date', '0000-00-00', null],
    [cut('year'), 'date', '2024-00-00', null],
    [cut('year'), 'date', '2024-02-30', null],
    [cut('week'), 'datetime', '2024-05-19 23:59:59', '2024-05-13 00:00:00'],
    [cut('hour'), 'datetime(3)', '2024-05-17 13:14:15.678', '2024-05-17 13:00:00.000'],
    [cut('year'), 'datetime', '0000-00-00 00:00:00', null],
    [cut('quarter'), 'datetime(6)', '2024-06-30 00:00:00.000001', '2024-04-01 00:00:00.000000'],
    [cut('year'), 'timestamp', '2024-05-17 13:14:15', null],
    [SHIFT, 'timestamp(6)', '2024-05-17 13:14:15.000000', null],
    [cut('hour'), 'time', '-838:59:59', '-838:00:00'],
    [cut('hour'), 'time(6)', '-00:59:59.000001', '00:00:00.000000'],
    [cut('day'), 'time', '12:00:00', null],
    [SHIFT, 'time', '12:00:00', null],
    [PARTIAL, 'char(10)', 'abc   ', 'a*c'],
    [{ ...PARTIAL, fill: '12345' }, 'varchar(9)', 'abcd', 'a12345123'],
    [TOKEN, 'varchar(9)', 'abcd', /^[a-z2-7]{9}$/],
    [REDACT, 'varchar(9) in utf8mb3', 'abcd', 'hid <den>'],
    [EMAIL, 'longtext', 'alice@mail.example', 'a***@***.example'],
    [{ ...REDACT, text: 'x'.repeat(300) }, 'tinytext', 'a', 'x'.repeat(255)],
    [PATHS, 'longtext', '{"a": 1, "b": 2}', '{"a": 1}'],
    [PATHS, 'longtext', 'no json', null],
    [PATHS, 'json', '{"a": 1, "b": 2}', '{"a": 1}'],
    [REDACT, 'json', '{}', '"hid <den>"'],
    [HASH, 'json', '{}', /^"[0-9a-f]{16}"$/],
    [PARTIAL, 'json', '{}', null],
    [EMAIL, 'blob', 'alice@mail.example', null],
    [REDACT, 'blob', 'abc', ''],
    [PARTIAL, 'varchar(9) in utf16', 'abc', null],
    [REDACT, 'varchar(9) in utf16', 'abc', null],
    [PARTIAL, 'varchar(9) in uca1400', 'äbc', 'ä*c'],
    [{ ...PARTIAL, fill: '•' }, 'varchar(9) in latin1', 'abc', null],
    [PARTIAL, 'varchar(9) in gbk', 'abcd', 'a**d'],
    [
      TOKEN,
      'uuid',
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    ],
    [PARTIAL, 'uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', null],
    [REDACT, 'enum', 'aa', null],
    [HASH, 'set', 'x,yy', null],
    [HASH, 'inet4', '10.0.0.1', null],
    [TOKEN, 'inet6', '::1', null],
    [HASH, 'bit(12)', 'ab', null],
    [REDACT, 'geometry', 'ab', null],
    [TOKEN, 'vector', 'ab', null],
  ])('%o of %s: %s gives %s', (rule, name, value, expected) => {
    const shown = mask(rule, name, value)
    if (expected instanceof RegExp) expect(shown).toMatch(expected)
    else expect(shown).toBe(expected)
  })

  it('a single-byte character set: characters are bytes, and keep their number', () => {
    const latin = Buffer.from('åbcdé', 'latin1').toString('hex')
    for (const name of ['varchar(9) in latin1', 'varchar(9) in latin1, no pad'] as const) {
      expect(maskHex(PARTIAL, name, latin, 'text')).toBe(Buffer.from('å***é', 'latin1').toString('hex'))
    }
    expect(maskHex(PARTIAL, 'varchar(9) in gbk', latin, 'text')).toBeNull()
  })

  it('binary strings: BINARY is as long as its type, the others no longer', () => {
    expect(maskHex(REDACT, 'binary(16)', 'ab'.repeat(16), 'text')).toBe('00'.repeat(16))
    expect(maskHex(HASH, 'binary(16)', 'ab'.repeat(16), 'text')).toMatch(/^[0-9a-f]{16}0{16}$/)
    expect(maskHex(TOKEN, 'varbinary(40)', 'abab', 'text')).toHaveLength(40)
    expect(maskHex(TOKEN, 'varbinary(5)', 'abab', 'text')).toHaveLength(10)
  })

  it('the same value has the same token in CHAR, VARCHAR and TEXT', () => {
    expect(mask(HASH, 'char(10)', 'v   ')?.slice(0, 9)).toBe(mask(HASH, 'varchar(9)', 'v'))
    expect(mask(TOKEN, 'tinytext', 'v')).toBe(mask(TOKEN, 'longtext', 'v'))
  })
})

describe('in binary rows', () => {
  it.each<[MaskRule, Name, string, string | null]>([
    [bucket(10), 'tinyint', 'ff', 'f6'],
    [bucket(10), 'tinyint unsigned', 'ff', 'fa'],
    [bucket(10), 'mediumint', 'ffffffff', 'f6ffffff'],
    [bucket(10), 'bigint unsigned', 'ffffffffffffffff', 'faffffffffffffff'],
    [bucket(10), 'bigint', 'ffffffff', null],
    [bucket(10), 'year', 'e807', 'e407'],
    [bucket(10), 'float', '0000c841', '0000a041'],
    [cut('month'), 'date', 'e8070511', 'e8070501'],
    [cut('month'), 'date', '', null],
    [cut('month'), 'date', 'e8070000', null],
    [cut('hour'), 'datetime', 'e80705110d0e0f', 'e80705110d0000'],
    [cut('hour'), 'datetime', 'e8070511', 'e8070511'],
    [cut('day'), 'datetime(6)', 'e80705110d0e0f40e20100', 'e8070511'],
    [cut('hour'), 'datetime(6)', 'e807051119000040e20100', null],
    [cut('hour'), 'datetime', 'e80705', null],
    [cut('hour'), 'time', '', ''],
    [cut('hour'), 'time', '01220000001 63b3b'.replace(' ', ''), '0122000000160000'],
    [cut('hour'), 'time(6)', '0100000000003b3b40e20100', ''],
    [cut('hour'), 'time', '01', null],
  ])('%o of %s: %s gives %s', (rule, name, hex, expected) => {
    expect(maskHex(rule, name, hex)).toBe(expected)
  })

  it('the text of a FLOAT has six digits, and a bucket tells no more in binary', () => {
    const float = (value: number) => Buffer.from(new Float32Array([value]).buffer).toString('hex')
    expect(maskHex(bucket(1000), 'float', float(999.9999))).toBe(float(1000))
    expect(maskHex(bucket(2), 'float', float(1_000_005))).toBe(float(1_000_000))
    expect(maskHex(bucket(2), 'float', float(1_000_015))).toBe(float(1_000_020))
    expect(maskHex(bucket(2), 'float', float(-1_000_005))).toBe(float(-1_000_000))
  })

  it('NULL, bytes of another type or any bytes at all: a value of the type, or NULL, and never the value itself', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(TYPES) as Name[])),
        fc.constantFrom(...RULES),
        fc.constantFrom('text', 'binary'),
        fc.uint8Array({ maxLength: 14 }),
        (name, rule, format, value) => {
          const { type, flags = 0 }: Shape = TYPES[name]
          const masked = maskBytes(rule, name, value, format)
          if (masked === null || format === 'text') return
          // As the encoder checks it, and as a client reads it.
          valueSize(type, masked)
          decodeValue(type, (flags & FLAG.unsigned) !== 0, masked)
        },
      ),
      { numRuns: 5_000 },
    )
  })

  it('whole numbers have the same mask in both formats', () => {
    const widths = { tinyint: 1, smallint: 2, mediumint: 4, int: 4, bigint: 8 } as const
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(widths) as (keyof typeof widths)[])),
        fc.boolean(),
        fc.constantFrom(bucket(7), bucket(1000), HASH, TOKEN),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        (base, unsigned, rule, seed) => {
          const name: Name = unsigned ? `${base} unsigned` : base
          const bits = base === 'mediumint' ? 24 : 8 * widths[base]
          const value = unsigned ? BigInt.asUintN(bits, seed) : BigInt.asIntN(bits, seed)
          const bytes = new Uint8Array(8)
          new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true)
          const binary = maskBytes(rule, name, bytes.subarray(0, widths[base]), 'binary')
          const read = binary && shownOf(TYPES[name].type, binary, unsigned)
          expect(read).toBe(mask(rule, name, String(value)))
        },
      ),
    )
  })

  it('dates and times have the same mask in both formats', () => {
    const rules = [cut('hour'), cut('week'), cut('month'), cut('quarter'), cut('year'), SHIFT]
    fc.assert(
      fc.property(
        fc.constantFrom(...rules),
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        fc.nat(999),
        (rule, date, micros) => {
          const bytes = new Uint8Array(11)
          const view = new DataView(bytes.buffer)
          view.setUint16(0, date.getUTCFullYear(), true)
          bytes.set([date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes()], 2)
          bytes[6] = date.getUTCSeconds()
          view.setUint32(7, date.getUTCMilliseconds() * 1000 + micros, true)
          const shown = mask(rule, 'datetime(6)', shownOf(COLUMN_TYPE.datetime, bytes))
          const binary = maskBytes(rule, 'datetime(6)', bytes, 'binary')
          const read = binary && shownOf(COLUMN_TYPE.datetime, binary)
          const full = read === null || read.includes('.') ? read : `${read}.000000`
          expect(full).toBe(shown)
        },
      ),
    )
  })
})
