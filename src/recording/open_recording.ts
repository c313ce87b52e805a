import { hash } from 'node:crypto'
import type { Opener } from '../audit/seal.ts'
import { asSallyportError } from '../errors.ts'
import type { Entry, RecordingHead } from './entries.ts'
import { decodeFrame } from './frame.ts'
import { readHead } from './recording_head.ts'

const LENGTH_BYTES = 4
/** Version, recipient, key of the session and the random part of the nonce: the same in each frame of a session. */
const SEALER_BYTES = 57

/** `whole`: it has its end, and nothing is missing before it. `torn`: it stops. `broken`: what follows was changed. */
export type Wholeness =
  | { readonly state: 'whole' }
  | { readonly state: 'torn' | 'broken'; readonly at: number; readonly frame: number; readonly why: string }

export interface OpenedRecording {
  readonly head: RecordingHead
  /** Of all frames up to where it is whole. */
  readonly entries: readonly Entry[]
  readonly frames: number
  readonly wholeness: Wholeness
  /** Of the file, hex. */
  readonly sha256: string
}

/** Opens the file frame by frame with the secret key. Rejects with `SP-INPUT` what is no recording at all. */
export function openRecording(file: Uint8Array, opener: Opener): OpenedRecording {
  const { head, digest, end } = readHead(file)
  const entries: Entry[] = []
  let at = end
  let frames = 0
  let last = false
  let sealer: Uint8Array | null = null
  const sha256 = hash('sha256', file, 'hex')
  const stopped = (state: 'torn' | 'broken', why: string): OpenedRecording => ({
    ...{ head, entries, frames, sha256 },
    wholeness: { state, at, frame: frames, why },
  })
  while (at < file.length) {
    if (last) return stopped('broken', 'something follows the last frame')
    const sealed = sealedAt(file, at)
    if (sealed === null) return stopped('torn', 'it ends in the middle of a frame')
    const own = sealed.subarray(0, SEALER_BYTES)
    if (sealer !== null && Buffer.compare(own, sealer) !== 0) return stopped('broken', 'a frame is of another session')
    sealer = own
    try {
      const frame = decodeFrame(opener.open(sealed))
      if (Buffer.compare(frame.head, digest) !== 0) return stopped('broken', 'the head is not that of the frames')
      if (frame.number !== frames) return stopped('broken', `frame ${frame.number} stands where ${frames} is due`)
      last = frame.last
      entries.push(...frame.entries)
    } catch (error) {
      return stopped('broken', asSallyportError(error).detail)
    }
    at += LENGTH_BYTES + sealed.length
    frames++
  }
  if (!last) return stopped('torn', 'it has no last frame: the process was killed, or the end was cut off')
  return { head, entries, frames, sha256, wholeness: { state: 'whole' } }
}

/** A sealed frame as it stands in the file: its length, then the bytes. */
export function framed(sealed: Uint8Array): Buffer {
  const out = Buffer.alloc(LENGTH_BYTES + sealed.length)
  out.writeUInt32BE(sealed.length)
  out.set(sealed, LENGTH_BYTES)
  return out
}

function sealedAt(file: Uint8Array, at: number): Uint8Array | null {
  const start = at + LENGTH_BYTES
  if (start > file.length) return null
  const length = new DataView(file.buffer, file.byteOffset, file.byteLength).getUint32(at)
  return start + length > file.length ? null : file.subarray(start, start + length)
}
