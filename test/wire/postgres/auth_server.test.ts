import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SallyportError } from '../../../src/errors.ts'
import { expectOauthEnd, oauthChallenge, readOauthInitial } from '../../../src/wire/postgres/auth/oauth_bearer.ts'
import { answerScram, finishScram, type ScramBinding, startScram } from '../../../src/wire/postgres/auth/scram.ts'
import {
  challengeScram,
  greetScram,
  judgeScram,
  type ScramOffer,
  scramMechanisms,
} from '../../../src/wire/postgres/auth/scram_server.ts'
import { mockVerifier, readScramVerifier, scramVerifier } from '../../../src/wire/postgres/auth/scram_verifier.ts'
import { text } from './samples.ts'

const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const HASH = new Uint8Array(32).fill(7)
const OFFER: ScramOffer = { endPoint: HASH }
const NO_OFFER: ScramOffer = { endPoint: null }
const SALT = new Uint8Array(16).fill(9)
const PLAIN = 'SCRAM-SHA-256'
const PLUS = 'SCRAM-SHA-256-PLUS'

function verifierOf(password: string, salt = SALT) {
  const read = readScramVerifier(scramVerifier(password, salt))
  if (!read) throw new Error('no verifier')
  return read
}

/** Our client against our server: the verifier that fitted, after the client has checked the server. */
function exchange(password: string, verifiers: readonly ReturnType<typeof verifierOf>[], binding: ScramBinding) {
  const mechanism = binding.kind === 'tlsServerEndPoint' ? PLUS : PLAIN
  const first = startScram('', 'client-nonce', binding)
  const greeted = greetScram(mechanism, first.message, binding.kind === 'unoffered' ? NO_OFFER : OFFER)
  const challenged = challengeScram(greeted, 'server-nonce', { salt: SALT, iterations: 4096 })
  const answer = answerScram(first.state, text(challenged.serverFirst), password)
  const judged = judgeScram(challenged, answer.message, verifiers)
  if (judged) finishScram(answer.state, judged.message)
  return judged?.verifier ?? null
}

