import * as z from 'zod'
import type { GrantRecord } from '../access/model.ts'
import { type ChainState, followLine } from '../audit/chain.ts'
import { linesBackwardIn, linesFrom } from '../auditlog/log_lines.ts'

/** Where an audit log stands, and what it proves of the time between a backup and now. */

const positionSchema = z.strictObject({
  writer: z.string(),
  /** Of the last line. */
  sequence: z.int(),
  leafSha256: z.string(),
})

export type LogPosition = z.output<typeof positionSchema>

/** Null for a log that does not exist, or has no line yet. */
export function positionOf(directory: string): LogPosition | null {
  for (const { bytes } of linesBackwardIn(directory)) return positionAt(followLine(null, bytes.toString()))
  return null
}

function positionAt(state: ChainState | string): LogPosition | null {
  if (typeof state === 'string') return null
  return { writer: state.writer, sequence: state.next - 1, leafSha256: state.previous }
}

/** After these nothing that a backup holds of grants can be relied on: they bind more than one grant, or unknown ones. */
const UNSETTLING = new Set(['lock.set', 'policy.changed', 'delegation.ended', 'review.answered', 'node.joined'])
/** These leave a grant as it is. */
const HARMLESS = new Set(['grant.activated', 'grant.idle_warned'])
const STOPPED = 'process.stop'

interface Shown {
  readonly metadata?: { readonly event_code?: string }
  readonly unmapped?: { readonly jit?: { readonly grant_id?: string | null } }
}

/**
 * Which grants of a backup the log proves to be as they were: it goes on from the backup without a break, the server has
 * stopped in order (what was in its outbox is in the log then), and nothing ended the grant or might have. Without any of
 * that, no grant. A grant that is bound to a script, or was had by break-glass, is never proven: what ran under it counts.
 */
export function proofBy(directory: string, backupPosition: unknown): (grant: GrantRecord) => boolean {
  const parsed = positionSchema.safeParse(backupPosition)
  const since = parsed.success ? eventsSince(directory, parsed.data) : null
  if (since === null) return () => false
  return ({ id, grant }) => grant.kind === 'standard' && grant.plan === null && !since.touched.has(id)
}

/** Null where the log proves nothing. */
function eventsSince(directory: string, position: LogPosition): { readonly touched: ReadonlySet<string> } | null {
  const touched = new Set<string>()
  let chain: ChainState | string | null = null
  let last = ''
  let found = false
  let unsettled = false
  for (const { bytes } of linesFrom(directory, position.sequence)) {
    const line = bytes.toString()
    chain = followLine(chain, line)
    if (typeof chain === 'string') return null
    if (!found) {
      found = chain.next - 1 === position.sequence && chain.previous === position.leafSha256
      if (found) continue
      return null
    }
    const { metadata, unmapped } = JSON.parse(line) as Shown
    last = metadata?.event_code ?? ''
    unsettled ||= UNSETTLING.has(last)
    const grantId = unmapped?.jit?.grant_id
    if (last.startsWith('grant.') && !HARMLESS.has(last) && grantId) touched.add(grantId)
  }
  return found && !unsettled && last === STOPPED ? { touched } : null
}
