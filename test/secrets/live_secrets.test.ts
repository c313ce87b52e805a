import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createSecrets } from '../../src/secrets/live_secrets.ts'
import type { Credential, LiveCredential, SecretReading } from '../../src/session/ports.ts'
import { NO_PROVIDERS, type SecretSettings } from '../../src/session/secret_settings.ts'
import { serveVault, VaultState, vaultSettings } from './vault_server.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

class Refused extends Error {}
const refused = (error: unknown) => error instanceof Refused

/** A database that takes the passwords that the test names. */
function database(...accepted: string[]) {
  const tried: string[] = []
  const attempt = async ({ user, password }: Credential) => {
    tried.push(password)
    if (!accepted.includes(password)) throw new Refused('password authentication failed')
    return user
  }
  return { accepted, tried, login: (credential: LiveCredential) => credential.use(attempt, refused) }
}

async function vault(changes: Partial<SecretSettings> = {}) {
  vi.stubEnv('VAULT_TOKEN', 'root')
  const server = await serveVault(new VaultState())
  const time = { now: 1_000_000 }
  const readings: SecretReading[] = []
  const secrets = createSecrets({
    baseDir: '/',
    clock: { now: () => time.now, monotonic: () => time.now },
    onReading: (reading) => readings.push(reading),
  })
  onTestFinished(() => secrets.close())
  const providers = new Map([['vault', vaultSettings(server.url)]])
  const settings: SecretSettings = { ...NO_PROVIDERS, ...changes, providers }
  await secrets.configure(settings)
  const set = (...passwords: string[]) =>
    server.state.kv.set(
      'db',
      passwords.map((password) => ({ fields: { password } })),
    )
  return { ...server, time, readings, secrets, settings, set }
}

