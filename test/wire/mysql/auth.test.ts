import { createHash, generateKeyPairSync, privateDecrypt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { cachingSha2Answer, cachingSha2Encrypted } from '../../../src/wire/mysql/auth/caching-sha2.ts'
import { clearPasswordAnswer, readClearPassword } from '../../../src/wire/mysql/auth/clear-password.ts'
import { nativePasswordAnswer } from '../../../src/wire/mysql/auth/native-password.ts'
import { openidAnswer, readOpenidToken } from '../../../src/wire/mysql/auth/openid-connect.ts'
import { hex, join, SCRAMBLE, text, toHex } from './samples.ts'

const digest = (algorithm: string, ...parts: Uint8Array[]) => createHash(algorithm).update(join(parts)).digest()
const xored = (a: Uint8Array, b: Uint8Array) => a.map((byte, i) => byte ^ b[i]!)

describe('answers to a scramble', () => {
  // Computed apart from this code: hashlib of Python by the formulas of the two plugins.
  it('mysql_native_password', () => {
    expect(toHex(nativePasswordAnswer('secret', SCRAMBLE))).toBe('8817c50fa779daef010ee7577825b0847df9842e')
    expect(nativePasswordAnswer('', SCRAMBLE).length).toBe(0)
  })

  it('caching_sha2_password', () => {
    expect(toHex(cachingSha2Answer('secret', SCRAMBLE))).toBe(
      'c76e2898612a4cf042c77fa8c4702c4c64c0c2c557c53c4d75595aaa6abae809',
    )
    expect(cachingSha2Answer('', SCRAMBLE).length).toBe(0)
  })

  it('are what a server can check with the hash it stores', () => {
    const stored = digest('sha1', digest('sha1', text('pässword')))
    const answer = nativePasswordAnswer('pässword', SCRAMBLE)
    const once = xored(answer, digest('sha1', SCRAMBLE, stored))
    expect(toHex(digest('sha1', once))).toBe(toHex(stored))
  })
})

describe('passwords in clear', () => {
  it('end with a NUL and hold none', () => {
    expect(toHex(clearPasswordAnswer('pw'))).toBe('707700')
    expect(readClearPassword(hex('707700'))).toBe('pw')
    expect(readClearPassword(hex('00'))).toBe('')
    for (const bad of ['7077', '', '70007700', 'ff00', '707700 00'])
      expect(() => readClearPassword(hex(bad))).toThrow(/SP-PROTOCOL/)
    expect(() => clearPasswordAnswer('a\0b')).toThrow(/NUL/)
  })

  it('go under the RSA key without TLS', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const password = 'longer than the twenty bytes of a scramble'
    const plain = privateDecrypt({ key: privateKey, oaepHash: 'sha1' }, cachingSha2Encrypted(password, SCRAMBLE, pem))
    expect(toHex(plain.map((byte, i) => byte ^ SCRAMBLE[i % 20]!))).toBe(toHex(text(`${password}\0`)))
    expect(() => cachingSha2Encrypted('x', SCRAMBLE, 'no key')).toThrow(/SP-PROTOCOL/)
    expect(() => cachingSha2Encrypted('x'.repeat(300), SCRAMBLE, pem)).toThrow(/SP-PROTOCOL/)
  })

  it('a token of OpenID Connect has a length of its own', () => {
    const token = 'e'.repeat(2400)
    expect(readOpenidToken(openidAnswer(token))).toBe(token)
    expect(() => readOpenidToken(hex('02 01 61'))).toThrow(/SP-UNSUPPORTED/)
    expect(() => readOpenidToken(hex('01 01 61 62'))).toThrow(/SP-PROTOCOL/)
  })
})
