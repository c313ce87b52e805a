import type { VaultAuth, VaultSettings } from '../../src/session/secret_settings.ts'
import { type Asked, type ContractServer, type Reply, serveContract } from '../outbound/contract_server.ts'

export interface Version {
  readonly fields: Readonly<Record<string, unknown>> | null
}

/** What the test sets, and what it looks at afterwards. */
export class VaultState {
  /** Tokens that are valid. */
  readonly tokens = new Set(['root'])
  /** Versions of each secret of the mount `kv`, from 1. */
  readonly kv = new Map<string, Version[]>()
  readonly leases = new Map<string, { renewed: number }>()
  accounts = 0
  logins = 0
  leaseSeconds = 60
  /** What a renewal gives. */
  renewSeconds = 60
  tokenSeconds = 0
  renewals = 0
  static = { username: 'app', password: 'static-1', ttl: 30, last_vault_rotation: '2026-01-01T00:00:00Z' }
  fault: Reply | null = null
}

const json = (status: number, body: unknown): Reply => ({ status, json: body })
const DENIED = json(403, { errors: ['permission denied'] })
const NONE = json(404, { errors: [] })

/** Answers as Vault and OpenBao do: API documentation of KV version 2, the database engine, tokens and leases. */
export async function serveVault(state = new VaultState()): Promise<ContractServer & { readonly state: VaultState }> {
  const server = await serveContract((asked) => state.fault ?? answer(state, asked))
  return { ...server, state }
}

export function vaultSettings(address: string, auth?: VaultAuth): VaultSettings {
  return {
    kind: 'vault',
    address,
    namespace: 'team/a',
    ca: null,
    timeoutMs: 500,
    auth: auth ?? { method: 'token', token: 'env:VAULT_TOKEN' },
    kvMounts: ['deep/kv'],
    databaseMounts: ['database'],
  }
}

function answer(state: VaultState, asked: Asked): Reply {
  const { path, headers } = asked
  if (headers['x-vault-request'] !== 'true' || headers['x-vault-namespace'] !== 'team/a') return json(400, {})
  if (path.startsWith('/v1/auth/') && path.endsWith('/login')) return login(state, asked)
  if (!state.tokens.has(headers['x-vault-token'] ?? '')) return DENIED
  if (path === '/v1/auth/token/lookup-self') {
    return json(200, { data: { ttl: state.tokenSeconds, renewable: state.tokenSeconds > 0 } })
  }
  if (path === '/v1/auth/token/renew-self') {
    state.renewals++
    return json(200, { auth: { client_token: headers['x-vault-token'], lease_duration: state.tokenSeconds } })
  }
  if (path.startsWith('/v1/sys/leases/')) return lease(state, asked)
  if (path === '/v1/database/creds/admin') return account(state)
  if (path === '/v1/database/static-creds/app') return json(200, { data: state.static })
  return kv(state, path)
}

function login(state: VaultState, { path, body, method }: Asked): Reply {
  const given = JSON.parse(body) as Record<string, string>
  const right =
    path === '/v1/auth/approle/login'
      ? given.role_id === 'role-1' && given.secret_id === 'secret-1'
      : path === '/v1/auth/kubernetes/login' && given.role === 'sallyport' && given.jwt === 'a.b.c'
  if (!right || method !== 'POST') return json(400, { errors: ['invalid role or secret ID'] })
  state.logins++
  const token = `token-${state.logins}`
  state.tokens.add(token)
  return json(200, { auth: { client_token: token, lease_duration: state.tokenSeconds, renewable: true } })
}

function lease(state: VaultState, { path, body, method }: Asked): Reply {
  const { lease_id: id = '' } = JSON.parse(body) as { lease_id?: string }
  const found = state.leases.get(id)
  if (found === undefined || method !== 'PUT') return json(400, { errors: ['lease not found'] })
  if (path.endsWith('/revoke')) {
    state.leases.delete(id)
    return { status: 204 }
  }
  found.renewed++
  return json(200, { lease_id: id, lease_duration: state.renewSeconds, renewable: true })
}

function account(state: VaultState): Reply {
  const number = ++state.accounts
  const id = `database/creds/admin/lease${number}`
  state.leases.set(id, { renewed: 0 })
  const data = { username: `v-admin-${number}`, password: `dynamic-${number}` }
  return json(200, { lease_id: id, lease_duration: state.leaseSeconds, renewable: true, data })
}

function kv(state: VaultState, path: string): Reply {
  const found = /^\/v1\/(?:kv|deep\/kv)\/data\/([^?]+)(?:\?version=(\d+))?$/.exec(path)
  const versions = state.kv.get(found?.[1] ?? '')
  if (versions === undefined) return NONE
  const number = found?.[2] === undefined ? versions.length : Number(found[2])
  const version = versions[number - 1]
  if (version === undefined) return NONE
  const metadata = { version: number, destroyed: false, deletion_time: version.fields === null ? 'then' : '' }
  return json(version.fields === null ? 404 : 200, { data: { data: version.fields, metadata } })
}
