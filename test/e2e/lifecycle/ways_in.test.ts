import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificates } from '../../../certs/make.ts'
import { MYSQL_CLIENTS, mariadbClient, psql } from '../../clients/programs.ts'
import { visit } from '../../servers/browser.ts'
import { freePorts } from '../../servers/free_ports.ts'
import { type Said, type Terminal, terminalOf } from './people.ts'
import { MY, PG, startWorld, type World } from './world.ts'

/** Each way in with the clients that use it, by credentials that the command line made. */

const MAIN = new URL('../../../src/main.ts', import.meta.url).pathname
const TIMEOUT_MS = 60_000
const ORDER = 'SELECT note, email FROM shop.orders WHERE id = 1'
const READS = [{ schemas: ['shop'], tables: ['*'], verbs: ['read'] }]

interface Ports {
  readonly [way: string]: number
}

let folder: string
let world: World
let ports: Ports
let ca: string
let caText: string
let bob: Terminal
let carol: Terminal
let runner: Issuer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-ways-'))
  const tls = makeCertificates(join(folder, 'tls'))
  ca = tls.ca
  caText = readFileSync(ca, 'utf8')
  const ways = [
    ['postgres', 'token'],
    ['mysql', 'token'],
    ['postgres', 'scram'],
    ['mysql', 'password'],
    ['postgres', 'cert'],
    ['mysql', 'cert'],
  ] as const
  const free = await freePorts(ways.length)
  ports = Object.fromEntries(ways.map(([engine, auth], index) => [`${engine} ${auth}`, free[index] ?? 0]))
  const files = { cert: tls.cert, key: `file:${tls.key}` }
  runner = await startIssuer()
  world = await startWorld({
    store: 'sqlite',
    node: { listeners: ways.map(([engine, auth], index) => ({ engine, auth, port: free[index], tls: files })) },
    roles: [{ name: 'told', scope: READS, sessionReason: 'reason' }],
    sections: {
      approvals: [{ name: 'reading', roles: ['reader', 'told'], single: { groups: ['security'] } }],
    },
    tokens: {
      workloads: [
        {
          issuer: runner.issuer,
          jwksUri: `${runner.issuer}/jwks`,
          audiences: ['sallyport'],
          requiredClaims: [{ claim: 'repository', values: ['example/app'] }],
          groups: [{ claim: 'repository' }],
        },
      ],
    },
  })
  bob = await personAt('bob')
  carol = await personAt('carol')
  for (const person of [bob, carol]) await person.ask('whoami')
})
afterAll(async () => {
  bob?.close()
  carol?.close()
  await world?.stop()
  await runner?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A person whose profile trusts the listeners of this file. */
async function personAt(name: 'bob' | 'carol'): Promise<Terminal> {
  const terminal = await terminalOf(name, world.proxy, world.oidc)
  const path = join(terminal.home, 'profile.json')
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ca: caText }))
  return terminal
}

interface Asked {
  readonly request: { readonly id: string }
  readonly grant: { readonly id: string } | null
}

async function approved({ request }: Asked): Promise<string> {
  const { grant } = await carol.ask<Asked>('approve', request.id, '--reason', 'reads only')
  if (grant === null) throw new Error('no grant came of it')
  return grant.id
}

async function granted(target: string, role: string): Promise<string> {
  return approved(await bob.ask<Asked>('request', target, '--role', role, '--reason', 'a customer asks'))
}

/** The command line as a process of its own. */
function sallyport(env: Readonly<Record<string, string>>, ...argv: readonly string[]): Promise<Said> {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    env: { PATH: process.env.PATH, HOME: folder, SALLYPORT_KEYCHAIN: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    said.out += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    said.err += String(chunk)
  })
  return new Promise((done) => child.once('close', (code) => done({ code: code ?? -1, ...said })))
}

function loginTo(port: number | undefined, user: string, password: string, database: string) {
  return { host: 'localhost', port: port ?? 0, user, password, database, caFile: ca }
}

interface Issued {
  readonly user: string
  readonly password: string
  readonly record: { readonly id: string }
}

