import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileMask } from '../../src/masking/mask.ts'
import type { FieldType, MaskRule } from '../../src/masking/rule.ts'

const key = new Uint8Array(32).fill(7)
const utf8 = new TextEncoder()
const strict = new TextDecoder('utf-8', { fatal: true })

const TEXT: FieldType = { dialect: 'postgres', typeOid: 25, format: 'text' }
const BINARY_TEXT: FieldType = { dialect: 'postgres', typeOid: 25, format: 'binary' }
const mysql = (type: number, charset: number, format: 'text' | 'binary' = 'text'): FieldType => ({
  dialect: 'mysql',
  type,
  charset,
  length: 400,
  flags: 0,
  decimals: 0,
  format,
})
const VAR_STRING = mysql(253, 255)

const RULES = {
  null: { strategy: 'null' },
  redact: { strategy: 'redact', text: 'REDACTED' },
  partial: { strategy: 'partial', keepFirst: 1, keepLast: 2, fill: '*' },
  email: { strategy: 'email' },
  hash: { strategy: 'hash', keyId: 'k1', key, length: 32 },
  token: { strategy: 'token', keyId: 'k1', key, prefix: 'tok_' },
} as const satisfies Record<string, MaskRule>

function mask(rule: MaskRule, value: string, type: FieldType = TEXT): string | null {
  const masked = compileMask(rule, type)(utf8.encode(value))
  return masked && strict.decode(masked)
}

