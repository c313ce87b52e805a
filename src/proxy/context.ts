import type { SecureContext } from 'node:tls'
import type { Logger } from 'pino'
import type { Recordings } from '../recording/recordings.ts'
import type { Gate } from '../session/gate.ts'
import type {
  Accounts,
  AuditLog,
  AuthMethod,
  Catalogs,
  CertificateAuthority,
  Clock,
  Credentials,
  Grants,
  Ids,
  LiveCheck,
  LiveSessions,
  Locks,
  PolicySource,
  Refusals,
  Target,
  Tokens,
  Uses,
} from '../session/ports.ts'
import type { Engine } from '../session/verdict.ts'
import type { Catalog } from '../sql/catalog.ts'
import type { ConnectionCounts, ConnectionLimits, FailedLogins } from './limits.ts'
import type { Metrics } from './metrics.ts'
import type { Sessions } from './sessions.ts'

/** One listening address, as configured. */
export interface ListenerSettings {
  readonly engine: 'postgres' | 'mysql'
  readonly host: string
  readonly port: number
  /** Every connection here means this target; null where the user name or the TLS name says it. */
  readonly target: string | null
  readonly sniSuffix: string | null
  readonly auth: AuthMethod
  /** Other ways in by the TLS server name: the suffix itself, or `<target>.<suffix>`. */
  readonly serverNames: readonly { readonly suffix: string; readonly auth: AuthMethod }[]
  /** CIDR networks whose PROXY protocol header is believed and demanded; empty for none. */
  readonly proxyProtocolFrom: readonly string[]
  readonly tls: { readonly cert: string; readonly key: string }
}

export interface ProxyLimits extends ConnectionLimits {
  readonly authDeadlineMs: number
  readonly drainTimeoutMs: number
}

/** What a reload swaps as one. */
export interface LiveSettings {
  readonly targets: ReadonlyMap<string, Target>
  readonly limits: ProxyLimits
  /** What a client without a token is told (OAUTHBEARER). */
  readonly signIn: { readonly issuer: string; readonly scopes: readonly string[] }
}

/** What every connection needs; made once by the composition root. */
export interface ProxyContext {
  readonly settings: () => LiveSettings
  readonly secureContextOf: (listener: ListenerSettings) => SecureContext
  readonly tokens: Tokens
  readonly credentials: Credentials
  /** Null where no listener asks for certificates. */
  readonly authority: CertificateAuthority | null
  readonly liveCheck: LiveCheck
  readonly locks: Locks
  readonly refusals: Refusals
  readonly uses: Uses
  readonly liveSessions: LiveSessions
  readonly grants: Grants
  readonly policy: PolicySource
  readonly catalogs: Catalogs
  readonly accounts: Accounts
  readonly audit: AuditLog
  readonly recordings: Recordings
  readonly clock: Clock
  readonly ids: Ids
  readonly gate: Gate
  readonly engineFor: (catalog: Catalog) => Promise<Engine>
  readonly sessions: Sessions
  readonly counts: ConnectionCounts
  readonly failures: FailedLogins
  readonly metrics: Metrics
  readonly log: Logger
}

/** An accepted connection: the address is the client's own, behind a trusted balancer too. */
export interface Arrival {
  readonly listener: ListenerSettings
  readonly address: string
  readonly port: number
}
