import { describe, expect, it } from 'vitest'
import { checkConfig, loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { makeAuthority } from '../../src/proxy/authority.ts'
import { configDir, secrets } from './config_dir.ts'

const TLS = "tls: { cert: server.pem, key: 'file:server.key' }"
const node = (...listeners: string[]) =>
  `version: 1\nnode:\n  listeners:\n${listeners.map((one) => `    - { port: 0, ${TLS}, ${one} }\n`).join('')}`
const oidc = (more: string) =>
  `version: 1\noidc: { issuer: 'https://idp.example.test', audiences: [sallyport], ${more} }\n`

async function problemsOf(files: Record<string, string | null>): Promise<string[]> {
  return (await checkConfig(configDir(files), secrets)).problems.map(formatProblem)
}

describe('ways in', () => {
  it('belong to a listener, or to a TLS name', async () => {
    const names = 'serverNames: [{ suffix: oauth.db.example.test, auth: oauth }]'
    const files = { 'sallyport.yaml': node(`engine: postgres, auth: scram, ${names}`, 'engine: mysql') }
    const [first, second] = (await loadConfig(configDir(files), secrets)).node.listeners
    expect(first).toMatchObject({ auth: 'scram', serverNames: [{ suffix: 'oauth.db.example.test', auth: 'oauth' }] })
    expect(second).toMatchObject({ auth: 'token', serverNames: [] })
  })

  it('are those that the clients of the engine can do', async () => {
    const names = 'serverNames: [{ suffix: a, auth: cert }, { suffix: b, auth: scram }]'
    const files = { 'sallyport.yaml': node('engine: postgres, auth: password', `engine: mysql, auth: oauth, ${names}`) }
    expect(await problemsOf(files)).toEqual([
      expect.stringMatching(/^sallyport.yaml:4: node.listeners\S+auth: clients of postgres can do token, scram/),
      expect.stringMatching(/^sallyport.yaml:5: node.listeners\S+auth: clients of mysql can do token, password, cert/),
      expect.stringMatching(/serverNames\S+1\S*auth: clients of mysql/),
    ])
  })
})

describe('the authority for certificates', () => {
  const section = "version: 1\ncertificates: { authority: { cert: server.pem, key: 'env:CA_KEY' } }\n"

  it('is one of its own, or the one that is given', async () => {
    expect((await loadConfig(configDir(), secrets)).authority).toBeNull()
    const given = section.replace('env:CA_KEY', 'file:server.key')
    const { authority } = await loadConfig(configDir({ 'certs.yaml': given }), secrets)
    expect(authority?.key).toContain('PRIVATE KEY')
  })

  it('has the key of its certificate', async () => {
    const other = async (ref: string, dir: string) => (ref === 'env:CA_KEY' ? makeAuthority(0).key : secrets(ref, dir))
    const { problems } = await checkConfig(configDir({ 'certs.yaml': section }), other)
    expect(problems.map(formatProblem)).toEqual([expect.stringMatching(/authority.key: is not the private key/)])
  })
})

describe('workloads', () => {
  const GITHUB = "issuer: 'https://token.actions.githubusercontent.com', audiences: [sallyport]"
  const REQUIRED = 'requiredClaims: [{ claim: repository, values: [example/app] }]'

  it('have groups with a prefix by default', async () => {
    const groups = 'groups: [{ claim: repository }, { claim: [a, b], prefix: "p/" }]'
    const files = { 'oidc.yaml': oidc(`workloads: [{ ${GITHUB}, ${REQUIRED}, ${groups} }]`) }
    const [workload] = (await loadConfig(configDir(files), secrets)).oidc.workloads
    expect(workload).toMatchObject({
      subject: ['sub'],
      maxLifetimeMs: 3_600_000,
      groups: [
        { claim: ['repository'], prefix: 'repository:' },
        { claim: ['a', 'b'], prefix: 'p/' },
      ],
      required: [{ claim: ['repository'], patterns: ['example/app'] }],
    })
  })

  it('are of an issuer that stands once, and say whose they are', async () => {
    const twice = `workloads: [{ ${GITHUB}, ${REQUIRED} }, { ${GITHUB}, ${REQUIRED} }]`
    expect(await problemsOf({ 'oidc.yaml': oidc(twice) })).toEqual([
      expect.stringMatching(/workloads\S*1\S*issuer: .*twice/),
    ])
    const people = `workloads: [{ issuer: 'https://idp.example.test', audiences: [x], ${REQUIRED} }]`
    expect(await problemsOf({ 'oidc.yaml': oidc(people) })).toEqual([expect.stringMatching(/stands twice/)])
    const anybody = `workloads: [{ ${GITHUB}, requiredClaims: [] }]`
    expect(await problemsOf({ 'oidc.yaml': oidc(anybody) })).toHaveLength(1)
  })
})

describe('the check of live sessions', () => {
  it('has a client for introspection', async () => {
    const files = { 'oidc.yaml': oidc("liveCheck: { clientId: proxy, clientSecret: 'env:CLIENT', interval: 2m }") }
    expect((await loadConfig(configDir(files), secrets)).oidc.liveCheck).toEqual({
      method: 'introspection',
      endpoint: null,
      client: { id: 'proxy', secret: 'secret of env:CLIENT' },
      intervalMs: 120_000,
      onUnreachable: 'keep',
      failures: 3,
      onExpiry: 'keep',
    })
    expect(await problemsOf({ 'oidc.yaml': oidc('liveCheck: {}') })).toEqual([
      expect.stringMatching(/introspection needs clientId and clientSecret/),
    ])
    expect(await problemsOf({ 'oidc.yaml': oidc('liveCheck: { method: userinfo, interval: 1s }') })).toHaveLength(1)
    expect(await problemsOf({ 'oidc.yaml': oidc('liveCheck: { method: userinfo }') })).toEqual([])
  })
})
