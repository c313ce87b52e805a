import { describe, expect, it } from 'vitest'
import { type ErrorCode, SallyportError } from '../../src/errors.ts'
import type { Role } from '../../src/policy/role.ts'
import { decideLogin, type LoginInput } from '../../src/session/login.ts'
import { routeOf } from '../../src/session/route.ts'
import { welcome } from '../../src/session/words.ts'
import { ALICE, grantOf, MASKING, MINUTE, roleOf, START, targetOf } from './fixture.ts'

const TARGETS = new Map([
  ['shop-db', targetOf('postgres')],
  ['other-db', targetOf('postgres', { name: 'other-db' })],
  ['my-db', targetOf('mysql', { name: 'my-db' })],
])
const ROLES = [roleOf(), roleOf({ name: 'writer' }), roleOf({ name: 'strong', acr: ['phr', 'phrh'] })]

const route = (user: string) => routeOf({ user, listenerTarget: null, serverName: null, sniSuffix: null })

function inputOf(over: Partial<LoginInput> = {}): LoginInput {
  return {
    identity: ALICE,
    password: null,
    locks: { lockedBy: () => null },
    given: { reason: null, ticket: null },
    route: route('alice/shop-db'),
    targets: TARGETS,
    engine: 'postgres',
    grants: { version: 1, grants: [grantOf()] },
    policy: {
      configDigest: '',
      roleOf: (grant) => ROLES.find((role) => role.name === grant.role),
      masking: () => MASKING,
    },
    inNetwork: () => true,
    now: START,
    ...over,
  }
}

/** What the client is told: the code and its words. */
function told(over: Partial<LoginInput>): string {
  const decision = decideLogin(inputOf(over))
  return decision.kind === 'refused' ? `${decision.error.code} ${decision.error.detail}` : 'allowed'
}

const grants = (...held: readonly Parameters<typeof grantOf>[0][]) => ({ version: 1, grants: held.map(grantOf) })

describe('a stranger', () => {
  it('learns the same whatever was wrong with the token, and wherever it would go', () => {
    const causes: readonly (readonly [ErrorCode, string])[] = [
      ['SP-AUTH', 'the signature is wrong'],
      ['SP-AUTH', 'the token has expired'],
      ['SP-AUTH', 'another audience'],
      ['SP-INTERNAL', 'the keys of the provider could not be fetched'],
    ]
    const routes = [route('alice/shop-db'), route('nobody/nowhere'), new SallyportError('SP-ROUTE', 'unclear')]
    const answers = causes.flatMap(([code, detail]) =>
      routes.map((to) => told({ identity: new SallyportError(code, detail), route: to })),
    )
    expect([...new Set(answers)]).toEqual(['SP-AUTH the login was refused'])
  })

  it('is recorded with what really failed, and as nobody', () => {
    const decision = decideLogin(inputOf({ identity: new SallyportError('SP-AUTH', 'the token has expired') }))
    expect(decision).toMatchObject({
      kind: 'refused',
      code: 'SP-AUTH',
      detail: 'the token has expired',
      identity: null,
    })
  })

  it('with too many groups is told how to mend it', () => {
    expect(told({ identity: new SallyportError('SP-GROUP-OVERAGE', 'too many') })).toBe('SP-GROUP-OVERAGE too many')
  })
})

