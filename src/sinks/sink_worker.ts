import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { SinkSettings } from '../session/sink_settings.ts'
import { SinkRuns } from './sink_runs.ts'
import type { SinkNews, SinkStatus, SinkTest } from './sink_status.ts'

/** The thread of all sinks. */

/** What the thread of the sinks starts with. */
export interface SinkWorkerData {
  /** The log of record. */
  readonly directory: string
  /** Where positions and dead letters are. */
  readonly state: string
  /** Shared memory: [1] is the sequence number after the last line that is on disk. */
  readonly progress: BigInt64Array
  readonly node: string
  readonly version: string
}

export type ToSinkWorker =
  /** All sinks from now on; answered with `configured`. */
  | { readonly kind: 'configure'; readonly id: number; readonly sinks: readonly SinkSettings[] }
  | { readonly kind: 'test'; readonly id: number; readonly name: string }
  /** Answered with `drained` when nothing is left to do. */
  | { readonly kind: 'drain'; readonly id: number }
  /** The answers to `secret` and `print`. */
  | { readonly kind: 'answer'; readonly id: number; readonly value: string | null }

export type FromSinkWorker =
  | { readonly kind: 'secret'; readonly id: number; readonly reference: string }
  | { readonly kind: 'print'; readonly id: number; readonly text: string }
  | { readonly kind: 'status'; readonly sinks: readonly SinkStatus[] }
  | { readonly kind: 'news'; readonly news: SinkNews }
  | { readonly kind: 'configured' | 'drained'; readonly id: number }
  | { readonly kind: 'tested'; readonly id: number; readonly test: SinkTest }

const STATUS_MS = 500

function serve(port: MessagePort, data: SinkWorkerData): void {
  const tell = (message: FromSinkWorker) => port.postMessage(message)
  const questions = new Questions(tell)
  const runs = new SinkRuns(data, {
    secret: (reference) => questions.ask({ kind: 'secret', reference }),
    print: (text) => questions.ask({ kind: 'print', text }),
    tell: (news) => tell({ kind: 'news', news }),
  })
  let last = ''
  const report = () => {
    const sinks = runs.statuses
    const text = JSON.stringify(sinks)
    if (text !== last) tell({ kind: 'status', sinks })
    last = text
  }
  setInterval(report, STATUS_MS)
  port.on('message', async (message: ToSinkWorker) => {
    switch (message.kind) {
      case 'answer':
        return questions.answer(message.id, message.value)
      case 'configure':
        await runs.configure(message.sinks)
        return tell({ kind: 'configured', id: message.id })
      case 'test':
        return tell({ kind: 'tested', id: message.id, test: await runs.test(message.name) })
      case 'drain':
        await runs.drain()
        report()
        return tell({ kind: 'drained', id: message.id })
    }
  })
}

type Question =
  | { readonly kind: 'secret'; readonly reference: string }
  | { readonly kind: 'print'; readonly text: string }

/** What the main thread alone can do. */
class Questions {
  readonly #tell: (message: FromSinkWorker) => void
  readonly #waiting = new Map<number, (value: string | null) => void>()
  #last = 0

  constructor(tell: (message: FromSinkWorker) => void) {
    this.#tell = tell
  }

  /** Null where it can't be done. */
  ask(question: Question): Promise<string | null> {
    const id = ++this.#last
    const { promise, resolve } = Promise.withResolvers<string | null>()
    this.#waiting.set(id, resolve)
    this.#tell({ ...question, id })
    return promise
  }

  answer(id: number, value: string | null): void {
    this.#waiting.get(id)?.(value)
    this.#waiting.delete(id)
  }
}

if (parentPort !== null) serve(parentPort, workerData as SinkWorkerData)
