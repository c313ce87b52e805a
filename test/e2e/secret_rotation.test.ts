import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createSecrets } from '../../src/secrets/live_secrets.ts'
import type { SecretReading, Target } from '../../src/session/ports.ts'
import { NO_PROVIDERS } from '../../src/session/secret_settings.ts'
import { createCatalogs } from '../../src/upstream/catalogs.ts'
import { createFormerNames } from '../../src/upstream/former_names.ts'
import { serveVault, vaultSettings } from '../secrets/vault_server.ts'
import { startMariadb } from '../servers/mariadb.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { DatabaseServer } from '../servers/process.ts'

type Run = (sql: string) => Promise<void>

/** Catalogs of one server whose admin's password stands in Vault, with a clock that the test moves on. */
async function watched(server: DatabaseServer, engine: Target['engine'], database: string) {
  vi.stubEnv('VAULT_TOKEN', 'root')
  onTestFinished(() => void vi.unstubAllEnvs())
  const vault = await serveVault()
  const readings: SecretReading[] = []
  const ahead = { ms: 0 }
  const clock = { now: () => Date.now() + ahead.ms, monotonic: () => performance.now() + ahead.ms }
  const secrets = createSecrets({ baseDir: '/', clock, onReading: (reading) => readings.push(reading) })
  onTestFinished(() => secrets.close())
  await secrets.configure({ ...NO_PROVIDERS, providers: new Map([['vault', vaultSettings(vault.url)]]) })
  const target: Target = {
    name: 'orders',
    engine,
    host: 'localhost',
    port: server.port,
    tls: { mode: 'verify-full', ca: server.ca, serverName: null },
    labels: {},
    defaultDatabase: database,
    admin: { user: 'nobody', password: 'never used' },
    maxConnections: 5,
    capture: 'normalized',
    catalogPollMs: 60_000,
    durability: 'log',
  }
  const formerNames = createFormerNames(null)
  const loginOf = () => secrets.credential('vault:kv/orders#password', 'rotated')
  const catalogs = createCatalogs({ targets: [target], clock, formerNames, loginOf })
  onTestFinished(() => catalogs.close())
  const passwords: string[] = []
  const inVault = (password: string) => {
    passwords.push(password)
    vault.state.kv.set(
      'orders',
      passwords.map((one) => ({ fields: { password: one } })),
    )
  }
  /** A fresh reading over a fresh connection. */
  const read = async () => {
    ahead.ms += 10_000
    catalogs.invalidate('orders', 'the test says so')
    return (await catalogs.ensure(target, database)).digest
  }
  return { inVault, read, readings }
}

/** The secret changes before the server does, after it, and never. */
async function rotates({ inVault, read, readings }: Awaited<ReturnType<typeof watched>>, setPassword: Run) {
  inVault('one')
  await setPassword('one')
  await read()
  await setPassword('two')
  inVault('two')
  await read()
  inVault('three')
  await read()
  await setPassword('three')
  await read()
  await setPassword('four')
  await expect(read()).rejects.toThrow('SP-UPSTREAM')
  inVault('four')
  await read()
  expect(readings.filter(({ ok }) => ok).map(({ version }) => version)).toContain('4')
  expect(JSON.stringify(readings)).not.toMatch(/one|two|three|four/)
}

describe('a rotated admin password needs no restart', () => {
  it('PostgreSQL', async () => {
    const server = await startPostgres({ setupSql: ["CREATE ROLE rotated LOGIN PASSWORD 'none'"] })
    onTestFinished(() => server.stop())
    const { host, port, user, password, ca } = server
    const client = new pg.Client({ host, port, user, password, database: 'postgres', ssl: { ca, host: 'localhost' } })
    await client.connect()
    onTestFinished(() => client.end())
    const setPassword = async (next: string) => void (await client.query(`ALTER ROLE rotated PASSWORD '${next}'`))
    await rotates(await watched(server, 'postgres', 'postgres'), setPassword)
  })

  it('MariaDB', async () => {
    const server = await startMariadb()
    onTestFinished(() => server.stop())
    const { port, user, password, ca } = server
    const client = await createConnection({ host: 'localhost', port, user, password, ssl: { ca } })
    onTestFinished(() => client.end())
    await client.query("CREATE USER rotated@'%' IDENTIFIED BY 'none'")
    await client.query("GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE ON *.* TO rotated@'%'")
    const setPassword = async (next: string) =>
      void (await client.query(`ALTER USER rotated@'%' IDENTIFIED BY '${next}'`))
    await rotates(await watched(server, 'mysql', ''), setPassword)
  })
})
