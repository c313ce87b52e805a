import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SEALER_RANDOM_BYTES, Sealer } from '../audit/seal.ts'
import { SallyportError } from '../errors.ts'
import type { RecordingHead } from './entries.ts'
import { type AppendFile, type OpenFile, openNew, RecordingFile } from './recording_file.ts'
import type { RecordingLimits } from './result_sieve.ts'
import { SessionRecording } from './session_recording.ts'

export const RECORDING_SUFFIX = '.recording'
const OWNER_ONLY = 0o700

export interface RecordingSettings extends RecordingLimits {
  readonly directory: string
  /** X25519; null: nothing can be recorded. */
  readonly sealTo: Uint8Array | null
}

export interface RecordingsInput {
  readonly settings: () => RecordingSettings
  readonly node: string
  readonly now: () => number
  readonly monotonic: () => number
  /** Default: on disk. */
  readonly openFile?: OpenFile
}

/** Opens the recordings of this node's sessions. */
export class Recordings {
  readonly #input: RecordingsInput
  readonly #open = new Set<string>()
  readonly #closing = new Set<Promise<void>>()

  constructor(input: RecordingsInput) {
    this.#input = input
  }

  /** Recordings that are being written: their ids. */
  get open(): ReadonlySet<string> {
    return this.#open
  }

  /** Begins one; its head is on disk. Rejects with `SP-RECORDING`. */
  async begin(about: Omit<RecordingHead, 'node' | 'sealedTo' | 'started'>): Promise<SessionRecording> {
    const { settings, node, now, monotonic, openFile = openNew } = this.#input
    const { directory, sealTo, ...limits } = settings()
    if (sealTo === null) throw new SallyportError('SP-RECORDING', 'no key is configured to seal recordings to')
    const sealer = new Sealer(sealTo, randomBytes(SEALER_RANDOM_BYTES))
    const path = pathIn(directory, about.id)
    let opened: AppendFile | null = null
    try {
      await mkdir(directory, { recursive: true, mode: OWNER_ONLY })
      opened = await openFile(path)
      const file = new RecordingFile(opened, monotonic)
      const head: RecordingHead = { ...about, started: now(), sealedTo: sealer.recipient, node }
      const recording = new SessionRecording({ head, file, sealer, limits, now })
      await recording.begin()
      this.#open.add(about.id)
      return recording
    } catch (cause) {
      if (opened) await discard(opened, path)
      if (cause instanceof SallyportError) throw cause
      throw new SallyportError('SP-RECORDING', 'the recording of this session can not be opened', { cause })
    }
  }

  /** Told when one ends; `closed` resolves when its end is on record. */
  ending(id: string, closed: Promise<void>): void {
    const done = closed.finally(() => {
      this.#open.delete(id)
      this.#closing.delete(done)
    })
    this.#closing.add(done)
  }

  /** Resolves when all that have ended are on record. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#closing)
  }
}

/** Of a recording that never began nothing stays, as nothing of it is in the log. */
async function discard(file: AppendFile, path: string): Promise<void> {
  await Promise.allSettled([file.close(), rm(path, { force: true })])
}

export function pathIn(directory: string, id: string): string {
  return join(directory, `${id}${RECORDING_SUFFIX}`)
}
