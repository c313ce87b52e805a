import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileSinkSettings, SinkSettings } from '../../src/session/sink_settings.ts'
import { CheckpointFeed } from '../../src/sinks/checkpoint_feed.ts'
import { addDeadLetters } from '../../src/sinks/dead_letters.ts'
import { LineFeed } from '../../src/sinks/line_feed.ts'
import { positionPath, readPosition, strangeness, writePosition } from '../../src/sinks/position.ts'
import type { Sender } from '../../src/sinks/sender.ts'
import { SinkRun, type SinkRunDeps } from '../../src/sinks/sink_run.ts'
import type { SinkNews } from '../../src/sinks/sink_status.ts'
import { TestLog } from './test_log.ts'

export const SINK: Omit<FileSinkSettings, 'kind' | 'path' | 'maxBytes' | 'keep' | 'fsync'> = {
  name: 'siem',
  format: 'ocsf',
  from: 'first',
  filter: { events: [], targets: [], classes: [], minSeverity: 1 },
  batch: { maxItems: 500, maxBytes: 1024 * 1024, maxWaitMs: 0 },
  backlog: { maxRecords: 1_000_000, maxAgeMs: Number.MAX_SAFE_INTEGER },
  timeoutMs: 2_000,
}

export function temporary(): string {
  return mkdtempSync(join(tmpdir(), 'sallyport-sinks-'))
}

export interface World {
  readonly directory: string
  readonly log: TestLog
  readonly state: string
}

export function world(): World {
  const directory = temporary()
  return { directory, log: new TestLog(join(directory, 'audit')), state: join(directory, 'sinks') }
}

export interface Started {
  readonly run: SinkRun
  readonly news: SinkNews[]
}

/** A sink on its way along the log, without the thread. Pauses after failures take no time. */
export function startRun(
  { log, state }: World,
  open: () => Sender,
  settings: Partial<SinkSettings> = {},
  deps: Partial<SinkRunDeps> = {},
): Started {
  const all = { ...SINK, kind: 'stdout', ...settings } as SinkSettings
  const path = positionPath(state, all.name)
  const news: SinkNews[] = []
  const run = new SinkRun({
    settings: all,
    feed: new LineFeed(log.directory, () => Number(Atomics.load(log.progress, 1))),
    checkpoints: new CheckpointFeed(log.directory, () => 0),
    load: () => readPosition(path),
    save: (position) => writePosition(path, position),
    strangeness: (position) => strangeness(log.directory, position),
    bury: (refused) => addDeadLetters(state, all.name, refused, 0),
    open: async () => open(),
    forgetSecrets: () => undefined,
    tell: (one) => void news.push(one),
    now: Date.now,
    random: () => 0,
    ...deps,
  })
  run.start()
  return { run, news }
}

export const ROOMY = { maxItems: 10_000, maxBytes: 16 * 1024 * 1024, maxItemBytes: 1024 * 1024 }