describe('a known person', () => {
  it('gets in under the one grant', () => {
    expect(decideLogin(inputOf())).toMatchObject({
      kind: 'allowed',
      grant: { id: 'grant-1' },
      role: { name: 'analyst' },
    })
  })

  it('is told which target a grant is missing for, the same for a target that is not there or of the other engine', () => {
    const none = (target: string) => `SP-NO-GRANT no active grant on ${target}`
    expect(told({ grants: grants() })).toBe(none('shop-db'))
    const answers = ['nowhere', 'my-db', 'other-db'].map((target) => told({ route: route(`alice/${target}`) }))
    expect(answers.map((answer) => answer.startsWith('SP-NO-GRANT no active grant on '))).toEqual([true, true, true])
    const words = answers.map((answer) => answer.replace(/on \S+/, 'on X'))
    expect(new Set(words).size).toBe(1)
  })

  it.each([
    ['before it starts', { start: START + 1 }],
    ['at its end', { end: START }],
    ['of another person', { principal: { subject: 'bob-1', issuer: null } }],
    ['of another target', { target: 'other-db' }],
    ['of a role that is gone', { role: 'gone' }],
  ])('does not get in under a grant %s', (_what, over) => {
    expect(told({ grants: grants(over) })).toMatch(/^SP-NO-GRANT /)
  })

  it('has to choose among roles, and can', () => {
    const two = grants({}, { id: 'g2', role: 'writer' })
    expect(told({ grants: two })).toBe('SP-GRANT-CHOICE name one of the roles analyst, writer')
    const chosen = decideLogin(inputOf({ grants: two, route: route('alice/shop-db/writer') }))
    expect(chosen).toMatchObject({ kind: 'allowed', grant: { id: 'g2' } })
    expect(told({ grants: two, route: route('alice/shop-db/strong') })).toMatch(/^SP-NO-GRANT .*strong/)
  })

  it('has to come from the networks of the role', () => {
    expect(told({ inNetwork: () => false })).toMatch(/^SP-NO-GRANT .*network/)
  })

  it('has to have logged in as strongly as the role demands', () => {
    const strong = grants({ role: 'strong' })
    expect(told({ grants: strong })).toMatch(/^SP-FRESH-LOGIN .*phr, phrh/)
    expect(told({ grants: strong, identity: { ...ALICE, acr: 'phr' } })).toBe('allowed')
    expect(told({ grants: strong, identity: { ...ALICE, acr: 'pwd' } })).toMatch(/^SP-FRESH-LOGIN/)
  })

  it('has to have logged in by the method, and as lately, as the role demands', () => {
    const policy = (over: Partial<Role>) => ({ ...inputOf().policy, roleOf: () => roleOf(over) })
    const mfa = policy({ amr: ['mfa', 'hwk'] })
    expect(told({ policy: mfa })).toMatch(/^SP-FRESH-LOGIN .*mfa, hwk .*run sallyport login again/)
    expect(told({ policy: mfa, identity: { ...ALICE, amr: ['pwd', 'hwk'] } })).toBe('allowed')
    const lately = policy({ maxAuthAgeMs: 15 * MINUTE })
    expect(told({ policy: lately })).toMatch(/^SP-FRESH-LOGIN .*not older than 15 min/)
    expect(told({ policy: lately, identity: { ...ALICE, authTime: START - 15 * MINUTE } })).toBe('allowed')
    expect(told({ policy: lately, identity: { ...ALICE, authTime: START - 15 * MINUTE - 1 } })).toMatch(/^SP-FRESH/)
  })

  it.each<[Partial<Role>, string | null, string | null, RegExp]>([
    [{ sessionReason: 'reason' }, null, null, /^SP-REASON .*a reason/],
    [{ sessionReason: 'reason' }, ' ', 'T-1', /^SP-REASON .*a reason/],
    [{ sessionReason: 'reason' }, 'why', null, /^allowed/],
    [{ sessionReason: 'ticket' }, 'why', null, /^SP-REASON .*a ticket/],
    [{ sessionReason: 'ticket', ticketPattern: '[A-Z]+-\\d+' }, null, 'OPS-12', /^allowed/],
    [{ sessionReason: 'ticket', ticketPattern: '[A-Z]+-\\d+' }, null, 'see OPS-12', /^SP-REASON .*form/],
    [{ ticketPattern: 'A|B' }, null, 'AB', /^SP-REASON .*form/],
    [{}, 'x'.repeat(501), null, /^SP-REASON .*longer/],
    [{}, null, 'x'.repeat(129), /^SP-REASON .*longer/],
  ])('gives the reason that the role %j demands: %j, %j', (over, reason, ticket, answer) => {
    const policy = { ...inputOf().policy, roleOf: () => roleOf(over) }
    expect(told({ policy, given: { reason, ticket } })).toMatch(answer)
  })

  it.each(['person', 'target', 'grant'] as const)('is told of a lock of the %s, and a stranger is not', (what) => {
    const locked = { what, label: 'it', reason: 'a leak', at: START, until: null }
    const locks = {
      lockedBy: (asked: { grantId: string | null }) =>
        (what === 'grant') === (asked.grantId !== null) ? locked : null,
    }
    expect(told({ locks })).toBe(`SP-LOCKED the ${what} it is locked since ${new Date(START).toISOString()}: a leak`)
    expect(told({ locks, identity: new SallyportError('SP-AUTH', 'expired') })).toMatch(
      /^SP-AUTH the login was refused$/,
    )
    expect(told({ locks, route: route('bob/shop-db') })).toMatch(/^SP-AUTH/)
  })

  it('is told so where this node does not know what is locked, and a stranger is not', () => {
    const locks = { lockedBy: () => new SallyportError('SP-LEASE', 'not heard from') }
    expect(told({ locks })).toBe('SP-LEASE not heard from')
    expect(told({ locks, identity: new SallyportError('SP-AUTH', 'expired') })).toMatch(/^SP-AUTH/)
  })

  it('with a connection password gets the grant that it is for, and no other', () => {
    const two = grants({}, { id: 'g2', role: 'writer' })
    const password = { id: 'p1', grantId: 'g2', target: 'shop-db' }
    const under = (user: string) => decideLogin(inputOf({ grants: two, password, route: route(user) }))
    for (const user of ['alice/shop-db', 'alice/shop-db/writer', 'alice/shop-db/g2', 'sso/shop-db/p1']) {
      expect(under(user)).toMatchObject({ kind: 'allowed', grant: { id: 'g2' } })
    }
    expect(under('alice/shop-db/analyst')).toMatchObject({ kind: 'refused', code: 'SP-GRANT-CHOICE' })
    expect(under('bob/shop-db')).toMatchObject({ kind: 'refused', code: 'SP-AUTH' })
    expect(under('alice/other-db')).toMatchObject({ kind: 'refused', code: 'SP-NO-GRANT' })
    const ended = inputOf({ grants: grants({}), password })
    expect(decideLogin(ended)).toMatchObject({ kind: 'refused', code: 'SP-NO-GRANT' })
    const others = inputOf({ grants: grants({ id: 'g2', principal: { subject: 'bob-1', issuer: null } }), password })
    expect(decideLogin(others)).toMatchObject({ kind: 'refused', code: 'SP-NO-GRANT' })
  })

  it('is known to lack but a grant, or not', () => {
    const wanting = (over: Partial<LoginInput>) => {
      const decision = decideLogin(inputOf(over))
      return decision.kind === 'refused' ? decision.wanting : 'allowed'
    }
    const to = { person: 'alice', target: 'nowhere', choice: 'writer' }
    expect(wanting({ route: route('alice/nowhere/writer') })).toEqual(to)
    expect(wanting({ grants: grants() })).toMatchObject({ target: 'shop-db' })
    expect(wanting({ inNetwork: () => false })).toBeNull()
    expect(wanting({ grants: grants({ role: 'strong' }) })).toBeNull()
  })

  it('can be no one else, and need not be named', () => {
    expect(told({ route: route('bob/shop-db') })).toMatch(/^SP-AUTH /)
    expect(told({ route: route('/shop-db') })).toBe('allowed')
    expect(told({ route: route('sso/shop-db') })).toBe('allowed')
  })

  it('hears of a user name that says no target', () => {
    expect(told({ route: new SallyportError('SP-ROUTE', 'unclear') })).toBe('SP-ROUTE unclear')
  })

  it('gets a refusal, never an exception, when the policy fails', () => {
    const policy = {
      ...inputOf().policy,
      roleOf: () => {
        throw new Error('a secret of ours')
      },
    }
    expect(told({ policy })).toBe('SP-INTERNAL an internal error')
  })

  it('is welcomed with target, environment, role and end', () => {
    const decision = decideLogin(inputOf())
    if (decision.kind !== 'allowed') throw new Error('refused')
    const target = targetOf('postgres', { labels: { env: 'prod' } })
    const until = new Date(START + 60 * MINUTE).toISOString()
    expect(welcome({ ...decision, target })).toBe(`connected to shop-db (prod) as role analyst until ${until}`)
  })
})
