import { type ChildProcess, fork } from 'node:child_process'
import { rmSync } from 'node:fs'
import { SallyportError } from '../errors.ts'
import type { Answer, FailureKind, FromChild, SearchSettings, ToChild, Work } from './search_child.ts'

/** The file beside this one, as it is called before and after compiling. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './search_child.ts' : './search_child.js', import.meta.url)
/** Questions that wait; who comes later is told so. */
const MAX_WAITING = 16
const OPEN_DEADLINE_MS = 30_000
/** How long a question that was told to stop may take to do so. */
const GRACE_MS = 3_000
const HEAP_MIB = 512

export interface AskOptions {
  readonly deadlineMs: number
  readonly signal?: AbortSignal
}

interface Waiting {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

/**
 * The process that holds DuckDB, started when it is first asked and again after it died. It does one piece of work at a
 * time, and one that doesn't end in its time ends with the process.
 */
export class SearchProcess {
  readonly #settings: SearchSettings
  readonly #told: (text: string) => void
  #child: { readonly process: ChildProcess; readonly opened: Promise<void> } | null = null
  readonly #asked = new Map<number, Waiting>()
  #queue: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #ids = 0
  #closed = false

  /** `told` hears why the process failed: for the log of the program. */
  constructor(settings: SearchSettings, told: (text: string) => void) {
    this.#settings = settings
    this.#told = told
  }

  /** Nothing runs and nothing waits. */
  get idle(): boolean {
    return this.#waiting === 0
  }

  /** For tests that kill it. */
  get pid(): number | undefined {
    return this.#child?.process.pid
  }

  /** Rejects with `SP-RATE`, `SP-INPUT`, or `SP-SEARCH` where it failed, took too long or had too little memory. */
  async ask<W extends Work>(work: W, options: AskOptions): Promise<Answer<W>> {
    if (this.#closed) throw new SallyportError('SP-DRAIN', 'the program ends')
    if (this.#waiting >= MAX_WAITING) throw new SallyportError('SP-RATE', 'too many questions wait; try again later')
    this.#waiting++
    const turn = this.#queue.then(() => this.#performed(work, options))
    this.#queue = turn.catch(() => undefined)
    try {
      return (await turn) as Answer<W>
    } finally {
      this.#waiting--
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const child = this.#child?.process
    if (child === undefined) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  async #performed(work: Work, { deadlineMs, signal }: AskOptions): Promise<unknown> {
    if (signal?.aborted === true) throw failure('cancelled', deadlineMs)
    if (this.#closed) throw new SallyportError('SP-DRAIN', 'the program ends')
    const child = await this.#started()
    const id = ++this.#ids
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#asked.set(id, { resolve, reject })
    let grace: NodeJS.Timeout | undefined
    const stop = () => {
      send(child, { kind: 'cancel', id })
      grace = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
    }
    const timer = setTimeout(stop, deadlineMs)
    signal?.addEventListener('abort', stop, { once: true })
    send(child, { kind: 'work', id, work })
    try {
      return await promise
    } catch (error) {
      if (error instanceof ChildFailure)
        throw failure(grace === undefined ? error.why : 'cancelled', deadlineMs, error.text)
      throw error
    } finally {
      clearTimeout(timer)
      clearTimeout(grace)
      signal?.removeEventListener('abort', stop)
      this.#asked.delete(id)
    }
  }

  async #started(): Promise<ChildProcess> {
    this.#child ??= this.#start()
    const { process, opened } = this.#child
    try {
      await opened
      return process
    } catch (error) {
      process.kill('SIGKILL')
      if (this.#child?.process === process) this.#child = null
      throw error instanceof ChildFailure ? failure(error.why, OPEN_DEADLINE_MS, error.text) : error
    }
  }

  #start(): { readonly process: ChildProcess; readonly opened: Promise<void> } {
    // What a process before left there; the environment, which may hold secrets, is not handed on.
    rmSync(this.#settings.sources.scratch, { recursive: true, force: true })
    const child = fork(ENTRY, [], {
      env: {},
      execArgv: [`--max-old-space-size=${HEAP_MIB}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const { promise: opened, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new ChildFailure('failed', 'it did not open')), OPEN_DEADLINE_MS)
    void opened.catch(() => undefined).finally(() => clearTimeout(timer))
    child.on('message', (message: FromChild) => {
      if (message.kind === 'opened') resolve()
      else if (message.kind === 'failed' && message.id === null) reject(new ChildFailure(message.why, message.text))
      else this.#answered(message)
    })
    child.once('error', (error) => reject(new ChildFailure('failed', error.message)))
    child.once('exit', (code, signal) => {
      const ended = new ChildFailure(
        signal === 'SIGKILL' || signal === 'SIGABRT' ? 'memory' : 'failed',
        `it ended: ${signal ?? code}`,
      )
      reject(ended)
      if (this.#child?.process === child) this.#child = null
      if (!this.#closed) this.#told(ended.text)
      for (const { reject: fail } of this.#asked.values()) fail(ended)
    })
    send(child, { kind: 'open', settings: this.#settings })
    return { process: child, opened }
  }

  #answered(message: Exclude<FromChild, { kind: 'opened' }>): void {
    const waiting = message.id === null ? undefined : this.#asked.get(message.id)
    if (message.kind === 'done') waiting?.resolve(message.answer)
    else {
      if (message.why === 'failed') this.#told(message.text)
      waiting?.reject(new ChildFailure(message.why, message.text))
    }
  }
}

class ChildFailure extends Error {
  readonly why: FailureKind
  readonly text: string

  constructor(why: FailureKind, text: string) {
    super(text)
    this.why = why
    this.text = text
  }
}

function send(child: ChildProcess, message: ToChild): void {
  // An exit that comes first is heard of by its own event.
  if (child.connected) child.send(message, () => undefined)
}

/** DuckDB's own words could quote a value of the log: they go to the log of the program alone. */
function failure(why: FailureKind, deadlineMs: number, text = ''): SallyportError {
  const seconds = Math.round(deadlineMs / 1000)
  switch (why) {
    case 'input':
      return new SallyportError('SP-INPUT', text.replace(/^SP-INPUT: /, ''))
    case 'log':
      return new SallyportError('SP-AUDIT', text.replace(/^SP-\w+: /, ''))
    case 'memory':
      return new SallyportError('SP-SEARCH', 'the search ran out of memory; narrow it, by its time first')
    case 'cancelled':
      return new SallyportError(
        'SP-SEARCH',
        `the search was ended after at most ${seconds} s; narrow it, by its time first`,
      )
    case 'failed':
      return new SallyportError('SP-SEARCH', 'the search failed; the log of the node says why')
  }
}
