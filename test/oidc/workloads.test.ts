import { describe, expect, it } from 'vitest'
import type { WorkloadSettings } from '../../src/identity/settings.ts'
import { createTokenVerifier } from '../../src/oidc/token_verifier.ts'
import { makeKey, NOW, startProvider } from './provider.ts'

const clock = { now: () => NOW, monotonic: () => 0 }

async function world(over: Partial<WorkloadSettings> = {}) {
  const [people, pipelines] = [await startProvider(), await startProvider()]
  const workload: WorkloadSettings = {
    issuer: pipelines.issuer,
    audiences: ['sallyport'],
    algorithms: ['ES256'],
    clockSkewSeconds: 30,
    maxLifetimeMs: 3_600_000,
    subject: ['sub'],
    groups: [
      { claim: ['repository'], prefix: 'repository:' },
      { claim: ['kubernetes.io', 'namespace'], prefix: 'ns:' },
      { claim: ['groups'], prefix: 'groups:' },
    ],
    required: [{ claim: ['repository'], patterns: ['example/app', 'example-ops/*'] }],
    jwksUri: null,
    ca: null,
    ...over,
  }
  const groups = new Map([['u-alice', ['admins']]])
  const tokens = createTokenVerifier({ ...people.settings, groups, workloads: [workload] }, { clock })
  const token = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
    pipelines.token(
      { sub: 'repo:example/app:ref:refs/heads/main', repository: 'example/app', ...claims },
      { typ: 'JWT', ...header },
    )
  return { people, pipelines, tokens, token }
}

describe('a workload', () => {
  it('is a machine with groups by claims, without email', async () => {
    const { tokens, token, pipelines } = await world()
    const about = { 'kubernetes.io': { namespace: 'ci' }, groups: ['admins'], email: 'alice@example.test' }
    expect(await tokens.verify(await token(about))).toMatchObject({
      issuer: pipelines.issuer,
      subject: 'repo:example/app:ref:refs/heads/main',
      machine: true,
      email: null,
      groups: ['repository:example/app', 'ns:ci', 'groups:admins'],
      aliases: ['repo:example/app:ref:refs/heads/main'],
    })
  })

  it('is never taken for the person of the same subject', async () => {
    const { tokens, token, people } = await world()
    const machine = await tokens.verify(await token({ sub: 'u-alice' }))
    expect(machine).toMatchObject({ subject: 'u-alice', groups: ['repository:example/app', 'groups:data-eng'] })
    const person = await tokens.verify(await people.token())
    expect(person.machine).toBeUndefined()
    expect(person.groups).toContain('admins')
    expect(person.issuer).not.toBe(machine.issuer)
  })

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['of another repository', { repository: 'mallory/app' }, /repository/],
    ['of a repository that begins alike', { repository: 'example/app2' }, /repository/],
    ['without the claim', { repository: undefined }, /repository/],
    ['with a list for the claim', { repository: ['example/app'] }, /repository/],
    ['without a subject', { sub: undefined }, /subject/],
    ['for another audience', { aud: 'https://github.com/example' }, /audience/],
    ['that lives too long', { exp: NOW / 1000 + 3600 }, /longer/],
    ['that has expired', { exp: NOW / 1000 - 31 }, /expired/],
  ])('is refused %s', async (_what, claims, why) => {
    const { tokens, token } = await world()
    await expect(tokens.verify(await token(claims))).rejects.toThrow(why)
  })

  it('is let in by a prefix too', async () => {
    const { tokens, token } = await world()
    expect((await tokens.verify(await token({ repository: 'example-ops/db' }))).machine).toBe(true)
  })

  it('is believed by the keys of its own issuer alone', async () => {
    const { tokens, people, pipelines } = await world()
    const claims = { repository: 'example/app' }
    await expect(tokens.verify(await people.token({ ...claims, iss: pipelines.issuer }))).rejects.toThrow('SP-AUTH')
    await expect(tokens.verify(await pipelines.token({ iss: people.issuer }))).rejects.toThrow('SP-AUTH')
    const forged = await pipelines.token(claims, {}, await makeKey('k1', 'ES256'))
    await expect(tokens.verify(forged)).rejects.toThrow('bad signature')
    await expect(tokens.verify(await pipelines.token({ ...claims, iss: 'https://else.test' }))).rejects.toThrow(
      'SP-AUTH',
    )
    await expect(tokens.verify('x.y.z')).rejects.toThrow('malformed')
  })
})
