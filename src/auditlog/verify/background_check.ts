import { Worker } from 'node:worker_threads'
import type { CheckAnswer, CheckWork } from './background_worker.ts'

/** The file beside this one, as it is called before and after compiling. */
const WORKER = new URL(`./background_worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
const EVERY_MS = 86_400_000
const HEAP_MIB = 1024

/** How a look at the whole log went. */
export type CheckState = 'good' | 'broken' | 'unchecked'

export interface BackgroundCheckInput extends CheckWork {
  readonly onGood: () => void
  /** What was found, and where; called once for each look that finds something. */
  readonly onMismatch: (where: string) => void
  readonly onUnchecked: (why: string) => void
  /** Default: a day. */
  readonly everyMs?: number
}

/**
 * Verifies the whole log at the start and each day, on a thread of the lowest priority. Neither that thread nor the timer
 * keeps the process alive.
 */
export class BackgroundCheck {
  readonly #input: BackgroundCheckInput
  readonly #timer: NodeJS.Timeout
  #worker: Worker | null = null

  constructor(input: BackgroundCheckInput) {
    this.#input = input
    this.#timer = setInterval(() => this.#look(), input.everyMs ?? EVERY_MS)
    this.#timer.unref()
  }

  /** The first look. */
  start(): void {
    this.#look()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#worker?.terminate()
  }

  #look(): void {
    if (this.#worker !== null) return
    const { directory, vkeys } = this.#input
    const workerData: CheckWork = { directory, vkeys }
    const worker = new Worker(WORKER, { workerData, resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB } })
    this.#worker = worker
    worker.unref()
    worker.once('message', (answer: CheckAnswer) => this.#tell(answer))
    worker.once('error', () => this.#tell({ state: 'unchecked', detail: 'the thread that verifies has failed' }))
    worker.once('exit', () => {
      this.#worker = null
    })
  }

  #tell({ state, detail }: CheckAnswer): void {
    if (state === 'good') this.#input.onGood()
    if (state === 'broken') this.#input.onMismatch(detail)
    if (state === 'unchecked') this.#input.onUnchecked(detail)
  }
}