describe('SCRAM-SHA-256, the side of a server', () => {
  it('follows the exchange of RFC 7677', () => {
    const salt = Uint8Array.from(atob('W22ZaJ0SNY7soEsUEjb6gQ=='), (char) => char.charCodeAt(0))
    const greeted = greetScram(PLAIN, text('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'), NO_OFFER)
    const challenged = challengeScram(greeted, '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0', { salt, iterations: 4096 })
    expect(challenged.serverFirst).toBe(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    )
    const final =
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='
    const judged = judgeScram(challenged, text(final), [verifierOf('pencil', salt)])
    expect(decoded(judged?.message as Uint8Array)).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
  })

  it.each<[ScramBinding]>([[{ kind: 'none' }], [{ kind: 'unoffered' }], [{ kind: 'tlsServerEndPoint', hash: HASH }]])(
    'finds which of several passwords was meant, channel binding %o',
    (binding) => {
      const [one, two] = [verifierOf('one'), verifierOf('two')]
      expect(exchange('two', [one, two], binding)).toBe(two)
      expect(exchange('one', [one, two], binding)).toBe(one)
      expect(exchange('three', [one, two], binding)).toBeNull()
      expect(exchange('one', [], binding)).toBeNull()
    },
  )

  it('offers channel binding where the certificate has a hash', () => {
    expect(scramMechanisms(OFFER)).toEqual([PLUS, PLAIN])
    expect(scramMechanisms(NO_OFFER)).toEqual([PLAIN])
  })

  it.each<[string, string, string, ScramOffer, RegExp]>([
    ['a mechanism that is not offered', 'SCRAM-SHA-1', 'n,,n=,r=a', OFFER, /not offered/],
    ['PLUS that is not offered', PLUS, 'p=tls-server-end-point,,n=,r=a', NO_OFFER, /not offered/],
    ['PLUS without binding', PLUS, 'n,,n=,r=a', OFFER, /without its channel binding/],
    ['PLUS with another binding', PLUS, 'p=tls-unique,,n=,r=a', OFFER, /without its channel binding/],
    ['a binding without PLUS', PLAIN, 'p=tls-server-end-point,,n=,r=a', OFFER, /without SCRAM-SHA-256-PLUS/],
    ['an offer that was stripped on the way', PLAIN, 'y,,n=,r=a', OFFER, /did not reach/],
    ['an authorization identity', PLAIN, 'n,a=bob,n=,r=a', OFFER, /SP-UNSUPPORTED/],
    ['a mandatory extension', PLAIN, 'n,,m=x,n=,r=a', OFFER, /malformed/],
    ['no nonce', PLAIN, 'n,,n=,r=', OFFER, /malformed/],
    ['a nonce that is not printable', PLAIN, 'n,,n=,r=a\u0007', OFFER, /nonce/],
    ['a nonce beyond measure', PLAIN, `n,,n=,r=${'a'.repeat(257)}`, OFFER, /nonce/],
    ['nothing', PLAIN, '', OFFER, /malformed/],
  ])('refuses %s', (_what, mechanism, data, offer, why) => {
    expect(() => greetScram(mechanism, text(data), offer)).toThrow(why)
  })

  it.each<[string, (final: string) => string, RegExp]>([
    ['another nonce', (final) => final.replace('r=abc', 'r=abd'), /not ours/],
    ['the client nonce alone', (final) => final.replace('abcserver', 'abc'), /not ours/],
    ['another header', (final) => final.replace('c=biws', 'c=eSws'), /another channel/],
    ['no proof', (final) => final.replace(/,p=.*/, ''), /malformed/],
    ['something after the proof', (final) => `${final},x=y`, /malformed/],
    ['two proofs', (final) => `${final},p=AAAA`, /malformed/],
    ['a short proof', (final) => final.replace(/,p=.*/, ',p=AAAA'), /length/],
    ['a proof that is not base64', (final) => final.replace(/,p=.*/, ',p=?'), /base64/],
  ])('refuses a final message with %s', (_what, spoil, why) => {
    const first = startScram('', 'abc', { kind: 'none' })
    const challenged = challengeScram(greetScram(PLAIN, first.message, OFFER), 'server', verifierOf('one'))
    const { message } = answerScram(first.state, text(challenged.serverFirst), 'one')
    expect(() => judgeScram(challenged, text(spoil(decoded(message))), [verifierOf('one')])).toThrow(why)
  })

  it('signs what a client says beside, so that nobody can change it', () => {
    const first = startScram('', 'abc', { kind: 'none' })
    const challenged = challengeScram(greetScram(PLAIN, first.message, OFFER), 'server', verifierOf('one'))
    const { message } = answerScram(first.state, text(challenged.serverFirst), 'one')
    const extended = decoded(message).replace(',p=', ',x=y,p=')
    expect(judgeScram(challenged, text(extended), [verifierOf('one')])).toBeNull()
  })

  it('gives a stranger the same salt every time, and another one to another', () => {
    const key = new Uint8Array(32).fill(1)
    expect(mockVerifier(key, 'alice/db')).toEqual(mockVerifier(key, 'alice/db'))
    expect(mockVerifier(key, 'bob/db').salt).not.toEqual(mockVerifier(key, 'alice/db').salt)
    expect(mockVerifier(key, 'alice/db').salt).toHaveLength(SALT.length)
    expect(exchange('any', [mockVerifier(key, 'alice/db')], { kind: 'none' })).toBeNull()
  })

  it.each(['', 'md5abc', 'SCRAM-SHA-256$0:QQ==$QQ==:QQ==', 'SCRAM-SHA-256$4096:QQ==$short:short'])(
    'takes %j for no verifier',
    (stored) => {
      expect(readScramVerifier(stored)).toBeNull()
    },
  )
})

