import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OidcSettings } from '../../src/identity/settings.ts'
import { fetchWithAuthorities } from '../../src/oidc/https_fetch.ts'
import { createTokenVerifier } from '../../src/oidc/token_verifier.ts'
import { encodeSaslResponse } from '../../src/wire/postgres/auth-response.ts'
import { type Client, knockAt } from './client.ts'
import { CLIENT, type DeviceProvider, RESOURCE, startDeviceProvider } from './device_provider.ts'
import { type Front, startFront } from './front.ts'

/** OAUTHBEARER as psql 18 does it: asked where a token is to be had, the device flow, then the token. */

let folder: string
let provider: DeviceProvider
let front: Front & { readonly ca: string }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'oauth-'))
  provider = await startDeviceProvider(join(folder, 'idp'))
  const tokens = createTokenVerifier(settingsFor(provider), {
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
  })
  front = await startFront(join(folder, 'front'), {
    engine: 'postgres',
    listener: { auth: 'oauth' },
    issuer: provider.issuer,
    verify: tokens.verify,
  })
})
afterAll(async () => {
  await front?.stop()
  await provider?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function settingsFor({ issuer, ca }: DeviceProvider): OidcSettings {
  const claims = {
    subject: ['sub'],
    email: ['email'],
    name: ['name'],
    groups: ['groups'],
    aliases: [],
    requireVerifiedEmail: false,
  }
  return {
    issuer,
    audiences: [RESOURCE],
    authorizedParties: [CLIENT],
    algorithms: ['RS256'],
    clockSkewSeconds: 30,
    maxLifetimeMs: 3_600_000,
    claims,
    groups: new Map(),
    requiredClaims: {},
    requiredScopes: [],
    scopes: ['openid', 'email'],
    jwksUri: null,
    ca: readFileSync(ca, 'utf8'),
    workloads: [],
    liveCheck: null,
  }
}

const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function knock(): Promise<Client> {
  return knockAt(front, ['OAUTHBEARER'])
}

async function post(url: string, form: Record<string, string>): Promise<Record<string, string>> {
  const fetch = fetchWithAuthorities(readFileSync(provider.ca, 'utf8'))
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return (await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form).toString() })).json() as never
}

/** RFC 8628 against the addresses that the listener told of. */
async function deviceFlow(configuration: string, scope: string): Promise<string> {
  const fetch = fetchWithAuthorities(readFileSync(provider.ca, 'utf8'))
  const document = (await (await fetch(configuration, {})).json()) as Record<string, string>
  expect(document.issuer).toBe(provider.issuer)
  const asked = await post(document.device_authorization_endpoint as string, { client_id: CLIENT, scope })
  const grant = { client_id: CLIENT, grant_type: 'urn:ietf:params:oauth:grant-type:device_code' }
  const poll = { ...grant, device_code: asked.device_code as string }
  expect(await post(document.token_endpoint as string, poll)).toMatchObject({ error: 'authorization_pending' })
  await provider.approve(asked.user_code as string)
  return (await post(document.token_endpoint as string, poll)).access_token as string
}

describe('OAUTHBEARER', () => {
  it('leads a client from nothing to a session', async () => {
    const asking = await knock()
    asking.initial('n,,\x01auth=\x01\x01')
    const challenge = await asking.next()
    if (challenge.kind !== 'authenticationSaslContinue') throw new Error(challenge.kind)
    const told = JSON.parse(decoded(challenge.data)) as Record<string, string>
    expect(told).toEqual({
      status: 'invalid_token',
      'openid-configuration': `${provider.issuer}/.well-known/openid-configuration`,
      scope: 'openid email',
    })
    asking.send(encodeSaslResponse({ kind: 'saslResponse', data: Uint8Array.of(1) }))
    expect(await asking.error()).toMatch(/a token is needed/)
    expect(front.seen).toEqual(['discovery'])

    const token = await deviceFlow(told['openid-configuration'] as string, told.scope as string)
    const client = await knock()
    client.initial(`n,,\x01auth=Bearer ${token}\x01\x01`)
    expect(await client.next()).toEqual({ kind: 'authenticationOk' })
    expect(front.seen.at(-1)).toMatchObject({ subject: 'alice', email: 'alice@example.test', issuer: provider.issuer })
    client.end()
  })

  it('takes its first message late', async () => {
    const client = await knock()
    client.initial(null)
    expect(await client.next()).toEqual({ kind: 'authenticationSaslContinue', data: Buffer.alloc(0) })
    client.send(encodeSaslResponse({ kind: 'saslResponse', data: Buffer.from('n,,\x01auth=Bearer unknown\x01\x01') }))
    expect(await client.error()).toMatch(/the login was refused/)
    expect(front.seen.at(-1)).toMatch(/malformed token/)
  })

  it.each<[string, string, RegExp]>([
    ['a channel binding', 'p=tls-server-end-point,,\x01auth=Bearer t\x01\x01', /channel binding/],
    ['an authorization identity', 'n,a=bob,\x01auth=Bearer t\x01\x01', /SP-UNSUPPORTED/],
    ['auth twice', 'n,,\x01auth=Bearer t\x01auth=Bearer t\x01\x01', /twice/],
    ['something after the end', 'n,,\x01auth=Bearer t\x01\x01x', /malformed/],
    ['too much', `n,,\x01auth=Bearer ${'t'.repeat(66_000)}\x01\x01`, /too (large|long)|larger|exceed/],
  ])('refuses %s', async (_what, data, why) => {
    const client = await knock()
    client.initial(data)
    expect(await client.error()).toMatch(why)
  })

  it('refuses another mechanism, and anything but the end after a challenge', async () => {
    const other = await knock()
    other.initial('n,,n=,r=abc', 'SCRAM-SHA-256')
    expect(await other.error()).toMatch(/not offered/)
    const client = await knock()
    client.initial('n,,\x01auth=\x01\x01')
    await client.next()
    client.send(encodeSaslResponse({ kind: 'saslResponse', data: Buffer.from('n,,\x01auth=Bearer t\x01\x01') }))
    expect(await client.error()).toMatch(/after its end/)
  })
})
