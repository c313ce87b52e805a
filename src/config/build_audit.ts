import { resolve } from 'node:path'
import type { SinkSettings } from '../session/sink_settings.ts'
import { buildSinks } from './build_sinks.ts'
import type { Place } from './merge.ts'
import type { Resolver } from './resolve.ts'
import type { NodeSection } from './schema_file.ts'
import type { SearchSection } from './schema_search.ts'

/** The log of record, see `AuditLogOptions` of `auditlog/audit_log.ts`. */
export interface AuditConfig {
  readonly directory: string
  readonly durability: 'group' | 'sync'
  /** The first line of checkpoints. */
  readonly origin: string
  /** A signed-note key; null for one of its own in the data directory. */
  readonly key: string | null
  /** X25519, base64; null: nothing can be sealed. */
  readonly sealTo: string | null
  readonly segment: { readonly maxBytes: number; readonly maxAgeMs: number }
  readonly compress: boolean
  readonly retention: RetentionConfig
  readonly search: SearchConfig
  readonly sinks: readonly SinkSettings[]
}

/** See docs/search.md. */
export type SearchConfig = Omit<SearchSection, 'timeout'> & { readonly timeoutMs: number }

/** In milliseconds; null: as long as `default`. */
export interface RetentionConfig {
  readonly default: number
  readonly statements: number | null
  readonly logins: number | null
  readonly alerts: number | null
  readonly administration: number | null
  readonly holds: readonly { readonly name: string; readonly from: number; readonly to: number | null }[]
}

export async function buildAudit(
  node: Pick<NodeSection, 'audit' | 'name'>,
  dataDir: string,
  resolver: Resolver,
  at: Place,
): Promise<AuditConfig> {
  const { directory, durability, origin, key, sealTo, segment, compress, retention } = node.audit
  const { timeout, ...search } = node.audit.search
  return {
    directory: resolve(dataDir, directory),
    durability,
    origin: origin ?? `sallyport/${node.name}`,
    key: key === undefined ? null : await resolver.secret(key, at, ['audit', 'key']),
    sealTo: sealTo ?? null,
    segment: { maxBytes: segment.maxBytes, maxAgeMs: segment.maxAge },
    compress,
    search: { ...search, timeoutMs: timeout },
    sinks: await buildSinks(node.audit.sinks, dataDir, resolver, at),
    retention: {
      default: retention.default,
      statements: retention.statements ?? null,
      logins: retention.logins ?? null,
      alerts: retention.alerts ?? null,
      administration: retention.administration ?? null,
      holds: retention.holds.map(({ name, from, to }) => {
        return { name, from: Date.parse(from), to: to === undefined ? null : Date.parse(to) }
      }),
    },
  }
}
