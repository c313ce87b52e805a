import { hash } from 'node:crypto'
import type { CompactRange } from '../../audit/merkle.ts'

/** What stands before a line: enough to check it. */
export interface LineState {
  readonly writer: string
  readonly next: number
  /** Leaf hash of the line before, hex. */
  readonly previous: string
  /** The tree over the lines before; null where it is not known. */
  readonly range: CompactRange | null
}

/** A record of the log about itself, which its checks need. */
export interface LogEvent {
  readonly code: string
  readonly sequence: number
  readonly line: string
}

const NEWLINE = 0x0a
const BEFORE_METADATA = '"}}},"metadata":{'
const ABOUT_LOG = Buffer.from('"event_code":"log.')
const CODE_START = '"event_code":"'.length
const HASH_BYTES = 32
const DIGIT_0 = 0x30
/** Records of a few shapes have metadata of the same lengths over and over. */
const MAX_LENGTHS = 16

/**
 * Checks whole lines that follow one another, without parsing them. What a line has to hold is known to the byte: it ends
 * in `"chain":{"chain_uid":W,"seq":N,"prev_sha256":H}}},"metadata":{...}` with the writer, number and hash that are due.
 * No text within a record can stand for it, since quotes within texts are escaped; and a record that another writer made
 * up whole has another leaf hash than the one that the line after it and the checkpoints have.
 */
export class LineCheck {
  readonly #writer: string
  readonly #range: CompactRange | null
  readonly #events: LogEvent[] = []
  readonly #lengths: number[] = []
  #next: number
  #previous: Uint8Array
  /** What has to stand before the hash. */
  #before: Buffer

  constructor(state: LineState) {
    this.#writer = state.writer
    this.#next = state.next
    this.#previous = Buffer.from(state.previous, 'hex')
    this.#range = state.range?.copy() ?? null
    this.#before = this.#chainBytes()
  }

  get state(): LineState {
    const previous = Buffer.from(this.#previous).toString('hex')
    return { writer: this.#writer, next: this.#next, previous, range: this.#range }
  }

  get next(): number {
    return this.#next
  }

  /** RFC 6962, base64; null where the tree is not known. */
  root(): string | null {
    return this.#range === null ? null : Buffer.from(this.#range.root()).toString('base64')
  }

  get events(): readonly LogEvent[] {
    return this.#events
  }

  /**
   * Takes the line from `begin` to `end`, where its newline is. The byte before it is written over: RFC 6962 hashes a
   * leaf with a zero before it. False where the line does not follow.
   */
  take(block: Buffer, begin: number, end: number): boolean {
    const chain = this.#chainOf(block, begin, end)
    if (chain === -1) return false
    block[begin - 1] = 0
    const leaf = hash('sha256', block.subarray(begin - 1, end), 'buffer')
    block[begin - 1] = NEWLINE
    this.#range?.append(leaf)
    this.#note(block, begin, end, chain)
    this.#previous = leaf
    this.#next += 1
    if (!increment(this.#before)) this.#before = this.#chainBytes()
    return true
  }

  #chainOf(block: Buffer, begin: number, end: number): number {
    for (const length of this.#lengths) {
      const at = end - length
      if (at > begin && this.#isChain(block, at)) return at
    }
    // Behind the chain is the metadata, without a chain of its own.
    const at = block.subarray(begin, end).lastIndexOf('"chain":{"chain_uid":') + begin
    if (at < begin || !this.#isChain(block, at)) return -1
    this.#lengths.unshift(end - at)
    if (this.#lengths.length > MAX_LENGTHS) this.#lengths.pop()
    return at
  }

  #isChain(block: Buffer, at: number): boolean {
    const before = this.#before
    for (let i = 0; i < before.length; i += 1) if (block[at + i] !== before[i]) return false
    const from = at + before.length
    for (let i = 0; i < HASH_BYTES; i += 1) {
      const byte = this.#previous[i] as number
      if (block[from + 2 * i] !== HEX[byte >> 4] || block[from + 2 * i + 1] !== HEX[byte & 15]) return false
    }
    const after = from + 2 * HASH_BYTES
    for (let i = 0; i < AFTER.length; i += 1) if (block[after + i] !== AFTER[i]) return false
    return true
  }

  #note(block: Buffer, begin: number, end: number, chain: number): void {
    const at = block.subarray(chain, end).indexOf(ABOUT_LOG)
    if (at === -1) return
    const code = block.toString('latin1', chain + at + CODE_START, block.indexOf('"', chain + at + CODE_START))
    this.#events.push({ code, sequence: this.#next, line: block.toString('utf8', begin, end) })
  }

  #chainBytes(): Buffer {
    return Buffer.from(`"chain":{"chain_uid":${JSON.stringify(this.#writer)},"seq":${this.#next}${AFTER_NUMBER}`)
  }
}

const AFTER_NUMBER = ',"prev_sha256":"'
const AFTER = Buffer.from(BEFORE_METADATA)
const HEX = Buffer.from('0123456789abcdef')
const DIGIT_9 = 0x39

/** The number before the hash, plus one, in place; false where it gets another digit. */
function increment(before: Buffer): boolean {
  for (let at = before.length - AFTER_NUMBER.length - 1; ; at -= 1) {
    const digit = before[at] as number
    if (digit < DIGIT_0 || digit > DIGIT_9) return false
    if (digit < DIGIT_9) {
      before[at] = digit + 1
      return true
    }
    before[at] = DIGIT_0
  }
}
