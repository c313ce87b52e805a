/** Where secrets come from: what the configuration says of it, and how a reference reads. */

export interface SecretSettings {
  /** A secret that was read less long ago is not read again. Milliseconds. */
  readonly cacheMs: number
  /** Secrets that connections live on are read again so often, and at the latest before they expire. */
  readonly refreshMs: number
  /** For so long after a rotation the old value is tried where the new one is refused. */
  readonly overlapMs: number
  readonly providers: ReadonlyMap<string, SecretProviderSettings>
}

/** What a reference needs where no section says otherwise: `env:` and `file:` alone. */
export const NO_PROVIDERS: SecretSettings = {
  cacheMs: 60_000,
  refreshMs: 300_000,
  overlapMs: 3_600_000,
  providers: new Map(),
}

export type SecretProviderSettings = VaultSettings | AwsSettings | GcpSettings | ExecSettings | HttpsSettings

/** A reference to `env:` or `file:`: what opens the other providers can't itself come from one. */
export type LocalReference = string

export interface VaultSettings {
  readonly kind: 'vault'
  readonly address: string
  readonly namespace: string | null
  /** PEM; null for the built-in authorities. */
  readonly ca: string | null
  readonly timeoutMs: number
  readonly auth: VaultAuth
  /** Where KV version 2 is mounted; a path below none of them has its first part for the mount. */
  readonly kvMounts: readonly string[]
  /** Where the database engine is mounted. */
  readonly databaseMounts: readonly string[]
}

export type VaultAuth =
  | { readonly method: 'token'; readonly token: LocalReference }
  | {
      readonly method: 'approle'
      readonly mount: string
      readonly roleId: LocalReference
      readonly secretId: LocalReference
    }
  | { readonly method: 'kubernetes'; readonly mount: string; readonly role: string; readonly tokenPath: string }

export interface AwsSettings {
  readonly kind: 'aws'
  readonly region: string
  readonly endpoint: string | null
  readonly timeoutMs: number
}

export interface GcpSettings {
  readonly kind: 'gcp'
  readonly project: string | null
  readonly endpoint: string
  /** PEM; null for the built-in authorities. */
  readonly ca: string | null
  /** JSON of a service account; null for the application default credentials. */
  readonly credentials: LocalReference | null
  readonly timeoutMs: number
}

export interface ExecSettings {
  readonly kind: 'exec'
  /** The program's absolute path, then its first arguments. */
  readonly command: readonly string[]
  /** Variables of this process that the program gets; it gets no others. */
  readonly environment: readonly string[]
  readonly timeoutMs: number
}

export interface HttpsSettings {
  readonly kind: 'https'
  readonly url: string
  readonly bearer: LocalReference
  readonly ca: string | null
  readonly timeoutMs: number
}

/** A reference in its parts: `vault@corp:kv/orders#password`. */
export interface SecretReference {
  readonly scheme: 'env' | 'file' | SecretProviderSettings['kind']
  /** The name of the provider in the configuration; that of the scheme where the reference names none. */
  readonly provider: string
  readonly path: string
  /** One field of a secret that has several. */
  readonly field: string | null
}

const LOCAL = /^(env|file):(.+)$/s
const PROVIDED = /^(vault|aws|gcp|exec|https)(?:@([a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?))?:([^#]+)(?:#([^#]+))?$/

/** What configuration files may hold in the place of a secret. */
export const SECRET_REFERENCE =
  /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|(vault|aws|gcp|exec|https)(@[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)?:[^#]+(#[^#]+)?)$/

/** Null where the text is no reference: it may be a secret, so nobody quotes it. */
export function parseSecretReference(text: string): SecretReference | null {
  const local = LOCAL.exec(text)
  if (local !== null) {
    const scheme = local[1] as 'env' | 'file'
    return { scheme, provider: scheme, path: local[2] ?? '', field: null }
  }
  const provided = PROVIDED.exec(text)
  if (provided === null) return null
  const scheme = provided[1] as SecretProviderSettings['kind']
  return { scheme, provider: provided[2] ?? scheme, path: provided[3] ?? '', field: provided[4] ?? null }
}

/** Why the settings can't serve a reference, or null where they can. */
export function providerProblem(reference: SecretReference, settings: SecretSettings): string | null {
  const { scheme, provider } = reference
  if (scheme === 'env' || scheme === 'file') return null
  const found = settings.providers.get(provider)
  if (found === undefined) return `no provider ${provider} stands under secrets.providers`
  return found.kind === scheme ? null : `the provider ${provider} is of kind ${found.kind}, not ${scheme}`
}
