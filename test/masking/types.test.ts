import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileMask } from '../../src/masking/mask.ts'
import { decimalText, decodeNumeric, encodeNumeric, readDecimal } from '../../src/masking/numeric.ts'
import type { FieldType, MaskRule, UserType } from '../../src/masking/rule.ts'

const key = new Uint8Array(32).fill(7)
const utf8 = new TextEncoder()
const strict = new TextDecoder('utf-8', { fatal: true })

type Format = 'text' | 'binary'
interface More {
  readonly modifier?: number
  readonly types?: ReadonlyMap<number, UserType>
}

function field(typeOid: number, format: Format = 'text', more: More = {}): FieldType {
  return { dialect: 'postgres', typeOid, format, ...more }
}

function mask(rule: MaskRule, typeOid: number, value: string, more: More = {}): string | null {
  const masked = compileMask(rule, field(typeOid, 'text', more))(utf8.encode(value))
  return masked && strict.decode(masked)
}

function maskHex(rule: MaskRule, typeOid: number, hex: string, more: More = {}): string | null {
  const masked = compileMask(rule, field(typeOid, 'binary', more))(new Uint8Array(Buffer.from(hex, 'hex')))
  return masked && Buffer.from(masked).toString('hex')
}

const HASH: MaskRule = { strategy: 'hash', keyId: 'k', key, length: 16 }
const TOKEN: MaskRule = { strategy: 'token', keyId: 'k', key, prefix: 'tok_' }
const PARTIAL: MaskRule = { strategy: 'partial', keepFirst: 1, keepLast: 0, fill: '*' }
const REDACT: MaskRule = { strategy: 'redact', text: 'hid <den>' }
const BUCKET: MaskRule = { strategy: 'bucket', width: 10, unit: 'year' }
const MONTH: MaskRule = { strategy: 'date_trunc', unit: 'month' }
const SHIFT: MaskRule = { strategy: 'date_shift', keyId: 'k', key, maxDays: 10 }
const PATHS: MaskRule = {
  strategy: 'json_path',
  paths: [{ path: '$.a', rule: { strategy: 'redact', text: 'x' } }],
  default: 'keep',
}
const RULES = [
  { strategy: 'null' },
  { strategy: 'email' },
  HASH,
  TOKEN,
  PARTIAL,
  REDACT,
  BUCKET,
  MONTH,
  SHIFT,
  PATHS,
] as const

describe('the room of a type', () => {
  it.each<[MaskRule, number, number, string, string]>([
    [PARTIAL, 1043, 7, 'abcdef', 'a**'],
    [PARTIAL, 1042, 9, 'ab   ', 'a*   '],
    [PARTIAL, 1042, -1, 'ab   ', 'a*'],
    [REDACT, 1043, 7, 'x', 'hid'],
    [REDACT, 1042, 16, 'x', 'hid <den>   '],
    [{ strategy: 'redact', text: 'é'.repeat(40) }, 19, -1, 'x', 'é'.repeat(31)],
    [{ ...PARTIAL, fill: '•' }, 1043, 7, 'äöüß', 'ä••'],
  ])('%o on type %i(%i): %s gives %s', (rule, oid, modifier, value, expected) => {
    expect(mask(rule, oid, value, { modifier })).toBe(expected)
  })

  it('a token without room for its prefix is the digest alone, and joins char(n) with text', () => {
    expect(mask(TOKEN, 1043, 'v', { modifier: 14 })).toBe(mask(TOKEN, 25, 'v')?.slice(4, 14))
    expect(mask(TOKEN, 1042, 'v    ', { modifier: 104 })?.trimEnd()).toBe(mask(TOKEN, 25, 'v'))
  })
})

