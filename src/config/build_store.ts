import type { Place } from './merge.ts'
import type { Resolver } from './resolve.ts'
import type { NodeSection } from './schema_file.ts'

/** What stands for a secret that could not be read: the configuration is refused then, and this never used. */
const UNREAD = ''

/** See `StoreSettings` of `store/settings.ts`. */
export type StoreConfig = { readonly kind: 'sqlite'; readonly dir: string } | PostgresStoreConfig

interface PostgresStoreConfig {
  readonly kind: 'postgres'
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
  readonly tls: {
    readonly mode: 'disable' | 'verify-ca' | 'verify-full'
    /** PEM. */
    readonly ca: string | null
    readonly serverName: string | null
  }
  readonly schema: string
  readonly maxConnections: number
  readonly pollMs: number
  readonly leaseMs: number
}

export async function buildStore(
  section: NodeSection['store'],
  dataDir: string,
  resolver: Resolver,
  at: Place,
): Promise<StoreConfig> {
  if (section.kind === 'sqlite') return { kind: 'sqlite', dir: dataDir }
  const { host, port, database, user, schema, maxConnections, poll, lease, tls } = section
  const password = (await resolver.secret(section.password, at, ['store', 'password'])) ?? UNREAD
  const ca = tls.ca === undefined ? null : await resolver.certificates(tls.ca, at, ['store', 'tls', 'ca'])
  return {
    kind: 'postgres',
    ...{ host, port, database, user, password, schema, maxConnections },
    tls: { mode: tls.mode, ca, serverName: tls.serverName ?? null },
    pollMs: poll,
    leaseMs: lease,
  }
}
