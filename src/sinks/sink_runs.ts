import type { SinkSettings } from '../session/sink_settings.ts'
import { CheckpointFeed } from './checkpoint_feed.ts'
import { addDeadLetters } from './dead_letters.ts'
import { LineFeed } from './line_feed.ts'
import { openSender } from './open_sender.ts'
import { positionPath, readPosition, strangeness, writePosition } from './position.ts'
import { type SenderDeps, SinkError } from './sender.ts'
import { SinkRun } from './sink_run.ts'
import type { SinkNews, SinkStatus, SinkTest } from './sink_status.ts'
import type { SinkWorkerData } from './sink_worker.ts'
import { testSink } from './test_record.ts'

export interface Outside {
  /** Null where the secret can't be read. */
  readonly secret: (reference: string) => Promise<string | null>
  /** Null where the standard output is gone. */
  readonly print: (text: string) => Promise<string | null>
  readonly tell: (news: SinkNews) => void
}

interface Running {
  readonly key: string
  readonly settings: SinkSettings
  readonly run: SinkRun
}

/** The sinks of the configuration, each on its own way. */
export class SinkRuns {
  readonly #data: SinkWorkerData
  readonly #outside: Outside
  readonly #feed: LineFeed
  readonly #checkpoints: CheckpointFeed
  readonly #running = new Map<string, Running>()
  /** By reference; what was forgotten is asked for again. */
  readonly #secrets = new Map<string, Promise<string>>()
  #configuring: Promise<void> = Promise.resolve()

  constructor(data: SinkWorkerData, outside: Outside) {
    this.#data = data
    this.#outside = outside
    this.#feed = new LineFeed(data.directory, () => Number(Atomics.load(data.progress, DURABLE)))
    this.#checkpoints = new CheckpointFeed(data.directory, Date.now)
  }

  get statuses(): readonly SinkStatus[] {
    return [...this.#running.values()].flatMap(({ run }) => run.status ?? [])
  }

  /** Sinks that are new or changed start, those that are gone stop; secrets are read anew. One after the other. */
  configure(sinks: readonly SinkSettings[]): Promise<void> {
    this.#configuring = this.#configuring.then(() => this.#configure(sinks))
    return this.#configuring
  }

  async drain(): Promise<void> {
    await this.#configuring
    await Promise.all([...this.#running.values()].map(({ run }) => run.drain()))
  }

  async test(name: string): Promise<SinkTest> {
    const settings = this.#running.get(name)?.settings
    const open = settings === undefined ? null : () => openSender(settings, this.#deps)
    return await testSink({ name, node: this.#data.node, format: settings?.format ?? 'ocsf', open })
  }

  async #configure(sinks: readonly SinkSettings[]): Promise<void> {
    this.#secrets.clear()
    const wanted = new Map(sinks.map((settings) => [settings.name, JSON.stringify(settings)]))
    const gone = [...this.#running].filter(([name, { key }]) => wanted.get(name) !== key)
    await Promise.all(
      gone.map(async ([name, { run }]) => {
        await run.stop()
        this.#running.delete(name)
      }),
    )
    for (const settings of sinks) if (!this.#running.has(settings.name)) this.#start(settings)
  }

  #start(settings: SinkSettings): void {
    const { directory, state } = this.#data
    const path = positionPath(state, settings.name)
    const run = new SinkRun({
      settings,
      feed: this.#feed,
      checkpoints: this.#checkpoints,
      load: () => readPosition(path),
      save: (position) => writePosition(path, position),
      strangeness: (position) => strangeness(directory, position),
      bury: (refused) => addDeadLetters(state, settings.name, refused, Date.now()),
      open: () => openSender(settings, this.#deps),
      forgetSecrets: () => this.#secrets.clear(),
      tell: this.#outside.tell,
      now: Date.now,
      random: Math.random,
    })
    this.#running.set(settings.name, { key: JSON.stringify(settings), settings, run })
    run.start()
  }

  get #deps(): SenderDeps {
    const { node, version } = this.#data
    return {
      secret: (reference) => this.#secret(reference),
      print: async (text) => {
        if ((await this.#outside.print(text)) === null) throw new SinkError('the standard output takes nothing')
      },
      now: Date.now,
      node,
      version,
    }
  }

  #secret(reference: string): Promise<string> {
    const known = this.#secrets.get(reference)
    if (known !== undefined) return known
    const asked = this.#outside.secret(reference).then((value) => {
      if (value !== null) return value
      this.#secrets.delete(reference)
      throw new SinkError('a secret can not be read', { authentication: true })
    })
    this.#secrets.set(reference, asked)
    return asked
  }
}

/** Where the shared memory has it. */
const DURABLE = 1
