import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { DEMO_LABELS, DEMO_MASKING, DEMO_ROLES, DEMO_SECTIONS, demoGrants } from '../deploy/demo/policy.ts'
import { checkConfig } from '../src/config/load.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

describe('Dockerfile', () => {
  const lines = read('Dockerfile')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
  const instructions = lines
    .filter((line) => /^[A-Z]+ /.test(line))
    .map((line) => line.split(/ (.*)/s) as [string, string])
  const last = instructions.slice(instructions.findLastIndex(([name]) => name === 'FROM'))
  const only = (name: string) => last.filter(([other]) => other === name).map(([, rest]) => rest)

  it('runs as a user with a number, and not as root', () => {
    expect(only('USER')).toEqual(['65532:65532'])
    expect(last.findIndex(([name]) => name === 'USER')).toBeGreaterThan(last.findLastIndex(([name]) => name === 'RUN'))
  })

  it('starts node itself, so that signals reach it', () => {
    expect(only('ENTRYPOINT').map((text) => JSON.parse(text))).toEqual([['node', 'dist/main.js']])
    expect(only('CMD').map((text) => JSON.parse(text))).toEqual([['serve', '--config', '/etc/sallyport']])
  })

  it('has a health check that asks the health listener', () => {
    expect(only('HEALTHCHECK')[0]).toContain('http://127.0.0.1:9464/healthz')
  })

  it('builds on the Node that the package asks for, with versions from the lock file', () => {
    const froms = instructions.filter(([name]) => name === 'FROM').map(([, rest]) => rest)
    for (const from of froms) expect(from).toMatch(/^node:24-/)
    const runs = instructions.filter(([name, rest]) => name === 'RUN' && rest.includes('npm'))
    for (const [, run] of runs) expect(run).toMatch(/^npm (ci|run build)/)
  })

  it('copies only what .dockerignore lets through, and no secret', () => {
    const ignored = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(ignored[0]).toBe('*')
    const through = new Set(ignored.slice(1).map((line) => line.slice(1)))
    const copied = instructions.filter(([name, rest]) => name === 'COPY' && !rest.startsWith('--from'))
    for (const source of copied.flatMap(([, rest]) => rest.split(' ').slice(0, -1))) {
      expect(through).toContain(source)
      expect(existsSync(join(ROOT, source))).toBe(true)
    }
    expect(instructions.filter(([name, rest]) => name === 'ADD' || /password|secret|token|\.key/i.test(rest))).toEqual(
      [],
    )
  })
})

describe('systemd unit', () => {
  const unit = read('deploy/sallyport.service')

  it.each([
    'DynamicUser=yes',
    'ProtectSystem=strict',
    'NoNewPrivileges=yes',
    'CapabilityBoundingSet=',
    'PrivateDevices=yes',
  ])('has %s', (line) => {
    expect(unit.split('\n')).toContain(line)
  })

  it('leaves more time than the drain takes', () => {
    expect(Number(/^TimeoutStopSec=(\d+)s$/m.exec(unit)?.[1])).toBeGreaterThan(30)
  })

  it('is one that systemd understands, where systemd is here', () => {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0) return
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-unit-'))
    try {
      const file = join(folder, 'sallyport.service')
      writeFileSync(file, unit.replace('/usr/bin/node', process.execPath))
      expect(spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })).toMatchObject({
        status: 0,
        stderr: '',
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('compose', () => {
  const { services, networks } = parse(read('deploy/compose/compose.yaml'))

  it('puts the database where only the proxy gets', () => {
    expect(services.database.networks).toEqual(['databases'])
    expect(services.database.ports).toBeUndefined()
    expect(services.database.network_mode).toBeUndefined()
    expect(networks.databases.internal).toBe(true)
    const others = Object.entries<{ networks: string[] }>(services).filter(([, service]) =>
      service.networks.includes('databases'),
    )
    expect(others.map(([name]) => name)).toEqual(['proxy', 'database'])
  })

  it('gives the proxy no rights and nothing to write but its state', () => {
    expect(services.proxy).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    })
    const writable = services.proxy.volumes.filter((volume: string) => !volume.endsWith(':ro'))
    expect(writable).toEqual(['../../data/state:/var/lib/sallyport'])
  })

  it('publishes on the loopback alone, and only the proxy', () => {
    expect(services.proxy.ports).toEqual(['127.0.0.1:6432:6432', '127.0.0.1:6480:6480'])
  })

  it('holds no password', () => {
    const variables = Object.values<{ environment: Record<string, string> }>(services).flatMap((service) =>
      Object.entries(service.environment),
    )
    const passwords = variables.filter(([name]) => name.includes('PASSWORD'))
    expect(passwords.length).toBeGreaterThan(0)
    for (const [, value] of passwords) expect(value).toMatch(/^\$\{[A-Z_]+:\?\}$/)
  })

  it('brings a configuration that is right but for the files of the container', async () => {
    const { problems } = await checkConfig(join(ROOT, 'deploy/compose/config'), async () => 'a secret')
    expect(problems.filter((problem) => !problem.message.startsWith('/etc/sallyport'))).toEqual([])
  })

  it('sets the accounts up with a script that a shell can read', () => {
    const script = join(ROOT, 'deploy/compose/accounts.sh')
    accessSync(script, constants.X_OK)
    execFileSync('sh', ['-n', script])
  })
})

describe('the demo', () => {
  it('has a policy that config check takes', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sallyport-demo-'))
    const account = { user: 'sallyport_admin', password: 'env:PASSWORD' }
    const target = { name: 'pay', engine: 'postgres', host: '127.0.0.1', labels: DEMO_LABELS, admin: account }
    const sections = {
      node: { listeners: [{ engine: 'postgres', port: 6432, tls: { cert: 'server.pem', key: 'file:server.key' } }] },
      oidc: { issuer: 'http://127.0.0.1:1', audiences: ['demo'] },
      targets: [{ ...target, accounts: { dynamic: {} } }],
      roles: DEMO_ROLES,
      grants: demoGrants(['pay'], Date.UTC(2030, 0)),
      masking: DEMO_MASKING,
      ...DEMO_SECTIONS,
    }
    for (const [name, section] of Object.entries(sections))
      writeFileSync(join(dir, `${name}.yaml`), JSON.stringify({ version: 1, [name]: section }))
    const { problems } = await checkConfig(dir, async () => Buffer.alloc(32).toString('base64'))
    rmSync(dir, { recursive: true })
    expect(problems.filter(({ path }) => !path.startsWith('node/listeners/0/tls'))).toEqual([])
  })
})

describe('network policy', () => {
  const [database, proxy] = parseAllDocuments(read('deploy/network-policy.yaml')).map((document) => document.toJS())

  it('lets the proxy alone reach the database: both selectors in one entry', () => {
    expect(database.spec.policyTypes).toEqual(['Ingress'])
    expect(database.spec.ingress).toHaveLength(1)
    const [{ from, ports }] = database.spec.ingress
    expect(from).toEqual([
      {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'sallyport' } },
        podSelector: { matchLabels: { 'app.kubernetes.io/name': 'sallyport' } },
      },
    ])
    expect(ports.map((entry: { port: number }) => entry.port)).toEqual([5432, 3306])
  })

  it('shows the metrics to monitoring alone', () => {
    const open = proxy.spec.ingress.filter((rule: { from?: unknown }) => rule.from === undefined)
    expect(open.flatMap((rule: { ports: { port: number }[] }) => rule.ports.map((entry) => entry.port))).toEqual([
      6432, 6306, 6480,
    ])
  })
})
