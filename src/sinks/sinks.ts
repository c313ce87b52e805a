import { Worker } from 'node:worker_threads'
import { SallyportError } from '../errors.ts'
import type { SinkSettings } from '../session/sink_settings.ts'
import { backOffMs } from './back_off.ts'
import { deliveredPositions } from './delivered_positions.ts'
import type { SinkNews, SinkStatus, SinkTest } from './sink_status.ts'
import type { FromSinkWorker, SinkWorkerData, ToSinkWorker } from './sink_worker.ts'

export interface SinksOptions extends SinkWorkerData {
  /** The text of a secret, read now where it was read a while ago. */
  readonly secret: (reference: string) => Promise<string>
  /** Whole lines to the standard output. */
  readonly print: (text: string) => Promise<void>
  readonly onNews: (news: SinkNews) => void
  /** Each time that something has changed. */
  readonly onStatus: (sinks: readonly SinkStatus[]) => void
  /** The thread has ended by itself; another one is started. */
  readonly onDeath: (error: unknown) => void
}

/** Where the records go beside the log. Everything happens on a thread of its own: no statement waits for a sink. */
export interface Sinks {
  /** Starts, stops and changes sinks. */
  configure(sinks: readonly SinkSettings[]): Promise<void>
  /** In the order of the configuration. */
  statuses(): readonly SinkStatus[]
  /** Every sink has all lines below; infinite where there is no sink. */
  deliveredUpTo(): number
  /** Rejects with `SP-NOT-FOUND` where there is no such sink. */
  test(name: string): Promise<SinkTest>
  /** What was on disk is delivered, or the deadline passes: then it is, at the next start. */
  close(deadlineMs: number): Promise<void>
}

/** The file beside this one, as it is called before and after compiling. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './sink_worker.ts' : './sink_worker.js', import.meta.url)
const HEAP_MIB = 512
/** Lines are gone within a second: so large, they never have to be moved. */
const YOUNG_MIB = 48
/** A thread that dies at once must not be started all the time. */
const RESTART_MS = 1_000
/** Longer than the test itself may take. */
const TEST_MS = 15_000

export function createSinks(options: SinksOptions): Sinks {
  return new SinkThread(options)
}

class SinkThread implements Sinks {
  readonly #options: SinksOptions
  readonly #waiting = new Map<number, (answer: FromSinkWorker | null) => void>()
  /** By name, from the files as long as the thread has not said more. */
  #delivered: ReadonlyMap<string, number> = new Map()
  #sinks: readonly SinkSettings[] = []
  #statuses: readonly SinkStatus[] = []
  #worker: Worker | null = null
  #restart: NodeJS.Timeout | null = null
  #deaths = 0
  #closed = false
  #lastId = 0

  constructor(options: SinksOptions) {
    this.#options = options
  }

  async configure(sinks: readonly SinkSettings[]): Promise<void> {
    this.#sinks = sinks
    this.#delivered = new Map([...deliveredPositions(this.#options.state, sinks), ...this.#delivered])
    if (this.#worker === null && sinks.length === 0) return
    this.#start()
    await this.#ask((id) => ({ kind: 'configure', id, sinks }))
  }

  statuses(): readonly SinkStatus[] {
    const byName = new Map(this.#statuses.map((status) => [status.name, status]))
    return this.#sinks.flatMap(({ name }) => byName.get(name) ?? [])
  }

  deliveredUpTo(): number {
    return Math.min(...this.#sinks.map(({ name }) => this.#delivered.get(name) ?? 0), Number.POSITIVE_INFINITY)
  }

  async test(name: string): Promise<SinkTest> {
    if (!this.#sinks.some((sink) => sink.name === name)) {
      throw new SallyportError('SP-NOT-FOUND', `no sink is called ${name}`)
    }
    const answer = await this.#ask((id) => ({ kind: 'test', id, name }), TEST_MS)
    if (answer?.kind === 'tested') return answer.test
    throw new SallyportError('SP-INTERNAL', 'the thread of the sinks does not answer')
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closed = true
    if (this.#restart !== null) clearTimeout(this.#restart)
    const worker = this.#worker
    if (worker === null) return
    await this.#ask((id) => ({ kind: 'drain', id }), deadlineMs)
    this.#worker = null
    await worker.terminate()
  }

  #start(): void {
    if (this.#worker !== null || this.#closed) return
    if (this.#restart !== null) clearTimeout(this.#restart)
    this.#restart = null
    const { directory, state, progress, node, version } = this.#options
    const workerData: SinkWorkerData = { directory, state, progress, node, version }
    const worker = new Worker(WORKER, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: YOUNG_MIB },
    })
    this.#worker = worker
    worker.on('message', (message: FromSinkWorker) => this.#take(worker, message))
    worker.once('error', (error) => this.#died(worker, error))
    worker.once('exit', () => this.#died(worker, null))
  }

  #died(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = null
    for (const settle of this.#waiting.values()) settle(null)
    this.#waiting.clear()
    if (this.#closed) return
    this.#options.onDeath(error)
    this.#deaths++
    this.#restart = setTimeout(
      () => void this.configure(this.#sinks),
      backOffMs(this.#deaths, RESTART_MS, Math.random()),
    )
    this.#restart.unref()
  }

  /** Null where the thread ends or the time passes before it answers. */
  async #ask(message: (id: number) => ToSinkWorker, timeoutMs?: number): Promise<FromSinkWorker | null> {
    if (this.#worker === null) return null
    const id = ++this.#lastId
    const { promise, resolve } = Promise.withResolvers<FromSinkWorker | null>()
    this.#waiting.set(id, resolve)
    this.#worker.postMessage(message(id))
    const timer = timeoutMs === undefined ? null : setTimeout(() => resolve(null), timeoutMs)
    try {
      return await promise
    } finally {
      if (timer !== null) clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  #take(worker: Worker, message: FromSinkWorker): void {
    switch (message.kind) {
      case 'secret':
        return this.#answer(worker, message.id, this.#options.secret(message.reference))
      case 'print':
        return this.#answer(
          worker,
          message.id,
          this.#options.print(message.text).then(() => ''),
        )
      case 'news':
        return this.#options.onNews(message.news)
      case 'status':
        return this.#follow(message.sinks)
      default:
        this.#waiting.get(message.id)?.(message)
    }
  }

  #answer(worker: Worker, id: number, work: Promise<string>): void {
    const reply = (value: string | null) => worker.postMessage({ kind: 'answer', id, value } satisfies ToSinkWorker)
    work.then(reply, () => reply(null))
  }

  #follow(sinks: readonly SinkStatus[]): void {
    this.#statuses = sinks
    this.#delivered = new Map([...this.#delivered, ...sinks.map(({ name, next }) => [name, next] as const)])
    this.#options.onStatus(sinks)
  }
}
