import { vi } from 'vitest'
import type { PostgresStack } from '../stack.ts'

/** What the tests read of a record of the audit log. */
export interface AuditRecord {
  readonly time: number
  readonly status: string
  readonly status_code?: string
  readonly status_detail?: string
  readonly message?: string
  readonly action?: string
  readonly class_uid: number
  readonly metadata: { readonly uid: string; readonly event_code: string; readonly correlation_uid?: string }
  readonly actor?: {
    readonly user: { readonly uid?: string; readonly name: string; readonly email_addr?: string }
    readonly session: { readonly uid: string }
  }
  readonly src_endpoint?: { readonly ip: string; readonly port: number }
  readonly dst_endpoint?: { readonly svc_name: string }
  readonly database?: { readonly name: string }
  readonly policy?: { readonly uid: string; readonly version: string }
  readonly query_info?: { readonly uid: string; readonly query_string: string }
  readonly unmapped: {
    readonly jit: {
      readonly record?: string
      readonly grant_id?: string | null
      readonly role?: string | null
      readonly outcome?: string
      readonly rows?: { readonly returned: number; readonly withheld: number }
      readonly changes?: readonly string[]
      readonly decision?: { readonly effect: string; readonly rule: string; readonly code: string | null }
      readonly statement?: { readonly id: string; readonly kind: string; readonly sha256: string | null }
      readonly objects?: readonly { readonly schema: string; readonly name: string }[]
      readonly columns?: readonly { readonly table: string; readonly column: string; readonly seen: string }[]
      readonly digests?: Readonly<Record<'config' | 'role' | 'masking' | 'catalog', string>>
    }
  }
}

export function auditOf(stack: PostgresStack): readonly AuditRecord[] {
  return stack.proxy.audit() as unknown as readonly AuditRecord[]
}

/** The first record after `from` that fits, waited for: completions and logouts are written after the answer. */
export function recordAfter(
  stack: PostgresStack,
  from: number,
  fits: (record: AuditRecord) => boolean,
): Promise<AuditRecord> {
  return vi.waitFor(
    () => {
      const found = auditOf(stack).slice(from).find(fits)
      if (!found) throw new Error('no such record')
      return found
    },
    { timeout: 10_000, interval: 20 },
  )
}

/** The decision that refused with this code. */
export function isRefusal(code: string): (record: AuditRecord) => boolean {
  return ({ metadata, unmapped }) => metadata.event_code === 'db.decision' && unmapped.jit.decision?.code === code
}

export function isLoginRefusal(code: string): (record: AuditRecord) => boolean {
  return ({ metadata, status_code }) => metadata.event_code === 'session.login_failed' && status_code === code
}
