import { createHash, type Hash, hash } from 'node:crypto'
import { toBase64 } from '../bytes/base64.ts'

/** What an execution was given for the parameters of its statement. */
export interface BoundParameters {
  readonly count: number
  /** As the protocol calls them, of the first 32; null where the client left the type to the server. */
  readonly types: readonly (string | null)[]
  /** How many rows of values one bulk execution brings; absent for one. */
  readonly rows?: number
  /** Null where none are kept. */
  readonly values: readonly BoundValue[] | null
  /** Of what is beyond the bound of an execution. */
  readonly rest?: RestOfValues
}

/**
 * A value as text; null is NULL. An object: bytes that are no text, or the begin of what is too long, with the length and
 * the SHA-256 of the whole, or a value that nothing was kept of.
 */
export type BoundValue =
  | string
  | null
  | { readonly text: string; readonly bytes: number; readonly sha256: string }
  | { readonly base64: string; readonly bytes?: number; readonly sha256?: string }
  | { readonly unread: true }

export interface RestOfValues {
  readonly values: number
  readonly bytes: number
  /** Of each value's length (4 bytes, big-endian; all ones for NULL) and its bytes. */
  readonly sha256: string
}

/** Types listed for a statement. */
export const LISTED_TYPES = 32
/** A longer value is known by its begin, length and digest. */
const VALUE_BYTES = 16_384
const BEGIN_BYTES = 1_024
/** What the values of one execution may take together; what follows is known by number, length and digest. */
const EXECUTION_BYTES = 1_048_576
/** What a value takes beside its bytes: quotes and commas, or its digest. */
const BYTES_BESIDE = 8
const NULL_LENGTH = 0xffff_ffff
const MAX_CONTINUATION_BYTES = 3

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
// biome-ignore lint/suspicious/noControlCharactersInRegex: a text has no control characters but these.
const NO_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/

/** Takes the values of one execution in order, and keeps no more of them than is bounded. */
export class ValueKeeper {
  readonly #values: BoundValue[] = []
  #room = EXECUTION_BYTES
  #rest: { values: number; bytes: number; readonly hash: Hash } | null = null

  addNull(): void {
    if (this.#takes(0, null)) this.#values.push(null)
  }

  /** A value that is text already: a number, a date. */
  addWritten(text: string): void {
    const bytes = new TextEncoder().encode(text)
    if (this.#takes(bytes.length, bytes)) this.#values.push(text)
  }

  /** Bytes that mean text where they can be read as such. */
  addText(bytes: Uint8Array): void {
    if (this.#takes(Math.min(bytes.length, VALUE_BYTES), bytes)) this.#values.push(textValue(bytes))
  }

  addBytes(bytes: Uint8Array): void {
    if (this.#takes(Math.min(bytes.length, VALUE_BYTES), bytes)) this.#values.push(bytesValue(bytes))
  }

  /** What came apart; null where nothing of it was kept. */
  addCut(cut: CutValue | null): void {
    if (cut === null) {
      if (this.#takes(0, null)) this.#values.push({ unread: true })
    } else if (this.#takes(cut.begin.length, cut.begin)) this.#values.push(cut.value)
  }

  finish(): { readonly values: readonly BoundValue[]; readonly rest?: RestOfValues } {
    if (this.#rest === null) return { values: this.#values }
    const { values, bytes, hash: of } = this.#rest
    return { values: this.#values, rest: { values, bytes, sha256: of.digest('hex') } }
  }

  #takes(kept: number, bytes: Uint8Array | null): boolean {
    const cost = kept + BYTES_BESIDE
    if (this.#rest === null && cost <= this.#room) {
      this.#room -= cost
      return true
    }
    this.#rest ??= { values: 0, bytes: 0, hash: createHash('sha256') }
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, bytes === null ? NULL_LENGTH : bytes.length)
    this.#rest.hash.update(length)
    if (bytes !== null) this.#rest.hash.update(bytes)
    this.#rest.values++
    this.#rest.bytes += bytes?.length ?? 0
    return false
  }
}

/** A value that comes in pieces, of which only the begin is kept where it gets long. */
export class CutValue {
  readonly #hash = createHash('sha256')
  #begin = new Uint8Array(0)
  #bytes = 0

  add(piece: Uint8Array): void {
    this.#hash.update(piece)
    this.#bytes += piece.length
    const room = VALUE_BYTES + 1 - this.#begin.length
    if (room <= 0) return
    const joined = new Uint8Array(this.#begin.length + Math.min(room, piece.length))
    joined.set(this.#begin)
    joined.set(piece.subarray(0, room), this.#begin.length)
    this.#begin = joined
  }

  get begin(): Uint8Array {
    return this.#begin
  }

  get value(): BoundValue {
    if (this.#bytes <= VALUE_BYTES) return textValue(this.#begin)
    return beginOf(this.#begin, this.#bytes, this.#hash.copy().digest('hex'), true)
  }
}

function textValue(bytes: Uint8Array): BoundValue {
  if (bytes.length > VALUE_BYTES) return beginOf(bytes, bytes.length, hash('sha256', bytes, 'hex'), true)
  return readText(bytes) ?? { base64: toBase64(bytes) }
}

function bytesValue(bytes: Uint8Array): BoundValue {
  if (bytes.length > VALUE_BYTES) return beginOf(bytes, bytes.length, hash('sha256', bytes, 'hex'), false)
  return { base64: toBase64(bytes) }
}

function beginOf(from: Uint8Array, bytes: number, sha256: string, isText: boolean): BoundValue {
  const begin = from.subarray(0, BEGIN_BYTES)
  // The last character may be cut in two.
  for (let cut = 0; isText && cut <= MAX_CONTINUATION_BYTES; cut++) {
    const text = readText(begin.subarray(0, begin.length - cut))
    if (text !== null) return { text, bytes, sha256 }
  }
  return { base64: toBase64(begin), bytes, sha256 }
}

function readText(bytes: Uint8Array): string | null {
  try {
    const text = utf8.decode(bytes)
    return NO_TEXT.test(text) ? null : text
  } catch {
    return null
  }
}
