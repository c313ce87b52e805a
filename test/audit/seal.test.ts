import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import {
  keyFingerprint,
  Opener,
  publicKeyOf,
  recipientProblem,
  SEALED_TEXT,
  SEALER_RANDOM_BYTES,
  Sealer,
} from '../../src/audit/seal.ts'
import { fromBase64, toBase64 } from '../../src/bytes/base64.ts'

const SECRET = new Uint8Array(32).fill(7)
const PUBLIC = publicKeyOf(SECRET)
const sealer = new Sealer(PUBLIC, randomBytes(SEALER_RANDOM_BYTES))
const opener = new Opener(SECRET)

describe('a sealer', () => {
  it('gives back any text to who holds the secret key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        const sealed = sealer.sealText(text)
        expect(sealed.match(SEALED_TEXT)).toEqual([sealed])
        expect(opener.openText(sealed)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(text)))
      }),
    )
  })

  it('names its recipient by the begin of the SHA-256 of the key', () => {
    const fingerprint = createHash('sha256').update(PUBLIC).digest('hex').slice(0, 16)
    expect(keyFingerprint(PUBLIC)).toBe(fingerprint)
    expect([sealer.recipient, opener.recipient]).toEqual([fingerprint, fingerprint])
    expect(sealer.sealText('x')).toContain(`:${fingerprint}:`)
  })

  it('makes a box that plain NaCl opens', () => {
    const sealed = sealer.seal(Buffer.from('SELECT 1'))
    const plain = nacl.box.open(sealed.slice(65), sealed.slice(41, 65), sealed.slice(9, 41), SECRET)
    expect(Buffer.from(plain ?? []).toString()).toBe('SELECT 1')
  })

  it('uses no nonce twice', () => {
    const nonces = Array.from({ length: 300 }, () => toBase64(sealer.seal(new Uint8Array(0)).slice(41, 65)))
    expect(new Set(nonces).size).toBe(300)
  })

  it('keeps no key that would open what it has sealed in what it writes', () => {
    const random = randomBytes(SEALER_RANDOM_BYTES)
    const sealed = Buffer.from(new Sealer(PUBLIC, random).seal(Buffer.from('secret text')))
    expect(sealed.includes(random.subarray(0, 32))).toBe(false)
    expect(sealed.includes('secret')).toBe(false)
  })
})

describe('a key to seal to', () => {
  const low = ['00', '01'].map((first) => Buffer.from(first.padEnd(64, '0'), 'hex'))
  // A point of order 8, of RFC 7748's list of those that give zero for any scalar.
  low.push(Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex'))

  it.each(low)('is refused where it is of low order', (key) => {
    expect(recipientProblem(key)).toContain('anybody could open')
    expect(() => new Sealer(key, randomBytes(SEALER_RANDOM_BYTES))).toThrow('anybody could open')
  })

  it('is refused where it has another length', () => {
    expect(recipientProblem(PUBLIC.slice(1))).toContain('32 bytes')
    expect(recipientProblem(PUBLIC)).toBeNull()
  })
})

describe('an opener', () => {
  it('refuses what was changed anywhere', () => {
    const sealed = sealer.seal(Buffer.from('a text'))
    for (let at = 0; at < sealed.length; at += 5) {
      const changed = sealed.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => opener.open(changed)).toThrow('the sealed text')
    }
    expect(() => opener.open(sealed.slice(0, 80))).toThrow('version 1')
    expect(() => opener.openText('sealed:1:0000000000000000:AAA')).toThrow('not whole')
  })

  it('says for which key a text is that it can not open', () => {
    expect(() => new Opener(new Uint8Array(32).fill(9)).open(sealer.seal(new Uint8Array(1)))).toThrow(sealer.recipient)
    expect(() => new Opener(new Uint8Array(31))).toThrow('32 bytes')
  })
})

describe('base64', () => {
  it('is what Node makes, and nothing else is read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
        expect(fromBase64(toBase64(bytes))).toEqual(bytes)
      }),
    )
    const large = randomBytes(100_000)
    expect(toBase64(large)).toBe(large.toString('base64'))
    for (const text of ['A', 'AA', 'AA=', 'A-==', 'AA==\n', ' AA==', 'AB==', 'AAB=', 'AAAAAB=='])
      expect(fromBase64(text)).toBeNull()
  })
})
