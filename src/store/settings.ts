/** Which store, as the configuration says. */
export type StoreSettings =
  /** `dir` null: in memory, for tests and tools; it ends with the process. */
  { readonly kind: 'sqlite'; readonly dir: string | null } | PostgresSettings

export interface PostgresSettings {
  readonly kind: 'postgres'
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  /** Asked at each new connection: a password may have changed since. */
  readonly password: () => Promise<string>
  readonly tls: {
    readonly mode: 'disable' | 'verify-ca' | 'verify-full'
    /** PEM; null for the system's authorities. */
    readonly ca: string | null
    readonly serverName: string | null
  }
  /** Holds the tables; made where it is missing. */
  readonly schema: string
  readonly maxConnections: number
  readonly pollMs: number
  readonly leaseMs: number
}