describe('OAUTHBEARER', () => {
  const initial = (message: string) => readOauthInitial(text(message))

  it('takes a token, in every form that RFC 7628 allows', () => {
    const token = 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln'
    const found = { kind: 'token', token }
    expect(initial(`n,,\x01auth=Bearer ${token}\x01\x01`)).toEqual(found)
    expect(initial(`y,,\x01auth=bEARER  ${token}\x01\x01`)).toEqual(found)
    expect(initial(`n,,\x01host=db.example.test\x01port=5432\x01auth=Bearer ${token}\x01\x01`)).toEqual(found)
  })

  it('knows a request for discovery', () => {
    expect(initial('n,,\x01auth=\x01\x01')).toEqual({ kind: 'discovery' })
  })

  it.each<[string, string, RegExp]>([
    ['a channel binding', 'p=tls-server-end-point,,\x01auth=Bearer t\x01\x01', /channel binding/],
    ['an authorization identity', 'n,a=bob,\x01auth=Bearer t\x01\x01', /SP-UNSUPPORTED/],
    ['auth twice', 'n,,\x01auth=Bearer t\x01auth=Bearer t\x01\x01', /twice/],
    ['an empty auth and one more', 'n,,\x01auth=\x01auth=Bearer t\x01\x01', /twice/],
    ['no auth', 'n,,\x01host=x\x01\x01', /no auth/],
    ['no pairs', 'n,,\x01\x01', /no auth/],
    ['something after the end', 'n,,\x01auth=Bearer t\x01\x01x', /malformed/],
    ['no end', 'n,,\x01auth=Bearer t\x01', /malformed/],
    ['another scheme', 'n,,\x01auth=Basic dDp0\x01\x01', /other than a bearer/],
    ['a token with a space', 'n,,\x01auth=Bearer a b\x01\x01', /other than a bearer/],
    ['an empty token', 'n,,\x01auth=Bearer \x01\x01', /other than a bearer/],
    ['a pair without a value', 'n,,\x01auth\x01\x01', /malformed/],
    ['a value that no value may hold', 'n,,\x01auth=Bearer t\x01x=\x02\x01\x01', /malformed/],
    ['no header', '\x01auth=Bearer t\x01\x01', /malformed/],
    ['nothing', '', /malformed/],
  ])('refuses %s', (_what, message, why) => {
    expect(() => initial(message)).toThrow(why)
  })

  it('tells where a token is to be had, without doubling a slash', () => {
    expect(JSON.parse(decoded(oauthChallenge('https://idp.example.test/', ['openid', 'email'])))).toEqual({
      status: 'invalid_token',
      'openid-configuration': 'https://idp.example.test/.well-known/openid-configuration',
      scope: 'openid email',
    })
  })

  it('ends with one byte', () => {
    expectOauthEnd(Uint8Array.of(1))
    for (const bytes of [[], [0], [1, 1]]) expect(() => expectOauthEnd(Uint8Array.from(bytes))).toThrow(/SP-PROTOCOL/)
  })
})

describe('whatever is sent', () => {
  const pieces = fc.constantFrom(...'n,y,p=,a=,r=,c=,m=,auth=,Bearer ,biws,abc,\x01,=,abcserver,p=AAAA'.split(','), ',')
  const messages = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((parts) => text(parts.join(''))),
    fc.uint8Array({ maxLength: 200 }),
  )
  const orRefused = (attempt: () => unknown): void => {
    try {
      attempt()
    } catch (error) {
      if (!(error instanceof SallyportError)) throw error
    }
  }

  it('is read or refused', () => {
    const challenged = challengeScram(greetScram(PLAIN, text('n,,n=,r=abc'), OFFER), 'server', verifierOf('one'))
    const verifiers = [verifierOf('one')]
    fc.assert(
      fc.property(messages, (data) => {
        orRefused(() => greetScram(PLAIN, data, OFFER))
        orRefused(() => greetScram(PLUS, data, OFFER))
        orRefused(() => {
          if (judgeScram(challenged, data, verifiers) !== null) throw new Error('a proof was made by chance')
        })
        orRefused(() => readOauthInitial(data))
        orRefused(() => expectOauthEnd(data))
      }),
      { numRuns: 1000 },
    )
  })

  it('takes no time beyond measure', () => {
    const long = 'x=y,'.repeat(16_000)
    const from = performance.now()
    orRefused(() => greetScram(PLAIN, text(`n,,n=,r=a,${long}!`), OFFER))
    orRefused(() => readOauthInitial(text(`n,,\x01${'a=b\x01'.repeat(16_000)}!`)))
    expect(performance.now() - from).toBeLessThan(500)
  })
})
