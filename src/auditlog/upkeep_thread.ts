import { rm } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { SallyportError } from '../errors.ts'
import { disk } from './log_file.ts'
import { notesOf } from './notes.ts'
import { compressedPath, notesPath, plainPath } from './segments.ts'
import type { PastSegment, UpkeepDone, UpkeepWork } from './upkeep.ts'
import type { UpkeepAnswer } from './upkeep_worker.ts'

/** The file beside this one, as it is called before and after compiling. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './upkeep_worker.ts' : './upkeep_worker.js', import.meta.url)
const EVERY_MS = 3_600_000
/** Compressing a segment takes a second of processor time: under load it waits, and what is due then is done in one go. */
const SOON_MS = 600_000
const HEAP_MIB = 512

export interface UpkeepInput {
  readonly settings: () => Pick<UpkeepWork, 'directory' | 'compress' | 'retention'>
  /** Every sink has what stands before this line; infinite without sinks. */
  readonly delivered: () => number
  readonly now: () => number
  /** Puts on record that a segment goes, before it does. */
  readonly deleting: (segment: PastSegment) => Promise<void>
  readonly failed: (error: unknown) => void
}

/** Sees to the log each hour, and when it is asked to; one after the other. */
export class Upkeep {
  readonly #input: UpkeepInput
  readonly #timer: NodeJS.Timeout
  #running: Promise<void> = Promise.resolve()
  #queued = false
  #soon: NodeJS.Timeout | null = null
  #worker: Worker | null = null
  #closed = false

  constructor(input: UpkeepInput) {
    this.#input = input
    this.#timer = setInterval(() => this.run(), EVERY_MS)
    this.#timer.unref()
  }

  /** Within the next minutes. */
  soon(): void {
    if (this.#soon !== null || this.#closed) return
    this.#soon = setTimeout(() => this.run(), SOON_MS)
    this.#soon.unref()
  }

  run(): void {
    if (this.#soon !== null) clearTimeout(this.#soon)
    this.#soon = null
    if (this.#queued || this.#closed) return
    this.#queued = true
    this.#running = this.#running.then(() => this.#once()).catch((error: unknown) => this.#input.failed(error))
  }

  /** Resolves when what was begun has been done. */
  settled(): Promise<void> {
    return this.#running
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    if (this.#soon !== null) clearTimeout(this.#soon)
    await this.#worker?.terminate()
    await this.#running
  }

  async #once(): Promise<void> {
    this.#queued = false
    if (this.#closed) return
    const { settings, delivered, now, deleting } = this.#input
    const work: UpkeepWork = { ...settings(), delivered: delivered(), now: now() }
    const { past } = await this.#inThread(work)
    for (const segment of past) {
      if (this.#closed) return
      await deleting(segment)
      await remove(work.directory, segment)
    }
  }

  async #inThread(work: UpkeepWork): Promise<UpkeepDone> {
    const worker = new Worker(WORKER, { workerData: work, resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB } })
    this.#worker = worker
    const { promise, resolve, reject } = Promise.withResolvers<UpkeepAnswer>()
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => resolve({ failed: 'the thread has ended' }))
    try {
      const answer = await promise
      if ('done' in answer) return answer.done
      if (this.#closed) return { compressed: 0, past: [] }
      throw new SallyportError('SP-AUDIT', `the audit log could not be seen to: ${answer.failed}`)
    } finally {
      this.#worker = null
      await worker.terminate()
    }
  }
}

/** A segment that is deleted leaves its last checkpoint, and where the next one starts. */
async function remove(directory: string, { first }: PastSegment): Promise<void> {
  const last = notesOf(directory, first, disk).at(-1)
  if (last !== undefined) await disk.replace(notesPath(directory, first), last)
  await rm(plainPath(directory, first), { force: true })
  await rm(compressedPath(directory, first), { force: true })
  await disk.syncDirectory(directory)
}
