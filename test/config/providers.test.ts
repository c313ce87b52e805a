import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { diffConfigs } from '../../src/config/config.ts'
import { checkConfig, loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import type { SecretSettings } from '../../src/session/secret_settings.ts'
import { configDir, secrets, TARGETS_YAML } from './config_dir.ts'

const SECRETS = `version: 1
secrets:
  refresh: 1m
  providers:
    vault:
      kind: vault
      address: https://vault.example.test:8200
      namespace: team
      ca: ca.pem
      auth: { method: approle, roleId: 'env:ROLE', secretId: 'file:secret-id' }
      databaseMounts: [database, team/db]
    k8s: { kind: vault, address: 'http://127.0.0.1:8200', auth: { method: kubernetes, role: sallyport } }
    aws: { kind: aws, region: eu-west-1 }
    gcp: { kind: gcp, project: p1 }
    exec: { kind: exec, command: [/usr/local/bin/get-secret, --json], environment: [KEY_FILE], timeout: 2s }
    https: { kind: https, url: 'https://secrets.example.test/v1', bearer: 'env:BEARER' }
`
const INCIDENTS = `version: 1
incidents:
  pagerduty: { kind: pagerduty, token: 'env:PD', webhook: { secrets: ['env:A', 'env:B'] }, services: { P1: orders } }
  jira: { kind: jira, address: 'https://example.atlassian.net', user: sallyport@example.test, token: 'env:JIRA' }
  own:
    kind: http
    url: https://incidents.example.test/api/{id}
    headers:
      Authorization: { prefix: 'Bearer ', secret: 'env:OWN' }
      X-Basic: { basicUser: sallyport, secret: 'env:OWN' }
      X-Team: { text: security }
    idPattern: INC-\\d+
    read: { id: /id, status: /status, active: [open], assignees: [/owner/email] }
    onUnverified: allow_and_flag
    webhook: { signature: hmac, secrets: ['env:OWN'], id: /id, status: /status, event: /event }
  drill: { kind: static, incidents: [{ id: d1, open: false, closedAt: '2026-01-01T00:00:00Z' }] }
`

async function problemsOf(files: Readonly<Record<string, string>>, resolve = secrets): Promise<string[]> {
  return (await checkConfig(configDir(files), resolve)).problems.map(formatProblem)
}

describe('providers of secrets', () => {
  it('are built with their defaults, and given to whoever reads a secret', async () => {
    const seen: SecretSettings[] = []
    const dir = configDir({ 'secrets.yaml': SECRETS })
    const config = await loadConfig(dir, (reference, base, settings) => {
      seen.push(settings)
      return secrets(reference, base)
    })
    expect(config.secrets).toMatchObject({ cacheMs: 60_000, refreshMs: 60_000, overlapMs: 3_600_000 })
    expect(config.secrets.providers.get('vault')).toEqual({
      kind: 'vault',
      address: 'https://vault.example.test:8200',
      namespace: 'team',
      ca: expect.stringContaining('BEGIN CERTIFICATE'),
      timeoutMs: 5000,
      auth: { method: 'approle', mount: 'approle', roleId: 'env:ROLE', secretId: 'file:secret-id' },
      kvMounts: [],
      databaseMounts: ['database', 'team/db'],
    })
    expect(config.secrets.providers.get('exec')).toMatchObject({ timeoutMs: 2000, environment: ['KEY_FILE'] })
    expect(new Set(seen)).toEqual(new Set([config.secrets]))
  })

  it('give a login with its user, which stands in the place of the one in the file', async () => {
    const login = `{ password: 'vault:database/creds/admin' }`
    const targets = TARGETS_YAML.replace("{ user: admin, password: 'env:ADMIN' }", login)
    const files = { 'targets.yaml': targets, 'secrets.yaml': SECRETS }
    const resolve = async (reference: string, dir: string) =>
      reference.startsWith('vault:') ? { value: 'made', user: 'v-1', version: '1' } : secrets(reference, dir)
    const config = await loadConfig(configDir(files), resolve)
    expect(config.targets[0]?.admin).toEqual({ user: 'v-1', password: 'made' })
    expect(config.logins.get('orders')?.admin).toEqual({ user: null, reference: 'vault:database/creds/admin' })
    const nameless = async (reference: string, dir: string) =>
      reference.startsWith('vault:') ? 'made' : secrets(reference, dir)
    expect(await problemsOf(files, nameless)).toEqual([
      expect.stringMatching(/^targets\.yaml:\d+: targets\/0\/admin\/user: is missing, and the secret names no user$/),
    ])
  })

  it.each([
    ['vault:kv/a#b', 'no provider vault stands under secrets.providers'],
    ['aws@vault:a', 'the provider vault is of kind vault, not aws'],
  ])('%s', async (reference, problem) => {
    const files = { 'targets.yaml': TARGETS_YAML.replace('env:ADMIN', reference) }
    const all = problem.startsWith('no') ? files : { ...files, 'secrets.yaml': SECRETS }
    expect(await problemsOf(all)).toEqual([`targets.yaml:6: targets/0/admin/password: ${problem}`])
  })

  it.each(['hunter2', 'hunter2:x', 'https://hunter2', 'ssh:hunter2', 'vault:', 'vault@:hunter2', 'Vault:hunter2'])(
    'the literal %s is refused, and never quoted',
    async (literal) => {
      const [problem, ...more] = await problemsOf({ 'targets.yaml': TARGETS_YAML.replace('env:ADMIN', literal) })
      expect(more).toEqual([])
      expect(problem).toContain('targets/0/admin/password: ')
      expect(problem).not.toContain('hunter2')
    },
  )

  it.each([
    ['bearer: vault:kv/a', "bearer: 'env:BEARER'", 'bearer: must be a reference: env:NAME or file:PATH'],
    ['url: http://secrets.example.test', "url: 'https://secrets.example.test/v1'", 'url: must be an https URL'],
    ['url: https://u:hunter2@example.test', "url: 'https://secrets.example.test/v1'", 'url: must be an https URL'],
    ['command: [get-secret]', 'command: [/usr/local/bin/get-secret, --json]', 'must begin with the absolute path'],
    ['refresh: 10ms', 'refresh: 1m', 'refresh: must be at least 1s'],
    ['kind: vault2', 'kind: vault', 'kind'],
    ['ca: missing.pem', 'ca: ca.pem', "missing.pem: the file can't be read"],
  ])('%s', async (wrong, right, problem) => {
    const found = await problemsOf({ 'secrets.yaml': SECRETS.replace(right, wrong) })
    expect(found.join('\n')).toContain(problem)
    expect(found.join('\n')).toMatch(/^secrets\.yaml:\d+: secrets\//)
    expect(found.join('\n')).not.toContain('hunter2')
  })

  it('stand once', async () => {
    const found = await problemsOf({ 'secrets.yaml': SECRETS, 'zz.yaml': SECRETS })
    expect(found).toEqual(['zz.yaml:2: secrets: stands in secrets.yaml already'])
  })
})

describe('providers of incidents', () => {
  it('are built with their defaults; secrets stay references', async () => {
    const { incidents } = await loadConfig(configDir({ 'incidents.yaml': INCIDENTS }), secrets)
    expect(incidents.get('pagerduty')).toMatchObject({
      kind: 'pagerduty',
      address: 'https://api.pagerduty.com',
      token: 'env:PD',
      onUnverified: 'deny',
      services: new Map([['P1', 'orders']]),
      webhook: { signature: 'pagerduty', secrets: ['env:A', 'env:B'], id: '/event/data/id', event: '/event/id' },
    })
    expect(incidents.get('jira')).toMatchObject({ user: 'sallyport@example.test', read: {}, idPattern: null })
    expect(incidents.get('own')).toMatchObject({
      headers: [
        { name: 'Authorization', basicUser: null, prefix: 'Bearer ', secret: 'env:OWN' },
        { name: 'X-Basic', basicUser: 'sallyport', prefix: '', secret: 'env:OWN' },
        { name: 'X-Team', basicUser: null, prefix: 'security', secret: null },
      ],
      read: { found: null, id: '/id', active: ['open'], closed: null, onCall: [], services: [] },
      onUnverified: 'allow_and_flag',
      webhook: { header: 'x-hub-signature', prefix: 'sha256=' },
    })
    expect(incidents.get('drill')).toMatchObject({ incidents: [{ id: 'd1', closedAt: Date.UTC(2026, 0, 1) }] })
  })

  it('have secrets that can be read, or it is said before an incident', async () => {
    const failing = async (reference: string, dir: string) => {
      if (reference === 'env:B' || reference === 'env:OWN') throw new Error('not to be seen')
      return secrets(reference, dir)
    }
    const found = await problemsOf({ 'incidents.yaml': INCIDENTS }, failing)
    expect(found).toHaveLength(4)
    expect(found[0]).toMatch(
      /^incidents\.yaml:3: incidents\/pagerduty\/webhook\/secrets\/1: the secret could not be read$/,
    )
  })

  it.each([
    ['url: https://{id}.example.test/', 'url: https://incidents.example.test/api/{id}'],
    ['url: https://incidents.example.test{id}', 'url: https://incidents.example.test/api/{id}'],
    ['url: https://incidents.example.test/', 'url: https://incidents.example.test/api/{id}'],
    ['url: http://incidents.example.test/{id}', 'url: https://incidents.example.test/api/{id}'],
    ['idPattern: "INC-("', 'idPattern: INC-\\d+'],
    ['idPattern: "(INC-|x+)+"', 'idPattern: INC-\\d+'],
    ['idPattern: ".*.*.*.*x"', 'idPattern: INC-\\d+'],
    ['status: status, active', 'status: /status, active'],
    ['active: []', 'active: [open]'],
    ['text: security, more: 1', 'text: security'],
    ['event: event', 'event: /event'],
    ['onUnverified: allow', 'onUnverified: allow_and_flag'],
  ])('%s', async (wrong, right) => {
    const found = await problemsOf({ 'incidents.yaml': INCIDENTS.replace(right, wrong) })
    expect(found.join('\n')).toMatch(/^incidents\.yaml:\d+: incidents\/own/)
  })

  it('differ by name', async () => {
    const before = await loadConfig(configDir({ 'incidents.yaml': INCIDENTS }), secrets)
    const changed = INCIDENTS.replace('{ P1: orders }', '{ P1: shop }').replace('drill:', 'exercise:')
    const after = await loadConfig(configDir({ 'incidents.yaml': changed, 'secrets.yaml': SECRETS }), secrets)
    expect(after.digest).not.toBe(before.digest)
    const changes = diffConfigs(before, after).filter((line) => !line.startsWith('node'))
    expect(changes).toEqual([
      'incidents/drill: removed',
      'incidents/exercise: added',
      'incidents/pagerduty: changed',
      'secrets/cache: added',
      'secrets/overlap: added',
      'secrets/providers: added',
      'secrets/refresh: added',
    ])
  })
})

it.each([
  ['secrets.yaml', '  providers: {}', 5],
  ['incidents.yaml', 'incidents: {}', 7],
])('the commented example in proxy-config/%s is right', async (file, empty, count) => {
  const text = readFileSync(`proxy-config/${file}`, 'utf8')
  const [before = '', after = ''] = text.split(`${empty}\n`)
  const example = before + after.replace(/^( *)# ?/gm, '$1').replaceAll('../certs/', '')
  const files = { [file]: example.replaceAll(/(vault|secrets)-ca\.pem/g, 'ca.pem') }
  const { config, problems } = await checkConfig(configDir(files), secrets)
  expect(problems).toEqual([])
  expect(file === 'secrets.yaml' ? config?.secrets.providers.size : config?.incidents.size).toBe(count)
})
