import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import { createVaultProvider } from '../../src/secrets/vault_provider.ts'
import type { VaultAuth } from '../../src/session/secret_settings.ts'
import { FAULTS } from '../outbound/contract_server.ts'
import { serveVault, VaultState, vaultSettings } from './vault_server.ts'

const LOCAL: Readonly<Record<string, string>> = {
  'env:VAULT_TOKEN': 'root',
  'env:ROLE': 'role-1',
  'env:SECRET': 'secret-1',
}
const APPROLE: VaultAuth = { method: 'approle', mount: 'approle', roleId: 'env:ROLE', secretId: 'env:SECRET' }

async function vault({ auth, state = new VaultState() }: { auth?: VaultAuth; state?: VaultState } = {}) {
  const server = await serveVault(state)
  const time = { now: 1_000_000 }
  const read = async (reference: string) => LOCAL[reference] ?? ''
  return { ...server, time, provider: createVaultProvider(vaultSettings(server.url, auth), read, () => time.now) }
}

describe('KV version 2', () => {
  it('gives a field with the version, and the user that stands beside it', async () => {
    const { provider, state } = await vault()
    state.kv.set('orders', [{ fields: { password: 'old' } }, { fields: { username: 'admin', password: 'new', n: 1 } }])
    const expected = { value: 'new', user: 'admin', version: '2', expiresAt: null, lease: null }
    expect(await provider.read('kv/orders', 'password')).toMatchObject(expected)
    expect(await provider.read('deep/kv/orders', null)).toMatchObject(expected)
    expect(await provider.read('kv/orders', 'username')).toMatchObject({ value: 'admin', user: null })
    expect(await provider.others('kv/orders', 'password')).toMatchObject([{ value: 'old', version: '1' }])
    await expect(provider.read('kv/orders', 'n')).rejects.toThrow('no such field')
    await expect(provider.read('kv/orders', 'toString')).rejects.toThrow('no such field')
    await expect(provider.read('kv/missing', 'password')).rejects.toThrow('Vault has no such secret')
  })

  it('takes a deleted version for none', async () => {
    const { provider, state } = await vault()
    state.kv.set('orders', [{ fields: null }, { fields: { a: '1', b: '2' } }])
    expect(await provider.others('kv/orders', 'a')).toEqual([])
    await expect(provider.read('kv/orders', null)).rejects.toThrow('several fields')
    state.kv.set('orders', [{ fields: null }])
    await expect(provider.read('kv/orders', 'a')).rejects.toThrow('no such secret')
  })

  it.each([
    'kv/../sys/raw',
    'kv/a?version=1',
    'kv/%2e%2e/a',
    'kv//a',
    'kv/',
    'kv',
    'database/config/x',
    'database/creds',
  ])('asks nothing for %s', async (path) => {
    const { provider, asked } = await vault()
    await expect(provider.read(path, 'a')).rejects.toThrow('SP-CONFIG')
    expect(asked).toHaveLength(0)
  })
})

describe('the database engine', () => {
  it('makes an account, prolongs its lease and gives it up', async () => {
    const { provider, state, time } = await vault()
    const made = await provider.read('database/creds/admin', null)
    expect(made).toMatchObject({ user: 'v-admin-1', value: 'dynamic-1', version: 'lease1', expiresAt: 1_060_000 })
    time.now += 30_000
    expect(await made.lease?.renew()).toBe(1_090_000)
    // The role's maximum is near: what is left is less than half.
    state.renewSeconds = 20
    expect(await made.lease?.renew()).toBeNull()
    await provider.read('database/creds/admin', null)
    expect(state.leases.size).toBe(2)
    await provider.close()
    expect(state.leases.size).toBe(0)
  })

  it('gives the account whose password Vault rotates, up to the next rotation', async () => {
    const { provider, state } = await vault()
    expect(await provider.read('database/static-creds/app', null)).toMatchObject({
      user: 'app',
      value: 'static-1',
      version: state.static.last_vault_rotation,
      expiresAt: 1_030_000,
      lease: null,
    })
    await expect(provider.read('database/static-creds/app', 'password')).rejects.toThrow('no fields')
  })
})

