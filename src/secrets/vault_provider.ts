import { member, textMember } from '../outbound/json_answer.ts'
import { NoAnswer } from '../outbound/request.ts'
import type { SecretVersion } from '../session/ports.ts'
import type { VaultSettings } from '../session/secret_settings.ts'
import {
  encodedPath,
  type Lease,
  type ProvidedSecret,
  pickField,
  providerError,
  type SecretProvider,
  secretError,
} from './provider.ts'
import { type ReadLocal, VaultClient } from './vault_client.ts'

/**
 * HashiCorp Vault and OpenBao: `kv/path#field` of KV version 2, `database/creds/ROLE` (an account made for this reading,
 * kept alive by its lease) and `database/static-creds/ROLE` of the database engine.
 */
export function createVaultProvider(settings: VaultSettings, read: ReadLocal, now: () => number): SecretProvider {
  const client = new VaultClient(settings, read, now)
  const vault: Vault = { client, now, leases: new Set() }
  return {
    read: (path, field) =>
      named(() => {
        const place = placeOf(path, settings)
        if (place.engine === 'kv') return readKv(vault, place, field, null)
        if (field !== null) throw secretError('an account of the database engine has no fields to choose from')
        return place.kind === 'creds' ? readDynamic(vault, place.path) : readStatic(vault, place.path)
      }),
    others: (path, field) => named(() => othersOf(vault, placeOf(path, settings), field)),
    close: () => revokeAll(vault),
  }
}

interface Vault {
  readonly client: VaultClient
  readonly now: () => number
  readonly leases: Set<Lease>
}

type Place =
  | { readonly engine: 'kv'; readonly mount: string; readonly path: string }
  | { readonly engine: 'database'; readonly kind: 'creds' | 'static-creds'; readonly path: string }

async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw providerError('Vault', error)
  }
}

function placeOf(path: string, settings: VaultSettings): Place {
  const encoded = encodedPath(path)
  const database = settings.databaseMounts.find((mount) => encoded.startsWith(`${mount}/`))
  if (database !== undefined) {
    const [kind, ...role] = encoded.slice(database.length + 1).split('/')
    if ((kind === 'creds' || kind === 'static-creds') && role.length > 0) {
      return { engine: 'database', kind, path: encoded }
    }
    throw secretError(`a path of the database engine is ${database}/creds/ROLE or ${database}/static-creds/ROLE`)
  }
  const longestFirst = [...settings.kvMounts].sort((a, b) => b.length - a.length)
  const mount = longestFirst.find((mount) => encoded.startsWith(`${mount}/`)) ?? encoded.split('/')[0] ?? ''
  const rest = encoded.slice(mount.length + 1)
  if (rest === '') throw secretError('a path of the KV engine is MOUNT/PATH#FIELD')
  return { engine: 'kv', mount, path: rest }
}

/** KV version 2, "Read secret version": `data.data` has the fields, `data.metadata.version` the number. */
async function readKv(
  { client }: Vault,
  { mount, path }: { readonly mount: string; readonly path: string },
  field: string | null,
  version: number | null,
): Promise<ProvidedSecret> {
  const query = version === null ? '' : `?version=${version}`
  const data = member(await client.call('GET', `/${mount}/data/${path}${query}`), 'data')
  const number = member(member(data, 'metadata'), 'version')
  const fields = member(data, 'data')
  // A version that was deleted is answered with 404 or with empty data.
  if (fields === undefined || fields === null) throw secretError('Vault has no such secret')
  if (typeof number !== 'number') throw secretError('Vault answered without a version: is the mount of KV version 2?')
  return { ...pickField(fields, field), version: String(number), expiresAt: null, previous: null, lease: null }
}

/** "Generate credentials": user and password of an account that Vault has just made. */
async function readDynamic(vault: Vault, path: string): Promise<ProvidedSecret> {
  const answer = await vault.client.call('GET', `/${path}`)
  const leaseId = textMember(answer, 'lease_id')
  const seconds = member(answer, 'lease_duration')
  if (leaseId === null || typeof seconds !== 'number' || seconds <= 0) throw secretError('Vault gave no lease')
  const lease = leaseOf(vault, leaseId, seconds, member(answer, 'renewable') === true)
  vault.leases.add(lease)
  const version = leaseId.slice(leaseId.lastIndexOf('/') + 1) || leaseId
  return { ...login(answer), version, expiresAt: await endOf(vault, seconds), previous: null, lease }
}

/** "Get static credentials": an account whose password Vault rotates by itself. */
async function readStatic({ client, now }: Vault, path: string): Promise<ProvidedSecret> {
  const answer = await client.call('GET', `/${path}`)
  const data = member(answer, 'data')
  const seconds = member(data, 'ttl')
  const rotated = textMember(data, 'last_vault_rotation')
  if (rotated === null) throw secretError('Vault answered without the time of the last rotation')
  const expiresAt = typeof seconds === 'number' && seconds > 0 ? now() + seconds * 1000 : null
  return { ...login(answer), version: rotated, expiresAt, previous: null, lease: null }
}

function login(answer: unknown): Pick<SecretVersion, 'value' | 'user'> {
  const user = textMember(member(answer, 'data'), 'username')
  const value = textMember(member(answer, 'data'), 'password')
  if (user === null || value === null) throw secretError('Vault answered without user name and password')
  return { user, value }
}

/**
 * Renewed up to the maximum of its role; once less than half is given there is nothing more to have. After another login
 * it is not renewed: it would end with the token of the first one all the same.
 */
function leaseOf(vault: Vault, id: string, seconds: number, renewable: boolean): Lease {
  const { logins } = vault.client
  const lease: Lease = {
    renew: () =>
      named(async () => {
        if (!renewable || vault.client.logins !== logins) return null
        const answer = await vault.client.call('PUT', '/sys/leases/renew', { lease_id: id, increment: seconds })
        const given = member(answer, 'lease_duration')
        return typeof given === 'number' && given >= seconds / 2 ? endOf(vault, given) : null
      }),
    revoke: () =>
      named(async () => {
        vault.leases.delete(lease)
        await vault.client.call('PUT', '/sys/leases/revoke', { lease_id: id })
      }),
  }
  return lease
}

/** A lease ends with the token that it was taken under. */
async function endOf({ client, now }: Vault, seconds: number): Promise<number> {
  const end = now() + seconds * 1000
  return Math.min(end, (await client.tokenEnd()) ?? end)
}

async function othersOf(vault: Vault, place: Place, field: string | null): Promise<readonly SecretVersion[]> {
  if (place.engine !== 'kv') return []
  const number = Number((await readKv(vault, place, field, null)).version)
  if (number <= 1) return []
  try {
    return [await readKv(vault, place, field, number - 1)]
  } catch (error) {
    if (error instanceof NoAnswer) throw error
    // The version before was deleted: there is none, then.
    return []
  }
}

async function revokeAll({ leases }: Vault): Promise<void> {
  await Promise.allSettled([...leases].map((lease) => lease.revoke()))
}