describe('a rotated login', () => {
  it('tries the new and then the old, and stays with what was taken until there is something newer', async () => {
    const { secrets, set, time } = await vault()
    set('one')
    const credential = secrets.credential('vault:kv/db#password', 'admin')
    const server = database('one')
    expect(await server.login(credential)).toBe('admin')
    // The secret is rotated before the server is: the reading is forced by a refusal elsewhere.
    set('one', 'two')
    await secrets.resolve('vault:kv/db#password', '/')
    expect((await credential.candidates()).map(({ password }) => password)).toEqual(['two', 'one'])
    await server.login(credential)
    await server.login(credential)
    expect(server.tried).toEqual(['one', 'two', 'one', 'one'])
    // Then the server takes the new one alone.
    server.accepted.splice(0, 1, 'two')
    await server.login(credential)
    await server.login(credential)
    expect(server.tried.slice(4)).toEqual(['one', 'two', 'two'])
    time.now += 3_600_001
    expect(await credential.candidates()).toEqual([{ user: 'admin', password: 'two' }])
  })

  it('reads again when the server refuses what is at hand, without a restart', async () => {
    const { secrets, set, readings } = await vault()
    set('one')
    const credential = secrets.credential('vault:kv/db#password', 'admin')
    const server = database('one')
    await server.login(credential)
    set('one', 'two')
    server.accepted.splice(0, 1, 'two')
    expect(await server.login(credential)).toBe('admin')
    expect(server.tried).toEqual(['one', 'one', 'two'])
    expect(readings.map(({ version, ok }) => [version, ok])).toEqual([
      ['1', true],
      ['2', true],
      // The version before, which the server may still have had.
      ['1', true],
    ])
    expect(JSON.stringify(readings)).not.toMatch(/one|two|root/)
  })

  it('finds the old version after a start in the middle of a rotation', async () => {
    const { secrets, set } = await vault()
    set('one', 'two')
    const server = database('one')
    expect(await server.login(secrets.credential('vault:kv/db#password', 'admin'))).toBe('admin')
    expect(server.tried).toEqual(['two', 'one'])
  })

  it('asks the provider once for many refused logins, and throws what the server said', async () => {
    const { secrets, set, asked } = await vault()
    set('one')
    const credential = secrets.credential('vault:kv/db#password', 'admin')
    const server = database('other')
    await expect(server.login(credential)).rejects.toThrow(Refused)
    const before = asked.length
    for (let login = 0; login < 20; login++) await expect(server.login(credential)).rejects.toThrow(Refused)
    expect(asked).toHaveLength(before)
    expect(server.tried).toHaveLength(21)
  })

  it('asks less and less often while nothing is taken, and at once again after something was', async () => {
    const { secrets, set, time, readings } = await vault()
    set('one')
    const credential = secrets.credential('vault:kv/db#password', 'admin')
    const server = database('two')
    const readAt: number[] = []
    for (let second = 0; second < 200; second++) {
      const before = readings.length
      await server.login(credential).catch(() => null)
      if (readings.length > before) readAt.push(second)
      time.now += 1000
    }
    expect(readAt).toEqual([0, 10, 30, 70, 130, 190])
    set('one', 'two')
    time.now += 60_000
    expect(await server.login(credential)).toBe('admin')
    server.accepted.splice(0, 1, 'three')
    set('one', 'two', 'three')
    time.now += 5000
    expect(await server.login(credential)).toBe('admin')
  })

  it('makes another account where the leased one is gone, and none for a server that is only behind', async () => {
    const { secrets, state, time } = await vault()
    const credential = secrets.credential('vault:database/creds/admin', null)
    const server = database('dynamic-2')
    await expect(server.login(credential)).rejects.toThrow(Refused)
    expect(state.accounts).toBe(1)
    state.leases.clear()
    time.now += 10_000
    expect(await server.login(credential)).toBe('v-admin-2')
    expect(state.accounts).toBe(2)
  })

  it('does not take an unreachable server for a refused login', async () => {
    const { secrets, set, asked } = await vault()
    set('one')
    const credential = secrets.credential('vault:kv/db#password', 'admin')
    await credential.candidates()
    const before = asked.length
    await expect(credential.use(() => Promise.reject(new Error('ECONNREFUSED')), refused)).rejects.toThrow(
      'ECONNREFUSED',
    )
    expect(asked).toHaveLength(before)
  })

  it('goes on with what it has while the provider is away, and says why where it has nothing', async () => {
    const { secrets, set, state, readings } = await vault()
    set('one')
    const credential = secrets.credential('vault:kv/db#password', 'admin')
    await credential.candidates()
    state.fault = { status: 503 }
    await expect(database('other').login(credential)).rejects.toThrow(Refused)
    expect(await database('one').login(credential)).toBe('admin')
    const other = secrets.credential('vault:kv/other#password', 'admin')
    await expect(other.candidates()).rejects.toThrow(/^SP-UPSTREAM: .*Vault answered with status 503/)
    expect(readings.at(-1)).toMatchObject({ reference: 'vault:kv/other#password', ok: false, version: null })
  })

  it('wants a user from somewhere; the one of the secret goes first', async () => {
    const { secrets, set, state } = await vault()
    set('one')
    await expect(secrets.credential('vault:kv/db#password', null).candidates()).rejects.toThrow('names a user')
    state.kv.set('db', [{ fields: { username: 'app_clone', password: 'x' } }])
    const credential = secrets.credential('vault:kv/db', 'app')
    expect(await credential.candidates()).toEqual([{ user: 'app_clone', password: 'x' }])
  })
})

