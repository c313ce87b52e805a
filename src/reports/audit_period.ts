import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { type ChainState, followLine } from '../audit/chain.ts'
import { linesFrom, timeOf } from '../auditlog/log_lines.ts'
import type { AuditLine, AuditPeriod, AuditRange } from './audit_reader.ts'
import { compared } from './order.ts'
import type { Period } from './report_ports.ts'

/** A session that goes on for longer under a revoked grant is no latency but a fault, which the log shows otherwise. */
const LATEST_END_MS = 3_600_000
const LOGOUT = 'session.logout'
const LOGOUT_CODE = Buffer.from(`"event_code":"${LOGOUT}"`)
const NEWLINE = '\n'

interface Shown {
  readonly time: number
  readonly class_name: string
  readonly metadata: { readonly event_code: string }
  readonly unmapped?: { readonly jit?: { readonly grant_id?: string | null } }
}

/** What the log has of the period. Reads all that is kept: a clock may have been set back. */
export function readPeriod(directory: string, period: Period): AuditPeriod {
  const found = new Found()
  let [from, to] = [-1, -1]
  for (const { bytes, sequence } of linesFrom(directory)) {
    const time = timeOf(bytes)
    if (time === null) continue
    if (time >= period.from && time < period.to) {
      found.count(shownOf(bytes, time))
      if (from === -1) from = sequence
      to = sequence
    } else if (time >= period.to && time < period.to + LATEST_END_MS && bytes.includes(LOGOUT_CODE)) {
      found.ended(shownOf(bytes, time))
    }
  }
  const range = from === -1 ? null : rangeOf(directory, from, to)
  return { file: basename(directory), range, counts: found.counts, revocationMs: found.revocationMs }
}

/** A line that is no record is counted as what it is: the chain of the range says that it is broken there. */
function shownOf(bytes: Buffer, time: number): Shown {
  const none = { time, class_name: '(none)', metadata: { event_code: '(no record)' } }
  try {
    const record = JSON.parse(bytes.toString()) as Shown
    return typeof record.metadata?.event_code === 'string' ? record : none
  } catch {
    return none
  }
}

class Found {
  readonly #counts = new Map<string, { className: string; code: string; count: number }>()
  readonly #revoked = new Map<string, number>()
  readonly #logouts: { grantId: string; time: number }[] = []

  count(record: Shown): void {
    const { class_name: className, metadata, time, unmapped } = record
    const { event_code: code } = metadata
    const known = this.#counts.get(`${className} ${code}`)
    if (known) known.count++
    else this.#counts.set(`${className} ${code}`, { className, code, count: 1 })
    const grantId = unmapped?.jit?.grant_id
    if (code === LOGOUT) this.ended(record)
    if (code !== 'grant.revoked' || !grantId) return
    this.#revoked.set(grantId, Math.min(this.#revoked.get(grantId) ?? time, time))
  }

  ended({ time, unmapped }: Shown): void {
    const grantId = unmapped?.jit?.grant_id
    if (grantId) this.#logouts.push({ grantId, time })
  }

  get counts() {
    return [...this.#counts.values()].sort((a, b) => compared(a.className, b.className) || compared(a.code, b.code))
  }

  /** The record of a revocation may follow that of the logout: it comes from the outbox of the store. */
  get revocationMs(): number[] {
    return this.#logouts.flatMap(({ grantId, time }) => {
      const revoked = this.#revoked.get(grantId)
      return revoked === undefined || time < revoked || time - revoked > LATEST_END_MS ? [] : [time - revoked]
    })
  }
}

function rangeOf(directory: string, from: number, to: number): AuditRange | null {
  const hash = createHash('sha256')
  let first: AuditLine | null = null
  let last: AuditLine | null = null
  let chain: ChainState | null = null
  let broken: string | null = null
  let writer = ''
  let lines = 0
  let size = 0
  for (const { bytes, sequence } of linesFrom(directory, from)) {
    if (sequence > to) break
    lines++
    size += bytes.length + 1
    hash.update(bytes).update(NEWLINE)
    const line = bytes.toString()
    const next: ChainState | string = followLine(chain, line)
    if (typeof next === 'string') broken ??= `line ${lines} of the range: ${next}`
    // What follows a line that does not is compared with that line.
    const state = typeof next === 'string' ? followLine(null, line) : next
    chain = typeof state === 'string' ? null : state
    if (chain === null) continue
    writer = chain.writer
    last = { sequence: chain.next - 1, time: timeOf(bytes) ?? 0, leafSha256: chain.previous }
    first ??= last
  }
  if (first === null || last === null) return null
  return { writer, first, last, lines, bytes: size, sha256: hash.digest('hex'), broken }
}