describe('strategies on text', () => {
  it.each([
    ['alice@example.test', 'a***@***.test'],
    ['a@example.test', '***@***.test'],
    ['ürsula@example.test', 'ü***@***.test'],
    ['alice@b@example.test', '***'],
    ['call alice@example.test', '***'],
    ['alice@example', '***'],
    ['alice@.test', '***'],
    ['@example.test', '***'],
    ['alice@example.900-00-0001', '***'],
    ['', '***'],
  ])('email: %s gives %s', (value, expected) => {
    expect(mask(RULES.email, value)).toBe(expected)
  })

  it.each([
    ['4111111111111111', '4*************11'],
    ['abcd', 'a*cd'],
    ['abc', '***'],
    ['', ''],
    ['äöüß€', 'ä**ß€'],
    ['äöü', '***'],
    ['😀😀😀😀', '😀*😀😀'],
  ])('partial: %s gives %s', (value, expected) => {
    expect(mask(RULES.partial, value)).toBe(expected)
  })

  it('partial: a fill of several bytes, and bytes that are not UTF-8', () => {
    const rule: MaskRule = { strategy: 'partial', keepFirst: 0, keepLast: 1, fill: '•' }
    expect(mask(rule, 'abc')).toBe('••c')
    const masked = compileMask(RULES.partial, TEXT)(new Uint8Array([0xff, 0xfe, 0x41, 0x42]))
    expect(masked && strict.decode(masked)).toBe('****')
  })

  it('hash: HMAC-SHA-256 of RFC 4231, test case 2', () => {
    const rule: MaskRule = { strategy: 'hash', keyId: 'k', key: utf8.encode('Jefe'), length: 64 }
    expect(mask(rule, 'what do ya want for nothing?')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
    expect(mask({ ...rule, length: 7 }, 'what do ya want for nothing?')).toBe('5bdcc14')
  })

  it('token: base 32 of the first 160 bits of the same digest', () => {
    const rule: MaskRule = { strategy: 'token', keyId: 'k', key: utf8.encode('Jefe'), prefix: 't_' }
    expect(mask(rule, 'what do ya want for nothing?')).toBe('t_lpomcrv7mb2u42qeeqtarflvy5naapyi')
  })

  it.each([
    { strategy: 'hash', keyId: 'k', key, length: 0 },
    { strategy: 'hash', keyId: 'k', key, length: 65 },
    { strategy: 'hash', keyId: 'k', key: new Uint8Array(0), length: 8 },
    { strategy: 'token', keyId: 'k', key: new Uint8Array(0), prefix: '' },
    { strategy: 'partial', keepFirst: -1, keepLast: 0, fill: '*' },
  ] satisfies MaskRule[])('refuses the rule %o', (rule) => {
    expect(() => compileMask(rule, TEXT)).toThrow('SP-CONFIG')
  })
})

describe('types', () => {
  const others: readonly FieldType[] = [
    { dialect: 'postgres', typeOid: 600, format: 'binary' },
    { dialect: 'postgres', typeOid: 3904, format: 'text' },
    { dialect: 'postgres', typeOid: 16, format: 'text' },
    { dialect: 'postgres', typeOid: 99_999, format: 'text' },
    mysql(255, 63, 'binary'),
    mysql(242, 63),
    mysql(16, 63),
    mysql(7, 63),
  ]

  it.each(others)('every strategy gives NULL on %o', (type) => {
    for (const rule of Object.values(RULES)) expect(mask(rule, '1234', type)).toBeNull()
  })

  it.each([25, 1043, 1042, 19, 705])('PostgreSQL type %i is text', (typeOid) => {
    expect(mask(RULES.redact, 'x', { dialect: 'postgres', typeOid, format: 'binary' })).toBe('REDACTED')
  })

  it.each([15, 253, 254, 249, 250, 251, 252])('MySQL type %i is text unless binary', (type) => {
    expect(mask(RULES.redact, 'x', mysql(type, 45))).toBe('REDACTED')
    expect(mask(RULES.email, 'x', mysql(type, 63))).toBeNull()
  })

  it('redact in JSON is a JSON string, jsonb in binary keeps its version byte, the others are NULL', () => {
    const rule: MaskRule = { strategy: 'redact', text: 'a "b" \ud800' }
    for (const typeOid of [114, 3802]) {
      const value = mask(rule, '{}', { dialect: 'postgres', typeOid, format: 'text' })
      expect(JSON.parse(value ?? '')).toBe('a "b" \ufffd')
    }
    const binary = compileMask(rule, { dialect: 'postgres', typeOid: 3802, format: 'binary' })(
      new Uint8Array([1, 0x31]),
    )
    expect(binary?.[0]).toBe(1)
    expect(JSON.parse(strict.decode(binary?.subarray(1)))).toBe('a "b" \ufffd')
    expect(mask(rule, '{}', mysql(245, 63))).toBe(
      mask(rule, '{}', { dialect: 'postgres', typeOid: 114, format: 'text' }),
    )
    expect(mask(RULES.email, '"a@b.cd"', { dialect: 'postgres', typeOid: 114, format: 'text' })).toBeNull()
  })
})

describe.each(Object.entries(RULES))('%s, for any text', (_name, rule) => {
  const long = fc.string({ unit: 'grapheme', minLength: 4, maxLength: 40 })
  const address = fc.emailAddress()

  it('is valid UTF-8, deterministic, and the same in text and binary and in both protocols', () => {
    fc.assert(
      fc.property(fc.oneof(long, address, fc.string()), (value) => {
        const masked = mask(rule, value)
        expect(mask(rule, value)).toBe(masked)
        expect(mask(rule, value, BINARY_TEXT)).toBe(masked)
        expect(mask(rule, value, VAR_STRING)).toBe(masked)
      }),
    )
  })

  it('never holds the clear value', () => {
    fc.assert(
      fc.property(fc.oneof(long, address), (value) => {
        // A value of fill characters is its own mask, and a few hexadecimal digits may stand in any digest.
        fc.pre(!/[*]/.test(value) && !'REDACTED'.includes(value) && !/^[a-z0-9_]{1,7}$/.test(value))
        expect(mask(rule, value)?.includes(value) ?? false).toBe(false)
      }),
    )
  })

  it('never throws and stays valid UTF-8 on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const masked = compileMask(rule, TEXT)(bytes)
        if (masked) strict.decode(masked)
      }),
    )
  })
})

describe('keyed strategies', () => {
  it('are join keys: equal where the values are equal, other under another key', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        for (const rule of [RULES.token, { ...RULES.hash, length: 64 } as MaskRule]) {
          expect(mask(rule, a) === mask(rule, b)).toBe(a === b)
          expect(mask(rule, a)).not.toBe(mask({ ...rule, key: new Uint8Array(32).fill(8) } as MaskRule, a))
        }
      }),
    )
  })
})
