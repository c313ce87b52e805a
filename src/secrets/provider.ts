import { SallyportError } from '../errors.ts'
import { isRecord, parseJson, textMember } from '../outbound/json_answer.ts'
import { NoAnswer } from '../outbound/request.ts'
import type { SecretVersion } from '../session/ports.ts'

/** A secret with what its provider says of its life. */
export interface ProvidedSecret extends SecretVersion {
  /** Milliseconds since the epoch; null where it stays valid until somebody changes it. */
  readonly expiresAt: number | null
  /** The value that was valid before, where the provider says it still may be. */
  readonly previous: SecretVersion | null
  /** What keeps a secret alive that was made for this reading alone. */
  readonly lease: Lease | null
}

export interface Lease {
  /** When it ends now, or null where it can't be prolonged: then another secret is to be read. */
  renew(): Promise<number | null>
  /** Gives it up: the account is gone then. */
  revoke(): Promise<void>
}

export interface SecretProvider {
  /** Rejects with `SP-CONFIG`, whose detail names the reference at most. */
  read(path: string, field: string | null): Promise<ProvidedSecret>
  /** Other versions that a server may take in the middle of a rotation: asked for after a refused login alone. */
  others(path: string, field: string | null): Promise<readonly SecretVersion[]>
  close(): Promise<void>
}

export const MAX_SECRET_BYTES = 64 * 1024

/** Names under which the account's name stands beside its password, in the order of preference. */
const USER_FIELDS = ['username', 'user'] as const
const PASSWORD_FIELDS = ['password', 'value'] as const

export function secretError(detail: string): SallyportError {
  return new SallyportError('SP-CONFIG', detail)
}

/** Whatever was thrown, as an error that names the provider and the reason, without the cause: it could hold a secret. */
export function providerError(provider: string, error: unknown): SallyportError {
  if (error instanceof SallyportError) return error
  return secretError(`${provider} ${error instanceof NoAnswer ? error.message : 'could not be asked'}`)
}

/**
 * The password and the account's name out of a document with several fields. Where no field is named it is the one that
 * is called password or value, or the only one.
 */
export function pickField(document: unknown, field: string | null): Pick<SecretVersion, 'value' | 'user'> {
  if (!isRecord(document)) throw secretError('the secret is no object with fields')
  const fields = field === null ? PASSWORD_FIELDS.filter((name) => Object.hasOwn(document, name)) : [field]
  const only = Object.keys(document)
  const name = fields[0] ?? (only.length === 1 ? only[0] : undefined)
  if (name === undefined) throw secretError('the secret has several fields: name one, as in path#password')
  const value = Object.hasOwn(document, name) ? textMember(document, name) : null
  if (value === null) throw secretError('the secret has no such field, or one that is no text')
  const user = USER_FIELDS.map((name) => textMember(document, name)).find((text) => text !== null) ?? null
  return { value, user: name === 'username' || name === 'user' ? null : user }
}

/** A secret that is one text, or JSON with fields: a field is looked for where one is named, else where it is JSON of a login. */
export function pickText(text: string, field: string | null): Pick<SecretVersion, 'value' | 'user'> {
  const document = parseJson(text)
  if (field !== null) return pickField(document, field)
  if (isRecord(document) && textMember(document, 'password') !== null) return pickField(document, 'password')
  if (text === '') throw secretError('the secret is empty')
  return { value: text, user: null }
}

/** The parts of a path, each encoded; one that could lead elsewhere is refused. */
export function encodedPath(path: string): string {
  const parts = path.split('/')
  const astray = parts.some((part) => part === '' || part === '.' || part === '..' || /[\p{Cc}?#%\\]/u.test(part))
  if (astray) throw secretError('the path of the secret is not one: parts between slashes, without . .. ? # % or \\')
  return parts.map(encodeURIComponent).join('/')
}
