import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { md5Password } from '../../../src/wire/postgres/auth/md5.ts'
import { saslPrep } from '../../../src/wire/postgres/auth/saslprep.ts'
import {
  answerScram,
  chooseScram,
  finishScram,
  type ScramBinding,
  startScram,
} from '../../../src/wire/postgres/auth/scram.ts'
import { text } from './samples.ts'

const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const hash = new Uint8Array(32).fill(7)

/** RFC 7677 section 3. */
const RFC = {
  nonce: 'rOprNGfwEbeRWgbNEkqO',
  serverFirst: text('r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'),
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: text('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='),
}

describe('SCRAM-SHA-256', () => {
  it('follows the exchange of RFC 7677', () => {
    const first = startScram('user', RFC.nonce, { kind: 'none' })
    expect(decoded(first.message)).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')
    const answer = answerScram(first.state, RFC.serverFirst, 'pencil')
    expect(decoded(answer.message)).toBe(RFC.clientFinal)
    finishScram(answer.state, RFC.serverFinal)
    expect(() => finishScram(answer.state, text(`v=${'A'.repeat(43)}=`))).toThrow(/SP-UPSTREAM/)
    expect(() => finishScram(answer.state, text('v=AAAA'))).toThrow(/SP-UPSTREAM/)
    expect(() => finishScram(answer.state, text('e=invalid-proof'))).toThrow(/SP-UPSTREAM/)
    expect(() => finishScram(answer.state, text(''))).toThrow(/SP-PROTOCOL/)
  })

  it('escapes the user name', () => {
    expect(decoded(startScram('a=b,c', 'n', { kind: 'none' }).message)).toBe('n,,n=a=3Db=2Cc,r=n')
  })

  it.each([
    ['a nonce that is not ours', 'r=other,s=QQ==,i=1'],
    ['our nonce with nothing added', `r=${RFC.nonce},s=QQ==,i=1`],
    ['a nonce beyond measure', `r=${RFC.nonce}${'x'.repeat(257)},s=QQ==,i=1`],
    ['a nonce that is not printable', `r=${RFC.nonce}\u0001,s=QQ==,i=1`],
    ['no salt', `r=${RFC.nonce}x,s=,i=1`],
    ['a salt that is not base64', `r=${RFC.nonce}x,s=Q,i=1`],
    ['a salt beyond measure', `r=${RFC.nonce}x,s=${'QUFB'.repeat(257)},i=1`],
    ['no iterations', `r=${RFC.nonce}x,s=QQ==,i=0`],
    ['too many iterations', `r=${RFC.nonce}x,s=QQ==,i=600001`],
    ['iterations with more digits than a number holds', `r=${RFC.nonce}x,s=QQ==,i=99999999999`],
    ['a mandatory extension', `m=x,r=${RFC.nonce}x,s=QQ==,i=1`],
    ['an extension at the end', `r=${RFC.nonce}x,s=QQ==,i=1,x=y`],
  ])('refuses %s', (_, serverFirst) => {
    const { state } = startScram('', RFC.nonce, { kind: 'none' })
    expect(() => answerScram(state, text(serverFirst), 'pencil')).toThrow(/SP-PROTOCOL/)
  })

  it('refuses a nonce of its own with a comma', () => {
    expect(() => startScram('', 'a,b', { kind: 'none' })).toThrow(/SP-INTERNAL/)
  })

  it.each<[string, ScramBinding, string]>([
    ['without TLS', { kind: 'none' }, 'n,,'],
    ['when the server does not offer it', { kind: 'unoffered' }, 'y,,'],
    ['to the certificate', { kind: 'tlsServerEndPoint', hash }, 'p=tls-server-end-point,,'],
  ])('binds the channel %s', (_, binding, header) => {
    const first = startScram('', 'abc', binding)
    expect(decoded(first.message)).toBe(`${header}n=,r=abc`)
    const answer = answerScram(first.state, text('r=abcdef,s=QQ==,i=2'), 'pencil')
    const input = Buffer.concat([Buffer.from(header), binding.kind === 'tlsServerEndPoint' ? hash : Buffer.alloc(0)])
    const withoutProof = `c=${input.toString('base64')},r=abcdef`
    expect(decoded(answer.message)).toMatch(new RegExp(`^${withoutProof.replaceAll('+', '\\+')},p=[A-Za-z0-9+/]{43}=$`))

    // The server's side of RFC 5802 section 3: recover the client key from the proof, compare with the stored key.
    const salted = pbkdf2Sync('pencil', 'A', 2, 32, 'sha256')
    const keyed = (key: Uint8Array, data: string) => createHmac('sha256', key).update(data).digest()
    const stored = createHash('sha256').update(keyed(salted, 'Client Key')).digest()
    const authMessage = `n=,r=abc,r=abcdef,s=QQ==,i=2,${withoutProof}`
    const signature = keyed(stored, authMessage)
    const proof = Buffer.from(decoded(answer.message).split(',p=')[1]!, 'base64')
    const clientKey = proof.map((byte, i) => byte ^ signature[i]!)
    expect(createHash('sha256').update(clientKey).digest('hex')).toBe(stored.toString('hex'))
    finishScram(answer.state, text(`v=${keyed(keyed(salted, 'Server Key'), authMessage).toString('base64')}`))
  })

  it('chooses the strongest mechanism', () => {
    const both = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']
    expect(chooseScram(both, hash)).toEqual({
      mechanism: 'SCRAM-SHA-256-PLUS',
      binding: { kind: 'tlsServerEndPoint', hash },
    })
    expect(chooseScram(both, null)).toEqual({ mechanism: 'SCRAM-SHA-256', binding: { kind: 'none' } })
    expect(chooseScram(['SCRAM-SHA-256'], hash)).toEqual({ mechanism: 'SCRAM-SHA-256', binding: { kind: 'unoffered' } })
    expect(() => chooseScram(['OAUTHBEARER'], hash)).toThrow(/SP-UNSUPPORTED/)
    expect(() => chooseScram(['SCRAM-SHA-256-PLUS'], null)).toThrow(/SP-UNSUPPORTED/)
  })
})

describe('SASLprep', () => {
  it.each([
    ['I\u00adX', 'IX'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['a\u00a0b', 'a b'],
    ['user', 'user'],
    ['\u0007', '\u0007'],
    ['\u2168\u0007', '\u2168\u0007'],
    ['\u00ad', '\u00ad'],
  ])('%j becomes %j (RFC 4013 section 3; prohibited stays)', (password, prepared) => {
    expect(saslPrep(password)).toBe(prepared)
  })
})

describe('md5', () => {
  it('hashes the password with the user, then with the salt', () => {
    const inner = createHash('md5').update('pencilalice').digest('hex')
    const outer = createHash('md5')
      .update(Buffer.concat([Buffer.from(inner), Buffer.from([1, 2, 3, 4])]))
      .digest('hex')
    expect(md5Password('alice', 'pencil', Uint8Array.of(1, 2, 3, 4))).toBe(`md5${outer}`)
  })
})