describe('time', () => {
  it('reads again in the background, and prolongs leases before they end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { secrets, state, time, set } = await vault({ refreshMs: 60_000 })
    set('one')
    state.leaseSeconds = state.renewSeconds = 100
    const dynamic = secrets.credential('vault:database/creds/admin', null)
    const plain = secrets.credential('vault:kv/db#password', 'admin')
    await dynamic.candidates()
    await plain.candidates()
    set('one', 'two')
    time.now += 60_000
    await vi.advanceTimersByTimeAsync(60_000)
    vi.useRealTimers()
    await vi.waitFor(async () => {
      expect((await plain.candidates())[0]).toEqual({ user: 'admin', password: 'two' })
      expect([...state.leases.values()]).toEqual([{ renewed: 1 }])
    })
    expect(await dynamic.candidates()).toEqual([{ user: 'v-admin-1', password: 'dynamic-1' }])
  })

  it('takes another account when a lease can not be prolonged, and keeps the old one to its end', async () => {
    const { secrets, state, time } = await vault()
    const credential = secrets.credential('vault:database/creds/admin', null)
    await credential.candidates()
    time.now += 60_000
    expect((await credential.candidates()).map(({ user }) => user)).toEqual(['v-admin-1'])
    state.renewSeconds = 10
    time.now += 60_000
    expect((await credential.candidates()).map(({ user }) => user)).toEqual(['v-admin-2'])
    expect(state.accounts).toBe(2)
  })
})

describe('settings', () => {
  it('gives leases up that no configuration refers to any more, and all at the end', async () => {
    const { secrets, settings, state } = await vault()
    const reference = 'vault:database/creds/admin'
    await secrets.resolve(reference, '/', settings)
    await secrets.configure(settings)
    await secrets.resolve(reference, '/', settings)
    await secrets.configure(settings)
    // The same account over a reload.
    expect(state.accounts).toBe(1)
    expect(state.leases.size).toBe(1)
    await secrets.configure(settings)
    expect(state.leases.size).toBe(0)
    await secrets.credential(reference, null).candidates()
    expect(state.leases.size).toBe(1)
    await secrets.close()
    expect(state.leases.size).toBe(0)
  })

  it('reads a text again after the cache time, and keeps it while the provider is away', async () => {
    const { secrets, set, time, state, asked } = await vault({ cacheMs: 1000 })
    set('one')
    expect(await secrets.text('vault:kv/db#password')).toBe('one')
    set('one', 'two')
    expect(await secrets.text('vault:kv/db#password')).toBe('one')
    time.now += 1000
    expect(await Promise.all([1, 2].map(() => secrets.text('vault:kv/db#password')))).toEqual(['two', 'two'])
    expect(asked.filter(({ path }) => path.includes('/data/'))).toHaveLength(2)
    time.now += 1000
    state.fault = { status: 500 }
    expect(await secrets.text('vault:kv/db#password')).toBe('two')
    await expect(secrets.text('vault:kv/other')).rejects.toThrow('status 500')
    await expect(secrets.text('hunter2')).rejects.not.toThrow('hunter2')
  })

  it('reads files and variables as they are now', async () => {
    const { secrets, readings } = await vault()
    const dir = mkdtempSync(join(tmpdir(), 'sallyport-live-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    const file = join(dir, 'password')
    writeFileSync(file, 'hunter2\n', { mode: 0o600 })
    const server = database('hunter2')
    const credential = secrets.credential(`file:${file}`, 'admin')
    await server.login(credential)
    writeFileSync(file, 'hunter3\n')
    server.accepted.splice(0, 1, 'hunter3')
    await server.login(credential)
    expect(server.tried).toEqual(['hunter2', 'hunter2', 'hunter3'])
    expect(new Set(readings.map(({ version }) => version)).size).toBe(2)
    expect(JSON.stringify(readings)).not.toContain('hunter')
  })

  it('refuses a provider that is not configured, and a literal secret without repeating it', async () => {
    const { secrets, readings, settings } = await vault()
    await expect(secrets.resolve('aws:prod/db', '/', settings)).rejects.toThrow('no provider aws stands under')
    await expect(secrets.resolve('aws@vault:prod/db', '/', settings)).rejects.toThrow('is of kind vault, not aws')
    await expect(secrets.resolve('hunter2', '/', settings)).rejects.not.toThrow('hunter2')
    expect(JSON.stringify(readings)).not.toContain('hunter2')
  })
})
