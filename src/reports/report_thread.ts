import { Worker } from 'node:worker_threads'
import { SallyportError } from '../errors.ts'
import type { AuditPeriod, AuditReader, FoundHistory } from './audit_reader.ts'
import type { Pack } from './pack.ts'
import type { Done, Work } from './report_worker.ts'
import type { LoggedUse, TailQuestion } from './usage_tail.ts'

/** The file beside this one, as it is called before and after compiling. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './report_worker.ts' : './report_worker.js', import.meta.url)
/** Threads at once: more wait their turn. */
const MAX_THREADS = 2
/** Pieces of work that wait; who comes later is told so. */
const MAX_WAITING = 16
/** The longest that one may take. */
const DEADLINE_MS = 300_000
const HEAP_MIB = 512

export type PackFormat = 'json' | 'csv' | 'pdf'

export interface ReportThreads extends AuditReader {
  /** See `readUsageTail`. Rejects with `SP-AUDIT`. */
  usageSince(question: TailQuestion): Promise<readonly LoggedUse[] | null>
  render(pack: Pack, format: PackFormat): Promise<Uint8Array>
  /** Ends what is under way. */
  close(): Promise<void>
}

/** Reads the log in the directory, and draws packs, each in a thread of its own that ends with the work. */
export function createReportThreads(directory: string): ReportThreads {
  const threads = new Threads()
  return {
    period: async (period) => (await threads.run({ kind: 'period', directory, period })) as AuditPeriod,
    search: async (search) => (await threads.run({ kind: 'history', directory, search })) as FoundHistory,
    usageSince: async (question) =>
      (await threads.run({ kind: 'usage', directory, question })) as readonly LoggedUse[] | null,
    render: async (pack, format) => (await threads.run({ kind: format, pack })) as Uint8Array,
    close: () => threads.close(),
  }
}

class Threads {
  readonly #running = new Set<Worker>()
  readonly #waiting: (() => void)[] = []
  #places = MAX_THREADS
  #closed = false

  async run(work: Work): Promise<unknown> {
    await this.#place()
    try {
      if (this.#closed) throw new SallyportError('SP-INTERNAL', 'the program ends')
      return await this.#performed(work)
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#places++
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#running].map((worker) => worker.terminate()))
  }

  async #place(): Promise<void> {
    if (this.#places > 0) {
      this.#places--
      return
    }
    if (this.#waiting.length >= MAX_WAITING) {
      throw new SallyportError('SP-RATE', 'too many reports are being made; try again later')
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    await promise
  }

  async #performed(work: Work): Promise<unknown> {
    const worker = new Worker(WORKER, { workerData: work, resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB } })
    this.#running.add(worker)
    const { promise, resolve, reject } = Promise.withResolvers<Done>()
    const timer = setTimeout(() => reject(new SallyportError('SP-INTERNAL', 'the report took too long')), DEADLINE_MS)
    timer.unref()
    worker.once('message', resolve)
    worker.once('error', (cause) => reject(failure(work, cause.message, cause)))
    worker.once('exit', () => reject(failure(work, 'the thread has ended')))
    try {
      const answer = await promise
      if ('failed' in answer) throw failure(work, answer.failed)
      return answer.done
    } finally {
      clearTimeout(timer)
      this.#running.delete(worker)
      await worker.terminate()
    }
  }
}

/** The system's code alone: a message could hold a path or more. */
function failure({ kind }: Work, why: string, cause?: unknown): SallyportError {
  const ofLog = kind === 'period' || kind === 'history' || kind === 'usage'
  const detail = ofLog ? `the audit log can't be read: ${why}` : `the report can't be made: ${why}`
  return new SallyportError(ofLog ? 'SP-AUDIT' : 'SP-INTERNAL', detail, { cause })
}
