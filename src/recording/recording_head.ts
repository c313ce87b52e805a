import { hash } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import type { RecordingHead } from './entries.ts'

/** The first line of each recording; its second is the head as JSON. */
const MAGIC = 'sallyport recording 1\n'
const NEWLINE = 0x0a
/** A head holds names, a reason and ids. */
export const HEAD_BYTES_MAX = 64 * 1024

export interface ReadHead {
  readonly head: RecordingHead
  /** SHA-256 of the two lines. */
  readonly digest: Uint8Array
  /** Where the frames begin. */
  readonly end: number
}

export function encodeHead(head: RecordingHead): Buffer {
  return Buffer.from(`${MAGIC}${JSON.stringify(head)}\n`)
}

/** `bytes`: the file, or as much of its begin as a head may have. Rejects what is no recording with `SP-INPUT`. */
export function readHead(bytes: Uint8Array): ReadHead {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (file.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new SallyportError('SP-INPUT', 'this is no recording')
  const newline = file.subarray(0, HEAD_BYTES_MAX).indexOf(NEWLINE, MAGIC.length)
  if (newline < 0) throw new SallyportError('SP-INPUT', 'the recording is torn before its first frame')
  const end = newline + 1
  return { head: parsed(file.toString('utf8', MAGIC.length, newline)), digest: digestOf(file.subarray(0, end)), end }
}

export function digestOf(lines: Uint8Array): Uint8Array {
  return hash('sha256', lines, 'buffer')
}

function parsed(json: string): RecordingHead {
  const unread = (cause?: unknown) =>
    new SallyportError('SP-INPUT', 'the head of the recording is not readable', { cause })
  let head: RecordingHead
  try {
    head = JSON.parse(json) as RecordingHead
  } catch (cause) {
    throw unread(cause)
  }
  if (typeof head.id !== 'string' || (head.protocol !== 'postgres' && head.protocol !== 'mysql')) throw unread()
  return head
}
