import { Worker } from 'node:worker_threads'
import { SallyportError } from '../errors.ts'
import type { Side, WorkerAnswer, WorkerCall, WorkerSettings } from './sqlite_worker.ts'

/** The file beside this one, as it is called before and after compiling. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './sqlite_worker.ts' : './sqlite_worker.js', import.meta.url)
const OPENED = 0
/** https://www.sqlite.org/rescode.html */
const SQLITE_BUSY = 5

/** An error of SQLite itself, with its extended result code. */
export class SqliteError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'SqliteError'
    this.code = code
  }
}

interface Waiting {
  readonly resolve: (answer: WorkerAnswer) => void
  readonly reject: (error: Error) => void
}

/** The thread that holds the SQLite file, asked one statement at a time. Once it is broken, it stays so. */
export class SqliteThread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #calls = OPENED
  #broken: Error | null = null

  constructor(settings: WorkerSettings) {
    this.#worker = new Worker(WORKER, { workerData: settings })
    this.#worker.on('message', (answer: WorkerAnswer) => this.#answered(answer))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => this.#fail(new Error('the thread of the store has ended')))
  }

  get broken(): boolean {
    return this.#broken !== null
  }

  /** Rejects with `SP-STORE` where the file can't be had. */
  async opened(path: string): Promise<void> {
    try {
      await this.#wait(OPENED)
    } catch (error) {
      await this.close()
      throw new SallyportError('SP-STORE', whyNotOpened(path, error), { cause: error })
    }
  }

  async run(side: Side, sql: string, parameters: WorkerCall['parameters']): Promise<WorkerAnswer> {
    if (this.#broken) throw this.#broken
    this.#calls++
    const answer = this.#wait(this.#calls)
    this.#worker.postMessage({ call: this.#calls, side, sql, parameters } satisfies WorkerCall)
    return answer
  }

  async close(): Promise<void> {
    this.#broken ??= new Error('the store is closed')
    await this.#worker.terminate()
  }

  #wait(call: number): Promise<WorkerAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<WorkerAnswer>()
    // An idle store keeps no process alive; one that is asked does.
    if (this.#waiting.size === 0) this.#worker.ref()
    this.#waiting.set(call, { resolve, reject })
    return promise
  }

  #answered(answer: WorkerAnswer): void {
    const waiting = this.#waiting.get(answer.call)
    this.#waiting.delete(answer.call)
    if (this.#waiting.size === 0) this.#worker.unref()
    if (answer.error) waiting?.reject(new SqliteError(answer.error.code, answer.error.message))
    else waiting?.resolve(answer)
  }

  #fail(error: Error): void {
    this.#broken ??= error
    for (const { reject } of this.#waiting.values()) reject(this.#broken)
    this.#waiting.clear()
  }
}

function whyNotOpened(path: string, error: unknown): string {
  if (error instanceof SqliteError && (error.code & 0xff) === SQLITE_BUSY) {
    return `${path} is held by another process: one data directory belongs to one process`
  }
  return `${path} can't be opened: ${error instanceof Error ? error.message : 'for no known reason'}`
}