describe('numbers', () => {
  it.each<[number, string, string | null]>([
    [23, '123', '120'],
    [23, '-1', '-10'],
    [23, '0', '0'],
    [23, '-2147483648', null],
    [20, '9223372036854775807', '9223372036854775800'],
    [1700, '12.345', '10.000'],
    [1700, '-0.5', '-10.0'],
    [1700, 'NaN', null],
    [1700, '-Infinity', null],
    [701, '1234567890123456.7', '1.23456789012345e+15'],
    [701, '-0', '0'],
    [700, '12345678', '1.234567e+07'],
    [701, 'Infinity', null],
    [1082, '2024-05-17', '2024-01-01'],
    [790, '$12.34', null],
    [25, '123', null],
  ])('bucket of type %i: %s gives %s', (oid, value, expected) => {
    expect(mask(BUCKET, oid, value)).toBe(expected)
  })

  it('bucket keeps to the precision of numeric', () => {
    const wide: MaskRule = { strategy: 'bucket', width: 1000, unit: null }
    const modifier = 4 + ((3 << 16) | 0)
    expect(mask(wide, 1700, '-999', { modifier })).toBeNull()
    expect(mask(wide, 1700, '999', { modifier })).toBe('0')
  })

  it('hash and token are numbers of the type, equal for equal numbers in both formats', () => {
    expect(Number(mask(TOKEN, 23, '17'))).toBe(Number.parseInt(maskHex(TOKEN, 23, '00000011') ?? '', 16))
    expect(mask(TOKEN, 1700, '1.50')).toBe(mask(TOKEN, 1700, '1.5'))
    expect(mask(TOKEN, 1700, '1', { modifier: 4 + ((5 << 16) | 2) })).toMatch(/^\d{1,3}\.00$/)
    expect(mask(TOKEN, 23, '17')).not.toBe(mask({ ...TOKEN, scope: 'other' }, 23, '17'))
    expect(mask(TOKEN, 701, '17')).toBeNull()
  })

  it('numeric in binary is read and written as it was', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat({ max: 30 }), (value, scale) => {
        const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
        const whole = digits.slice(0, digits.length - scale)
        const text = `${value < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`
        const decimal = readDecimal(text)!
        expect(decimalText(decodeNumeric(encodeNumeric(decimal))!)).toBe(text)
      }),
    )
  })
})

describe('dates', () => {
  it.each<[MaskRule, number, string, string | null]>([
    [MONTH, 1082, '2024-05-17', '2024-05-01'],
    [{ strategy: 'date_trunc', unit: 'week' }, 1082, '2024-05-19', '2024-05-13'],
    [{ strategy: 'date_trunc', unit: 'quarter' }, 1082, '2024-06-30', '2024-04-01'],
    [{ strategy: 'date_trunc', unit: 'day' }, 1082, '2024-05-17', null],
    [{ strategy: 'date_trunc', unit: 'hour' }, 1114, '2024-05-17 13:14:15.5', '2024-05-17 13:00:00'],
    [MONTH, 1184, '2024-05-01 01:00:00+02', '2024-04-01 00:00:00+00'],
    [MONTH, 1082, '17/05/2024', null],
    [MONTH, 1082, 'infinity', null],
    [MONTH, 1082, '0044-03-15 BC', null],
    [MONTH, 1082, '2024-13-01', null],
    [MONTH, 1083, '13:14:15', null],
    [MONTH, 25, '2024-05-17', null],
    [SHIFT, 1083, '13:14:15', null],
  ])('%o of type %i: %s gives %s', (rule, oid, value, expected) => {
    expect(mask(rule, oid, value)).toBe(expected)
  })

  it('date_shift moves by 1 to maxDays days, alike for like values and in both formats', () => {
    const day = 86_400_000
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20_000 }), (days) => {
        const clear = new Date(days * day).toISOString().slice(0, 10)
        const shown = mask(SHIFT, 1082, clear)!
        const moved = Math.abs(Date.parse(shown) - Date.parse(clear)) / day
        expect(moved).toBeGreaterThanOrEqual(1)
        expect(moved).toBeLessThanOrEqual(10)
        const bytes = new DataView(new ArrayBuffer(4))
        bytes.setInt32(0, days - 10_957)
        const binary = compileMask(SHIFT, field(1082, 'binary'))(new Uint8Array(bytes.buffer))!
        expect(new DataView(binary.buffer).getInt32(0)).toBe(Date.parse(shown) / day - 10_957)
        const precise = mask(SHIFT, 1114, `${clear} 12:34:56.789`, { modifier: 0 })!
        expect(precise).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
      }),
    )
  })
})