describe('logging in', () => {
  it('exchanges a token that was revoked, once', async () => {
    const { provider, state } = await vault({ auth: APPROLE })
    state.tokenSeconds = 3600
    state.kv.set('a', [{ fields: { value: 'x' } }])
    await provider.read('kv/a', null)
    await provider.read('kv/a', null)
    expect(state.logins).toBe(1)
    state.tokens.clear()
    expect(await provider.read('kv/a', null)).toMatchObject({ value: 'x' })
    expect(state.logins).toBe(2)
  })

  it('renews its token at half of its life, and logs in again at its end; leases of the old token are not prolonged', async () => {
    const { provider, state, time } = await vault({ auth: APPROLE })
    state.tokenSeconds = 100
    state.leaseSeconds = 1000
    state.renewSeconds = 1000
    const made = await provider.read('database/creds/admin', null)
    // The lease says 1000 s, but it ends with the token.
    expect(made.expiresAt).toBe(1_100_000)
    time.now += 60_000
    expect(await made.lease?.renew()).toBe(1_160_000)
    expect(state.renewals).toBe(1)
    time.now += 99_000
    const next = await provider.read('database/creds/admin', null)
    expect(state.logins).toBe(2)
    expect(await made.lease?.renew()).toBeNull()
    expect(await next.lease?.renew()).not.toBeNull()
  })

  it('logs in with the token of the service account in Kubernetes', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sallyport-k8s-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    writeFileSync(join(dir, 'token'), 'a.b.c\n')
    const auth: VaultAuth = {
      method: 'kubernetes',
      mount: 'kubernetes',
      role: 'sallyport',
      tokenPath: join(dir, 'token'),
    }
    const { provider, state } = await vault({ auth })
    state.kv.set('a', [{ fields: { value: 'x' } }])
    expect(await provider.read('kv/a', null)).toMatchObject({ value: 'x', version: '1' })
  })

  it('logs in once for readings at the same time, and again after a failure', async () => {
    const { provider, state } = await vault({ auth: APPROLE })
    state.kv.set('a', [{ fields: { value: 'x' } }])
    state.fault = { status: 503, json: { errors: ['Vault is sealed'] } }
    await expect(provider.read('kv/a', null)).rejects.toThrow('Vault refused the login with status 503')
    state.fault = null
    await Promise.all([1, 2, 3].map(() => provider.read('kv/a', null)))
    expect(state.logins).toBe(1)
  })
})

it.each(FAULTS)('says no more than what went wrong: %s', async (fault) => {
  const { provider, state } = await vault()
  state.fault = { fault }
  const read = provider.read('kv/orders', 'password')
  await expect(read).rejects.toThrow(/^SP-CONFIG: Vault /)
  const error = await read.catch((thrown: unknown) => thrown)
  expect(error).not.toHaveProperty('cause')
  expect(String(error)).not.toContain('s3cr3t')
  expect(String(error)).not.toContain('root')
})

it('reads or refuses whatever JSON it is answered', async () => {
  const { provider, state } = await vault()
  await provider.read('kv/none', null).catch(() => null)
  const part = fc.oneof(fc.jsonValue(), fc.record({ data: fc.jsonValue(), metadata: fc.record({ version: fc.nat() }) }))
  const answer = fc.oneof(
    fc.jsonValue(),
    fc.record({ data: part, lease_id: fc.string(), lease_duration: fc.jsonValue() }),
  )
  await fc.assert(
    fc.asyncProperty(
      answer,
      fc.constantFrom('kv/a', 'database/creds/a', 'database/static-creds/a'),
      async (json, path) => {
        state.fault = { status: 200, json }
        try {
          const { value, version } = await provider.read(path, null)
          expect([value, version]).not.toContain('')
        } catch (error) {
          expect(error).toBeInstanceOf(SallyportError)
        }
      },
    ),
  )
})
