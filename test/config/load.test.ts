import { describe, expect, it } from 'vitest'
import { diffConfigs } from '../../src/config/config.ts'
import { checkConfig, loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { SallyportError } from '../../src/errors.ts'
import { configDir, GRANTS_YAML, ROLES_YAML, secrets, TARGETS_YAML } from './config_dir.ts'

async function problemsOf(files: Record<string, string | null>): Promise<string[]> {
  const { problems } = await checkConfig(configDir(files), secrets)
  return problems.map(formatProblem)
}

describe('a right configuration', () => {
  it('is typed, with defaults, secrets and times resolved', async () => {
    const config = await loadConfig(configDir(), secrets)
    expect(config.node.listeners[0]?.tls.key).toContain('PRIVATE KEY')
    expect(config.node.limits.authDeadlineMs).toBe(15_000)
    expect(config.oidc.algorithms).toEqual(['RS256', 'PS256', 'ES256', 'EdDSA'])
    expect(config.targets[0]).toMatchObject({ port: 5432, tls: { mode: 'verify-full' }, catalogPollMs: 5000 })
    expect(config.staticAccounts.get('orders')?.byRole.get('reader')?.password).toBe('secret of env:RO')
    expect(config.grants[0]?.end).toBe(Date.parse('2029-12-31T23:00:00Z'))
    expect(config.masking.masks[0]?.rule).toMatchObject({ strategy: 'token', keyId: 'k1' })
    expect(config.roles.get('reader')?.digest).toMatch(/^[0-9a-f]{64}$/)
  })

  it('has a digest without secrets, and a difference by path', async () => {
    const before = await loadConfig(configDir(), secrets)
    const other = await loadConfig(configDir(), async (ref, dir) => (ref === 'env:APP' ? 'rotated' : secrets(ref, dir)))
    expect(other.digest).toBe(before.digest)
    expect(JSON.stringify(before.tree)).not.toContain('secret of')
    const changed = await loadConfig(
      configDir({
        'roles.yaml': `${ROLES_YAML}    requireWhere: true\n  - { name: dba, unrestricted: true }\n`,
        'grants.yaml': null,
      }),
      secrets,
    )
    expect(diffConfigs(before, changed)).toEqual(['roles/dba: added', 'roles/reader: changed', 'grants/g1: removed'])
  })
})

describe('a wrong configuration says file, line and path of everything', () => {
  it('unknown keys, wrong values and literal secrets, all at once', async () => {
    const targets = TARGETS_YAML.replace("'env:ADMIN'", 'hunter2').replace('host:', 'hots:')
    const found = await problemsOf({ 'targets.yaml': targets, 'roles.yaml': 'version: 2\n' })
    expect(found).toContain('roles.yaml:1: version: Invalid input: expected 1')
    expect(found).toContain('targets.yaml:5: targets/0/hots: unknown key')
    expect(found.some((text) => text.startsWith('targets.yaml:6: targets/0/admin/password: must be a reference'))).toBe(
      true,
    )
    expect(found.join()).not.toContain('hunter2')
  })

  it('never quotes a file that is not YAML', async () => {
    const found = await problemsOf({ 'oidc.yaml': 'version: 1\noidc: {password: hunter2\n' })
    expect(found[0]).toMatch(/^oidc\.yaml:\d+: \(file\): not valid YAML: /)
    expect(found.join()).not.toContain('hunter2')
  })

  it.each([
    [
      'an unknown role',
      { 'grants.yaml': GRANTS_YAML.replace('role: reader', 'role: writer') },
      'grants.yaml:6: grants/0/role: unknown role writer',
    ],
    [
      'an unknown target',
      { 'grants.yaml': GRANTS_YAML.replace('target: orders', 'target: other') },
      'grants.yaml:5: grants/0/target: unknown target other',
    ],
    [
      'an end before the start',
      { 'grants.yaml': GRANTS_YAML.replace('2030', '2020') },
      'grants.yaml:8: grants/0/end: must be after start',
    ],
    ['a name that stands twice', { 'more.yaml': ROLES_YAML }, 'roles.yaml:3: roles/0/name: reader stands twice'],
    [
      'scope of an unrestricted role',
      { 'roles.yaml': `${ROLES_YAML}    unrestricted: true\n` },
      'roles.yaml:4: roles/0/scope: an unrestricted role has no scope',
    ],
    [
      'a write guard that an unrestricted role would not obey',
      { 'roles.yaml': `${ROLES_YAML}  - { name: dba, unrestricted: true, requireWhere: true }\n` },
      'roles.yaml:6: roles/1/requireWhere: an unrestricted role runs statements that are not understood, so nobody looks for a WHERE',
    ],
    [
      'a count of changes that an unrestricted role would not obey',
      { 'roles.yaml': `${ROLES_YAML}  - { name: dba, unrestricted: true, maxRowsChanged: 5 }\n` },
      'roles.yaml:6: roles/1/maxRowsChanged: an unrestricted role runs statements whose writes can not be counted',
    ],
    [
      'an unknown key',
      {
        'masking.yaml':
          'version: 1\nmasking:\n  masks:\n    - {schemas: [a], tables: [t], columns: [c], strategy: hash, key: k9}\n',
      },
      'masking.yaml:4: masking/masks/0/key: unknown key k9',
    ],
    [
      'a MySQL server by its address alone',
      {
        'targets.yaml': TARGETS_YAML.replace('engine: postgres', 'engine: mysql').replace(
          /host: \S+/,
          'host: 10.0.0.1',
        ),
      },
      'targets.yaml:5: targets/0/host: verify-full of a server by its address needs tls.serverName, a name in its certificate',
    ],
    ['a missing section', { 'oidc.yaml': null }, 'grants.yaml:1: oidc: no file has this section'],
    [
      'a parameter that the role has not',
      { 'grants.yaml': `${GRANTS_YAML}    parameters: { tenant: 1 }\n` },
      'grants.yaml:10: grants/0/parameters/tenant: role reader has no such parameter',
    ],
    [
      'a plain issuer',
      { 'oidc.yaml': 'version: 1\noidc: { issuer: "http://idp.example.test", audiences: [a] }\n' },
      'oidc.yaml:2: oidc/issuer: must be an https URL (http for loopback only)',
    ],
  ])('%s', async (_what, files, problem) => {
    expect(await problemsOf(files)).toContain(problem)
  })

  it('refuses shared-secret algorithms', async () => {
    const oidc = 'version: 1\noidc:\n  issuer: https://idp.example.test\n  audiences: [a]\n  algorithms: [HS256]\n'
    expect((await problemsOf({ 'oidc.yaml': oidc }))[0]).toContain('oidc.yaml:5: oidc/algorithms/0:')
  })

  it('rejects with SP-CONFIG, a line for each problem', async () => {
    const failed = loadConfig(
      configDir({ 'grants.yaml': GRANTS_YAML.replace('reader', 'x').replace('orders', 'y') }),
      secrets,
    )
    const error = await failed.catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SallyportError)
    expect((error as SallyportError).code).toBe('SP-CONFIG')
    expect((error as SallyportError).detail.split('\n')).toHaveLength(2)
  })

  it('a key that is not of the certificate, and a short masking key', async () => {
    const dir = configDir()
    const { privateKey } = (await import('node:crypto')).generateKeyPairSync('ed25519')
    const { problems } = await checkConfig(dir, async (reference) => {
      if (reference === 'env:KEY') return 'c2hvcnQ='
      return reference.startsWith('file:') ? privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() : 'x'
    })
    const texts = problems.map(formatProblem)
    expect(texts).toContain('sallyport.yaml:4: node/listeners/0/tls/key: is not the private key of the certificate')
    expect(texts).toContain('masking.yaml:3: masking/keys/k1: must hold base64 of at least 32 random bytes')
  })
})

describe('the examples', () => {
  it('are right but for the files and secrets that they refer to', async () => {
    const { problems } = await checkConfig('proxy-config', secrets)
    expect(problems.filter(({ kind, path }) => kind === 'wrong' && !path.startsWith('masking/keys'))).toEqual([])
  })
})