describe('other types', () => {
  it.each<[MaskRule, number, string, string | RegExp | null]>([
    [
      TOKEN,
      2950,
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    ],
    [TOKEN, 2950, 'A0EEBC99', null],
    [HASH, 17, '\\x00ff', /^\\x[0-9a-f]{16}$/],
    [REDACT, 17, '\\x00ff', '\\x'],
    [REDACT, 142, '<a/>', 'hid &lt;den&gt;'],
    [REDACT, 16, 't', null],
    [REDACT, 1009, '{a,b}', '{"hid <den>"}'],
    [REDACT, 1007, '{1}', null],
    [HASH, 3802, '{"a": 1}', /^"[0-9a-f]{16}"$/],
    [PARTIAL, 3802, '"abc"', null],
    [PARTIAL, 869, '10.0.0.1', null],
    [PARTIAL, 1560, '101', null],
    [TOKEN, 16, 't', null],
  ])('%o of type %i: %s gives %s', (rule, oid, value, expected) => {
    const shown = mask(rule, oid, value)
    if (expected instanceof RegExp) expect(shown).toMatch(expected)
    else expect(shown).toBe(expected)
  })

  it('bytea digests alike in hex, escape and binary', () => {
    const binary = maskHex(HASH, 17, '005c41')
    expect(mask(HASH, 17, '\\x005c41')).toBe(`\\x${binary}`)
    expect(mask(HASH, 17, '\\000\\\\A')).toBe(`\\x${binary}`)
    expect(mask(HASH, 17, '\\9')).toBeNull()
  })

  it('types that are not built in: citext, domains in arrays, and nothing else', () => {
    const type = (kind: UserType['kind'], over: Partial<UserType> = {}): UserType => ({
      schema: 's',
      name: 'n',
      kind,
      base: 0,
      element: 0,
      ...over,
    })
    const types = new Map([
      [20_000, type('base', { name: 'citext' })],
      [20_001, type('array', { element: 20_000 })],
      [20_002, type('domain', { base: 1043 })],
      [20_003, type('array', { element: 20_002 })],
      [20_004, type('enum', { name: 'citext' })],
      [20_005, type('composite')],
      [20_006, type('domain', { base: 20_006 })],
    ])
    expect(mask(PARTIAL, 20_000, 'Abc', { types })).toBe('A**')
    expect(mask(PARTIAL, 20_001, '{Abc,"d e"}', { types })).toBe('{A**,d**}')
    expect(mask(PARTIAL, 20_003, '{Abc,NULL}', { types })).toBe('{A**,NULL}')
    for (const oid of [20_004, 20_005, 20_006, 20_007]) expect(mask(PARTIAL, oid, 'abc', { types })).toBeNull()
    expect(mask(PARTIAL, 20_000, 'abc')).toBeNull()
  })
})

describe('arrays', () => {
  it.each<[string, string | null]>([
    ['{}', '{}'],
    ['{abc,NULL,"NULL",""}', '{a**,NULL,N***,""}'],
    ['[2:3]={ab,cd}', '[2:3]={a*,c*}'],
    ['{{ab,"c,d"},{"e\\"f","g\\\\h"}}', '{{a*,c**},{e**,g**}}'],
    ['{"{x","}"}', '{"{*",*}'],
    ['{ab', null],
    ['{ab}}', null],
    ['{ab,}', null],
    ['{ab cd}', null],
    ['{"ab}', null],
    ['ab', null],
    ['', null],
    ['{,}', null],
    ['{ab}x', null],
    ['{{{{{{{ab}}}}}}}', null],
  ])('text: %s gives %s', (value, expected) => {
    expect(mask(PARTIAL, 1009, value)).toBe(expected)
  })

  it('binary: elements, NULL and bounds', () => {
    const int4 = '0000000100000001000000170000000300000002'
    const masked = maskHex(BUCKET, 1007, `${int4}000000040000000fffffffff0000000400000063`)
    expect(masked).toBe(`${int4}000000040000000affffffff000000040000005a`)
    expect(maskHex(BUCKET, 1007, '000000000000000000000017')).toBe('000000000000000000000017')
    expect(maskHex(BUCKET, 1007, '000000000000000000000019')).toBeNull()
    expect(maskHex(BUCKET, 1007, `${int4.replace('00000003', '7fffffff')}`)).toBeNull()
    expect(maskHex(BUCKET, 1016, `${int4}`)).toBeNull()
  })

  it('nothing is told of an array whose elements have no mask', () => {
    expect(mask(PARTIAL, 1007, '{1,2}')).toBeNull()
    expect(mask(PARTIAL, 1000, '{t,f}')).toBeNull()
  })
})

