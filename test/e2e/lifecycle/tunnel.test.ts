import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTunnel, type Tunnel, type TunnelSettings } from '../../../src/cli/tunnel/tunnel.ts'
import type { SallyportError } from '../../../src/errors.ts'
import { startMariadb } from '../../servers/mariadb.ts'
import { TARGET as MYSQL_TARGET, type Stack, startStack } from '../mysql/stack.ts'
import { grantOf, MASKING_KEYS, type PostgresStack, startPostgresStack } from '../stack.ts'

const run = promisify(execFile)

/** Clients of a tunnel: no TLS, no password, a name of their own. */
describe('a tunnel to PostgreSQL', () => {
  let stack: PostgresStack
  let tunnel: Tunnel
  const failures: SallyportError[] = []

  const open = (more: Partial<TunnelSettings> = {}) =>
    openTunnel({
      engine: 'postgres',
      gate: { host: 'localhost', port: stack.proxy.postgresPort, ca: readFileSync(stack.proxy.ca, 'utf8') },
      user: 'alice/club-pg',
      token: () => stack.token('alice'),
      reason: null,
      ticket: null,
      port: 0,
      failed: (error) => failures.push(error),
      ...more,
    })
  const psql = async (port: number, statement: string) => {
    const at = `host=127.0.0.1 port=${port} user=me dbname=postgres sslmode=prefer`
    const { stdout } = await run('psql', ['-X', '-A', '-t', '-d', at, '-c', statement])
    return stdout.trim()
  }

  beforeAll(async () => {
    stack = await startPostgresStack({
      setupSql: ['CREATE TABLE public.notes (id int, note text)', "INSERT INTO public.notes VALUES (1, 'one')"],
      roles: [{ name: 'reader', scope: [{ schemas: ['public'], tables: ['*'], verbs: ['read'] }] }],
      masking: { keys: MASKING_KEYS, masks: [] },
      grants: () => [grantOf('alice', 'reader', { principal: { email: 'alice@example.test' } })],
    })
    tunnel = await open()
  })
  afterAll(async () => {
    await tunnel?.close()
    await stack?.stop()
  })

  it('brings psql in as the person, who is on record', async () => {
    expect(await psql(tunnel.port, 'SELECT note FROM notes')).toBe('one')
    const logins = stack.proxy.audit().filter((record) => JSON.stringify(record).includes('"session.login"'))
    expect(JSON.stringify(logins.at(-1))).toContain('alice@example.test')
  })

  it("says the proxy's own refusal in the client's protocol", async () => {
    const other = await open({ user: 'alice/unknown' })
    await expect(psql(other.port, 'SELECT 1')).rejects.toThrow(/not|refused|SP-/)
    const expired = await open({ token: () => stack.token('alice', { expiresIn: -60 }) })
    await expect(psql(expired.port, 'SELECT 1')).rejects.toThrow(/SP-AUTH/)
    const dead = await open({ gate: { host: '127.0.0.1', port: 1, ca: null } })
    await expect(psql(dead.port, 'SELECT 1')).rejects.toThrow(/can not be reached/)
    const strange = await open({ gate: { host: 'localhost', port: stack.proxy.postgresPort, ca: null } })
    await expect(psql(strange.port, 'SELECT 1')).rejects.toThrow(/TLS with localhost failed/)
    await Promise.all([other, expired, dead, strange].map((one) => one.close()))
    expect(failures.length).toBeGreaterThan(0)
  })

  it("cancels by the client's own key", async () => {
    const client = new pg.Client({ host: '127.0.0.1', port: tunnel.port, user: 'me', database: 'postgres' })
    client.on('error', () => undefined)
    await client.connect()
    const asleep = client.query('SELECT count(*) FROM generate_series(1, 4000000000)')
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number }
    const failed = asleep.then(
      () => 'done',
      (error: { code: string }) => error.code,
    )
    const canceller = new pg.Client({ host: '127.0.0.1', port: tunnel.port }) as unknown as {
      connection: {
        connect(port: number, host: string): void
        cancel(pid: number, key: number): void
        on(event: string, heard: () => void): void
      }
    }
    canceller.connection.on('connect', () => canceller.connection.cancel(processID, secretKey))
    canceller.connection.connect(tunnel.port, '127.0.0.1')
    expect(await failed).toBe('57014')
    await client.end()
  })
})

describe('a tunnel to MariaDB', () => {
  let stack: Stack
  let tunnel: Tunnel

  beforeAll(async () => {
    stack = await startStack(startMariadb)
    tunnel = await openTunnel({
      engine: 'mysql',
      gate: { host: 'localhost', port: stack.proxy.mysqlPort, ca: readFileSync(stack.proxy.ca, 'utf8') },
      user: stack.user('alice'),
      token: () => stack.token('alice'),
      reason: null,
      ticket: null,
      port: 0,
      failed: () => undefined,
    })
  })
  afterAll(async () => {
    await tunnel?.close()
    await stack?.stop()
  })

  it.each(['--skip-ssl', '--compress'])('brings the mariadb client in as the person, %s', async (option) => {
    const at = ['--protocol=TCP', '--host=127.0.0.1', `--port=${tunnel.port}`, '--user=me', option]
    const { stdout } = await run('mariadb', [
      '--no-defaults',
      ...at,
      '-BN',
      '-e',
      'SELECT 1 + 1; SELECT CURRENT_USER() IS NOT NULL',
    ])
    expect(stdout).toBe('2\n1\n')
    expect(JSON.stringify(stack.proxy.audit())).toContain(MYSQL_TARGET)
  })

  it("says the proxy's own refusal in the client's protocol", async () => {
    const other = await openTunnel({
      engine: 'mysql',
      gate: { host: 'localhost', port: stack.proxy.mysqlPort, ca: readFileSync(stack.proxy.ca, 'utf8') },
      user: stack.user('alice'),
      token: () => stack.token('alice', { expiresIn: -60 }),
      reason: null,
      ticket: null,
      port: 0,
      failed: () => undefined,
    })
    const at = ['--protocol=TCP', '--host=127.0.0.1', `--port=${other.port}`, '--user=me', '--skip-ssl']
    await expect(run('mariadb', ['--no-defaults', ...at, '-e', 'SELECT 1'])).rejects.toThrow(/1045.*SP-AUTH/)
    await other.close()
  })
})
