import type { MessageKind, Visit } from './messages.ts'

/** What says what rows are: names of columns, answers without rows. Beyond it such messages are left out too. */
const DESCRIPTIONS_BYTES_MAX = 1024 * 1024

export interface RecordingLimits {
  readonly maxBytesPerStatement: number
  /** Of results; null for no bound but that of each statement. */
  readonly maxBytesPerSession: number | null
}

/** What is left of the limits for one statement. */
export interface Allowed {
  bytes: number
  descriptions: number
  /** A row was left out: all that follow are, so that what is shown has no gap but one. */
  over: boolean
}

export function allowedBy({ maxBytesPerStatement }: RecordingLimits): Allowed {
  return { bytes: maxBytesPerStatement, descriptions: DESCRIPTIONS_BYTES_MAX, over: false }
}

export interface Sifted {
  readonly kept: (bytes: Uint8Array) => void
  readonly leftOut: (rows: number, bytes: number) => void
}

/** Keeps of the messages in `bytes` what the limits allow, in as few pieces as there are. */
export class ResultSieve {
  #sessionBytes: number

  constructor({ maxBytesPerSession }: RecordingLimits) {
    this.#sessionBytes = maxBytesPerSession ?? Number.POSITIVE_INFINITY
  }

  sift(
    bytes: Uint8Array,
    each: (bytes: Uint8Array, visit: Visit) => void,
    current: () => Allowed,
    answered: () => void,
    { kept, leftOut }: Sifted,
  ): void {
    let from = 0
    let to = 0
    each(bytes, (start, end, kind) => {
      const size = end - start
      if (kind === 'end' || this.#takes(current(), kind, size)) {
        this.#sessionBytes -= size
        if (to !== start) from = start
        to = end
      } else {
        if (to > from) kept(bytes.subarray(from, to))
        from = to = end
        leftOut(kind === 'row' ? 1 : 0, size)
      }
      if (kind === 'end') answered()
    })
    if (to > from) kept(bytes.subarray(from, to))
  }

  #takes(allowed: Allowed, kind: MessageKind, size: number): boolean {
    if (size > this.#sessionBytes) return false
    if (kind === 'other') {
      allowed.descriptions -= size
      return allowed.descriptions >= 0
    }
    allowed.over ||= size > allowed.bytes
    if (!allowed.over) allowed.bytes -= size
    return !allowed.over
  }
}
