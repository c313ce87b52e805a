import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  makeConnectionPassword,
  passwordDigest,
  passwordForm,
  saltOfVerifier,
} from '../../src/session/connection_password.ts'
import { cachingSha2Answer, cachingSha2Fits } from '../../src/wire/mysql/auth/caching-sha2.ts'

const SALT = new Uint8Array(16).fill(3)
const SCRAMBLE = new Uint8Array(20).fill(65)
const twenty = fc.uint8Array({ minLength: 20, maxLength: 20 })

describe('a connection password', () => {
  it('fits every password field, URL and shell, and names itself', () => {
    fc.assert(
      fc.property(twenty, (random) => {
        const { password, digest } = makeConnectionPassword(random, SALT)
        expect(password).toMatch(/^sp_[a-z2-7]{38}$/)
        expect(passwordForm(password)).toBe('whole')
        expect(passwordDigest(password)).toBe(digest)
      }),
      { numRuns: 20 },
    )
  })

  it('tells every slip of one character', () => {
    const { password } = makeConnectionPassword(new Uint8Array(20).fill(200), SALT)
    for (let at = 3; at < password.length; at++) {
      const other = password[at] === 'a' ? 'b' : 'a'
      expect(passwordForm(password.slice(0, at) + other + password.slice(at + 1))).toBe('mistyped')
    }
    for (const slip of ['sp_', `${password}a`, password.slice(0, -1), password.toUpperCase().replace('SP', 'sp')]) {
      expect(passwordForm(slip)).toBe('mistyped')
    }
    expect(passwordForm('eyJhbGciOiJSUzI1NiJ9.e30.c2ln')).toBe('other')
  })

  it('is verified by each of the ways that clients show it', () => {
    const { password, sha2, scram } = makeConnectionPassword(new Uint8Array(20).fill(1), SALT)
    const stored = Buffer.from(sha2, 'hex')
    expect(cachingSha2Fits(cachingSha2Answer(password, SCRAMBLE), SCRAMBLE, stored)).toBe(true)
    expect(cachingSha2Fits(cachingSha2Answer(`${password}x`, SCRAMBLE), SCRAMBLE, stored)).toBe(false)
    expect(cachingSha2Fits(cachingSha2Answer(password, new Uint8Array(20)), SCRAMBLE, stored)).toBe(false)
    expect(cachingSha2Fits(new Uint8Array(0), SCRAMBLE, stored)).toBe(false)
    expect(saltOfVerifier(scram)).toEqual(SALT)
    expect(saltOfVerifier('md5')).toBeNull()
    const once = createHash('sha256').update(password).digest()
    expect(sha2).toBe(createHash('sha256').update(once).digest('hex'))
  })

  it('is not made of too little', () => {
    expect(() => makeConnectionPassword(new Uint8Array(19), SALT)).toThrow(/SP-INTERNAL/)
    expect(() => makeConnectionPassword(new Uint8Array(20), new Uint8Array(8))).toThrow(/SP-INTERNAL/)
  })
})