const ALL_OIDS = [
  16, 17, 18, 19, 20, 21, 23, 25, 114, 142, 143, 199, 600, 650, 700, 701, 790, 829, 869, 1001, 1003, 1005, 1007, 1009,
  1014, 1015, 1016, 1021, 1022, 1042, 1043, 1082, 1083, 1114, 1115, 1182, 1184, 1185, 1186, 1231, 1266, 1560, 1562,
  1700, 2249, 2950, 2951, 3614, 3802, 3807, 3904, 4451,
]

describe('any bytes under any rule, type and format', () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.string({ unit: 'binary', maxLength: 30 }).map((text) => utf8.encode(text)),
    fc
      .array(
        fc.constantFrom(
          '{',
          '}',
          '"',
          '\\',
          ',',
          '[1:2]=',
          'NULL',
          'ab',
          ' ',
          '1',
          '-',
          ':',
          '[',
          ']',
          '.',
          'e+5',
          '{"a":',
        ),
        { maxLength: 12 },
      )
      .map((parts) => utf8.encode(parts.join(''))),
    fc
      .tuple(fc.constantFrom(0, 1, 2, 6, 7), fc.constantFrom(17, 23, 25, 1700, 1082), fc.uint8Array({ maxLength: 48 }))
      .map(([depth, oid, rest]) => {
        const bytes = new Uint8Array(12 + rest.length)
        new DataView(bytes.buffer).setInt32(0, depth)
        new DataView(bytes.buffer).setInt32(8, oid)
        bytes.set(rest, 12)
        return bytes
      }),
    fc
      .tuple(
        fc.nat({ max: 6 }),
        fc.integer({ min: -5, max: 300 }),
        fc.constantFrom(0, 0x4000, 0xc000),
        fc.nat({ max: 40 }),
      )
      .map(([count, weight, sign, scale]) => {
        const view = new DataView(new ArrayBuffer(8 + 2 * count))
        for (const [index, word] of [count, weight, sign, scale].entries()) view.setInt16(2 * index, word)
        return new Uint8Array(view.buffer)
      }),
  )

  it('give a mask or NULL, and never throw', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...RULES),
        fc.constantFrom(...ALL_OIDS),
        fc.constantFrom('text', 'binary'),
        fc.constantFrom(-1, 5, 262_150),
        anything,
        (rule, oid, format, modifier, bytes) => {
          const masked = compileMask(rule, field(oid, format, { modifier }))(bytes)
          if (masked && format === 'text') strict.decode(masked)
        },
      ),
      { numRuns: 5000 },
    )
  })

  it('long values are no trouble', () => {
    const long = 'x'.repeat(3_000_000)
    expect(mask(PARTIAL, 25, long)).toBeNull()
    expect(mask(PARTIAL, 1009, `{"${long}"}`)).toBe('{NULL}')
    expect(mask(PATHS, 114, `{"a":"${long}"}`)).toBe('{"a": "x"}')
    expect(mask(PATHS, 114, '['.repeat(100_000))).toBeNull()
    expect(mask(BUCKET, 1700, '9'.repeat(100_000))).toBeNull()
  })
})