describe('with grants on both databases', () => {
  beforeAll(async () => {
    await granted(PG, 'reader')
    await granted(MY, 'reader')
  })

  it('a connection password opens psql by SCRAM, until it is void', async () => {
    const { user, password, record } = await bob.ask<Issued>('password', 'new', PG)
    const login = loginTo(ports['postgres scram'], user, password, 'postgres')
    expect(await psql(login, ORDER)).toMatchObject({ code: 0, stdout: 'note 1|[REDACTED]\n' })
    const live = new pg.Client({ ...login, ssl: { ca: caText } })
    await live.connect()
    expect((await live.query(ORDER)).rows).toEqual([{ note: 'note 1', email: '[REDACTED]' }])
    // The beginning of the id, as `password ls` shows it.
    const [short = ''] = /^[0-9a-f]{8}-[0-9a-f]{4}/.exec(record.id) ?? []
    expect((await bob.run('password', 'ls')).out).toContain(short)
    expect(await bob.run('password', 'revoke', short)).toMatchObject({ code: 0, out: `${record.id}: void\n` })
    expect((await psql(login, ORDER)).stderr).toMatch(/SP-AUTH/)
    // What a password opened lives by its grant: a lock or the end of that ends it.
    expect((await live.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await live.end()
  })

  it('a connection password opens the clients of MySQL by caching_sha2_password, until it is void', async () => {
    const { user, password, record } = await bob.ask<Issued>('password', 'new', MY)
    const login = loginTo(ports['mysql password'], user, password, 'shop')
    const seen = { code: 0, stdout: 'note 1\t[REDACTED]\n' }
    for (const [, client] of MYSQL_CLIENTS) expect(await client(login, ORDER)).toMatchObject(seen)
    const { caFile: _, ...address } = login
    const live = await mysql.createConnection({ ...address, ssl: { ca: caText } })
    expect((await live.query(ORDER))[0]).toEqual([{ note: 'note 1', email: '[REDACTED]' }])
    await live.end()
    await bob.ask('password', 'revoke', record.id)
    expect((await mariadbClient(login, ORDER)).stderr).toMatch(/SP-AUTH/)
  })

  it('a certificate opens psql and the client of MySQL, until it is void', async () => {
    const name = join(folder, 'bob')
    const { record } = await bob.ask<{ record: { id: string } }>('certs', 'new', '--out', name)
    expect(statSync(`${name}.key`).mode & 0o777).toBe(0o600)
    const own = loginTo(ports['postgres cert'], `bob@example.test/${PG}`, '', 'postgres')
    const shown = { ...own, more: `sslcert=${name}.crt sslkey=${name}.key` }
    expect(await psql(shown, ORDER)).toMatchObject({ code: 0, stdout: 'note 1|[REDACTED]\n' })
    const other = loginTo(ports['mysql cert'], `bob@example.test/${MY}`, '', 'shop')
    const pair = [`--ssl-cert=${name}.crt`, `--ssl-key=${name}.key`]
    const clients = MYSQL_CLIENTS.map(
      ([, client]) =>
        () =>
          client(other, ORDER, ...pair),
    )
    for (const ask of clients) expect(await ask()).toMatchObject({ code: 0, stdout: 'note 1\t[REDACTED]\n' })
    expect((await psql(own, ORDER)).code).not.toBe(0)
    expect((await psql({ ...shown, user: `carol@example.test/${PG}` }, ORDER)).stderr).toMatch(/SP-AUTH/)
    expect((await bob.run('certs', 'revoke', record.id.slice(0, 13))).code).toBe(0)
    expect((await psql(shown, ORDER)).stderr).toMatch(/SP-AUTH/)
    for (const ask of clients) expect((await ask()).code).not.toBe(0)
  })

  it('connect runs psql and mysql as oneself, with their exit codes', async () => {
    const at = { SALLYPORT_HOME: bob.home }
    const read = await sallyport(at, 'connect', PG, '--psql', '--', '-X', '-A', '-t', '-c', ORDER)
    expect(read).toMatchObject({ code: 0, out: 'note 1|[REDACTED]\n' })
    const wrong = await sallyport(at, 'connect', PG, '--psql', '--', '-X', '-c', 'DELETE FROM shop.orders')
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('sallyport request --from') })
    const other = await sallyport(at, 'connect', MY, '--mysql', '--', '-BN', '-e', ORDER)
    expect(other).toMatchObject({ code: 0, out: 'note 1\t[REDACTED]\n' })
    const mixed = await sallyport(at, 'connect', MY, '--psql')
    expect(mixed).toMatchObject({ code: 2, err: expect.stringContaining('--mysql') })
  })

  it('connect --url is what drivers take', async () => {
    const address = (await bob.run('connect', PG, '--url')).out.trim()
    const client = new pg.Client({ connectionString: address.replace(/\?.*/, ''), ssl: { ca: caText } })
    await client.connect()
    expect((await client.query(ORDER)).rows).toEqual([{ note: 'note 1', email: '[REDACTED]' }])
    await client.end()
    const other = (await bob.run('connect', MY, '--url', '--database', 'shop')).out.trim()
    const connection = await mysql.createConnection({ uri: other.replace(/\?.*/, ''), ssl: { ca: caText } })
    expect((await connection.query(ORDER))[0]).toEqual([{ note: 'note 1', email: '[REDACTED]' }])
    await connection.end()
  })

  it('connect --dbeaver writes a connection that DBeaver reads, beside those that are there', async () => {
    const workspace = join(folder, 'dbeaver')
    const child = spawn(process.execPath, [MAIN, 'connect', PG, '--dbeaver', workspace], {
      env: { ...process.env, SALLYPORT_HOME: bob.home, SALLYPORT_KEYCHAIN: 'off' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    await new Promise((done) => child.stdout.once('data', done))
    const path = join(workspace, 'General', '.dbeaver', 'data-sources.json')
    const [[id, entry]] = Object.entries(JSON.parse(readFileSync(path, 'utf8')).connections) as [[string, Entry]]
    expect([id, entry.provider, entry.driver]).toEqual([`sallyport-${PG}`, 'postgresql', 'postgres-jdbc'])
    const { host, port, user, database } = entry.configuration
    const client = new pg.Client({ host, port: Number(port), user, database })
    await client.connect()
    expect((await client.query(ORDER)).rows).toEqual([{ note: 'note 1', email: '[REDACTED]' }])
    await client.end()
    const ended = new Promise((done) => child.once('exit', done))
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })

  it('a reason goes with a session where the role demands one', async () => {
    await granted(PG, 'told')
    const at = { SALLYPORT_HOME: bob.home }
    const command = ['--psql', '--', '-X', '-A', '-t', '-c', ORDER]
    const untold = await sallyport(at, 'connect', `${PG}/told`, ...command)
    expect(untold).toMatchObject({ code: 2, err: expect.stringContaining('reason') })
    const told = await sallyport(at, 'connect', `${PG}/told`, '--reason', 'on call', ...command)
    expect(told).toMatchObject({ code: 0, out: 'note 1|[REDACTED]\n' })
  })

  interface Entry {
    readonly provider: string
    readonly driver: string
    readonly configuration: Readonly<Record<'host' | 'port' | 'user' | 'database', string>>
  }
})

describe('logging in', () => {
  it('opens the program that BROWSER names, and logging out ends it', async () => {
    const home = mkdtempSync(join(folder, 'home-'))
    const seen = join(home, 'url')
    const env = { SALLYPORT_HOME: home, BROWSER: `sh ${join(folder, 'browser.sh')}`, SEEN: seen }
    writeFileSync(join(folder, 'browser.sh'), 'printf %s "$1" > "$SEEN"\n')
    const going = sallyport(env, 'login', '--server', world.proxy.apiUrl, '--ca', ca)
    await expect.poll(() => textOf(seen), { timeout: 20_000 }).toContain('code_challenge')
    await visit(textOf(seen), 'bob')
    expect(await going).toMatchObject({ code: 0, out: expect.stringContaining('logged in as bob@example.test') })
    expect((await sallyport(env, 'whoami')).out).toContain('bob@example.test')
    expect(await sallyport(env, 'logout')).toMatchObject({ code: 0 })
    expect(await sallyport(env, 'whoami')).toMatchObject({ code: 3, err: expect.stringContaining('sallyport login') })
  })

  it('shows a code where there is no browser', async () => {
    const home = mkdtempSync(join(folder, 'home-'))
    const child = spawn(process.execPath, [MAIN, 'login', '--server', world.proxy.apiUrl, '--device'], {
      env: { PATH: process.env.PATH, SALLYPORT_HOME: home, SALLYPORT_KEYCHAIN: 'off', SALLYPORT_CA_FILE: ca },
    })
    const said = { out: '', err: '' }
    child.stdout.on('data', (chunk) => {
      said.out += String(chunk)
    })
    child.stderr.on('data', (chunk) => {
      said.err += String(chunk)
    })
    const ended = new Promise((done) => child.once('close', done))
    await expect.poll(() => said.err, { timeout: 20_000 }).toContain('enter the code')
    const [, page = '', code = ''] = /Visit (\S+) and enter the code (\S+)/.exec(said.err) ?? []
    await visit(`${page}?user_code=${code}`, 'bob')
    expect(await ended).toBe(0)
    expect(said.out).toContain('logged in as bob@example.test')
  })

  it('is asked for again once it is over', async () => {
    const path = join(bob.home, 'tokens.json')
    const before = readFileSync(path, 'utf8')
    writeFileSync(path, JSON.stringify({ ...JSON.parse(before), expiresAt: Date.now() - 1 }))
    expect(await bob.run('whoami')).toMatchObject({ code: 3, err: expect.stringContaining('run sallyport login') })
    const stale = await world.oidc.tokenFor('bob', { expiresIn: -60 })
    writeFileSync(path, JSON.stringify({ ...JSON.parse(before), token: stale }))
    expect(await bob.run('whoami')).toMatchObject({ code: 3, err: expect.stringContaining('Run sallyport login') })
    writeFileSync(path, before)
  })

  it('says what is wrong with the server', async () => {
    const home = mkdtempSync(join(folder, 'home-'))
    const login = (...more: string[]) => sallyport({ SALLYPORT_HOME: home }, 'login', '--device', ...more)
    expect(await login()).toMatchObject({ code: 2, err: expect.stringContaining('--server URL') })
    expect(await login('--server', 'sallyport')).toMatchObject({ code: 2, err: expect.stringContaining('https://') })
    expect(await login('--server', 'http://db.example.test')).toMatchObject({ code: 2 })
    const [port = 0] = await freePorts(1)
    expect(await login('--server', `http://localhost:${port}`)).toMatchObject({
      code: 3,
      err: expect.stringMatching(/can not be reached.*ECONNREFUSED/),
    })
    const distrusting = { SALLYPORT_HOME: bob.home, SALLYPORT_CA_FILE: otherAuthority() }
    const refused = await sallyport(distrusting, 'connect', PG, '--psql', '--', '-c', 'SELECT 1')
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('TLS with localhost failed') })
  })
})

it('a pipeline needs a token and an address, and no login', async () => {
  const home = join(folder, 'nobody')
  const token = await runner.tokenFor('example/app')
  const env = { SALLYPORT_HOME: home, SALLYPORT_TOKEN: token, SALLYPORT_SERVER: world.proxy.apiUrl }
  const me = await sallyport(env, 'whoami', '--json')
  expect(JSON.parse(me.out)).toMatchObject({ person: { email: null }, groups: ['repository:example/app'] })
  const asked = await sallyport(env, 'request', PG, '--role', 'reader', '--reason', 'a nightly check', '--json')
  await approved(JSON.parse(asked.out))
  const trusting = { ...env, SALLYPORT_CA_FILE: ca }
  const read = await sallyport(trusting, 'connect', PG, '--psql', '--', '-X', '-A', '-t', '-c', ORDER)
  expect(read).toMatchObject({ code: 0, out: 'note 1|[REDACTED]\n' })
  const stranger = { ...env, SALLYPORT_TOKEN: await runner.tokenFor('example/other') }
  expect(await sallyport(stranger, 'whoami')).toMatchObject({
    code: 3,
    err: expect.stringContaining('SALLYPORT_TOKEN'),
  })
  const lost = await sallyport({ SALLYPORT_HOME: home, SALLYPORT_TOKEN: token }, 'whoami')
  expect(lost).toMatchObject({ code: 3, err: expect.stringContaining('SALLYPORT_SERVER') })
})

it('every list is JSON where it is asked for', async () => {
  const lists = [
    ['target', 'ls'],
    ['target', 'roles', PG],
    ['request', 'ls'],
    ['request', 'ls', '--to-answer'],
    ['grant', 'ls'],
    ['session', 'ls'],
    ['password', 'ls'],
    ['certs', 'ls'],
    ['lock', 'ls'],
    ['delegate', 'ls'],
    ['policy', 'ls'],
    ['access-review', 'ls'],
    ['webhook', 'ls'],
    ['break-glass-review', 'ls'],
  ]
  for (const list of lists) expect(await carol.ask(...list)).toBeInstanceOf(Array)
})

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function otherAuthority(): string {
  return makeCertificates(join(folder, 'other')).ca
}

interface Issuer {
  readonly issuer: string
  tokenFor(repository: string): Promise<string>
  stop(): Promise<void>
}

/** An issuer of tokens for pipelines: a key set, and tokens as such issuers make them. */
async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }
  const server = createHttpServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [jwk] }))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    tokenFor: (repository) =>
      new SignJWT({ repository })
        .setProtectedHeader({ alg: 'ES256', kid: 'one', typ: 'JWT' })
        .setIssuer(issuer)
        .setAudience('sallyport')
        .setSubject(`repo:${repository}`)
        .setIssuedAt()
        .setExpirationTime('10m')
        .setJti(repository)
        .sign(privateKey),
    stop: () => new Promise((done) => server.close(() => done())),
  }
}
