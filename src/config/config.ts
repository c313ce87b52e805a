import type { IncidentProviderSettings } from '../access/incident_settings.ts'
import type { AlertSettings } from '../audit/alert_settings.ts'
import type { OidcSettings } from '../identity/settings.ts'
import type { Grant } from '../policy/grant.ts'
import type { MaskingPolicy } from '../policy/masking_policy.ts'
import type { Role } from '../policy/role.ts'
import type { AuthMethod, Credential, Target } from '../session/ports.ts'
import type { SecretSettings } from '../session/secret_settings.ts'
import type { AccessConfig } from './build_access.ts'
import type { AuditConfig } from './build_audit.ts'
import type { RecordingsConfig } from './build_recordings.ts'
import type { StoreConfig } from './build_store.ts'
import { type ConfigTree, diffTrees } from './digest.ts'

/** The configuration as loaded: checked, secrets resolved, times in milliseconds, paths absolute. */
export interface Config {
  /** SHA-256 without secrets, hex. */
  readonly digest: string
  readonly tree: ConfigTree
  readonly node: NodeConfig
  readonly oidc: OidcSettings
  readonly targets: readonly Target[]
  /** By target: each has either these or the others. */
  readonly staticAccounts: ReadonlyMap<string, StaticAccount>
  readonly dynamicAccounts: ReadonlyMap<string, DynamicAccounts>
  readonly roles: ReadonlyMap<string, Role>
  readonly grants: readonly Grant[]
  readonly masking: MaskingPolicy
  /** The authority for client certificates, PEM; null for one of its own in the data directory. */
  readonly authority: { readonly cert: string; readonly key: string } | null
  readonly secrets: SecretSettings
  /** By name. */
  readonly incidents: ReadonlyMap<string, IncidentProviderSettings>
  readonly access: AccessConfig
  readonly alerts: AlertSettings
  /** Where the logins of each target come from, by its name: for those that follow a rotation. */
  readonly logins: ReadonlyMap<string, TargetLogins>
}

/** Where a login comes from. The user is for a secret that names none. */
export interface LoginReference {
  readonly user: string | null
  readonly reference: string
}

export interface TargetLogins {
  readonly admin: LoginReference
}

interface StaticAccount {
  readonly default: Credential
  readonly byRole: ReadonlyMap<string, Credential>
}

interface DynamicAccounts {
  readonly default: DynamicAccount
  readonly byRole: ReadonlyMap<string, DynamicAccount>
  /** The target on which the accounts are made; null for this one. */
  readonly replicaOf: string | null
}

/** How accounts of sessions are made, see `AccountSettings` of `upstream/accounts.ts`. */
export interface DynamicAccount {
  readonly ttlMarginMs: number
  readonly warm: number
  readonly ownerRole: string | null
  readonly memberOf: readonly string[]
  readonly marker: string
  readonly host: string
  readonly replicaWaitMs: number
}

export interface NodeConfig {
  readonly name: string
  readonly dataDir: string
  readonly listeners: readonly Listener[]
  readonly metrics: { readonly host: string; readonly port: number } | null
  readonly api: ApiConfig | null
  readonly store: StoreConfig
  readonly limits: {
    readonly maxConnections: number
    readonly perAddress: number
    readonly perPerson: number
    readonly authDeadlineMs: number
    readonly drainTimeoutMs: number
  }
  readonly audit: AuditConfig
  readonly recordings: RecordingsConfig
  /** How often targets are watched, milliseconds; null: they are not. */
  readonly postureEveryMs: number | null
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'
}

/** What clients are told, see `getClientSettings` of the contract. */
export interface ClientConfig {
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly token: 'access' | 'id'
  readonly resource: string | null
  readonly addresses: readonly {
    readonly engine: 'postgres' | 'mysql'
    readonly host: string
    readonly port: number
    readonly auth: AuthMethod
    readonly target: string | null
  }[]
}

/** The admin API, see `ApiSettings` of `http/ports.ts`. */
export interface ApiConfig {
  readonly host: string
  readonly port: number
  readonly publicUrl: string
  readonly trustedProxies: readonly string[]
  readonly rates: {
    readonly perAddress: number
    readonly logins: number
    readonly reads: number
    readonly writes: number
    readonly heavy: number
  }
  readonly webhooks: { readonly allowNetworks: readonly string[]; readonly secrets: readonly string[] }
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string } | null
  readonly login: {
    readonly clientId: string
    readonly clientSecret: string | null
    readonly scopes: readonly string[]
    readonly token: 'id' | 'access'
    readonly maxSessionMs: number
  } | null
  readonly client: ClientConfig | null
  readonly slack: {
    readonly signingSecret: string
    readonly botToken: string
    readonly teamId: string
    readonly channel: string | null
  } | null
}

interface Listener {
  readonly engine: 'postgres' | 'mysql'
  readonly host: string
  readonly port: number
  readonly target: string | null
  readonly sniSuffix: string | null
  readonly auth: AuthMethod
  readonly serverNames: readonly { readonly suffix: string; readonly auth: AuthMethod }[]
  readonly proxyProtocolFrom: readonly string[]
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string }
}

/** The paths that changed, `roles/analyst: changed`: for the audit event `config_loaded`. */
export function diffConfigs(old: Config, now: Config): string[] {
  return diffTrees(old.tree, now.tree)
}
