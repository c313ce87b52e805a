import { positionPath, writePosition } from '../../src/sinks/position.ts'
import { createFileSender } from '../../src/sinks/senders/file.ts'
import { SINK, startRun } from './harness.ts'
import { TestLog } from './test_log.ts'

/**
 * node killed_shipper.ts LOG STATE COPY BATCHES: ships the log to a file, and is killed after so many batches, between
 * what the sink has and where the position is stored.
 */
const [log = '', state = '', path = '', batches = '0'] = process.argv.slice(2)
const progress = new BigInt64Array(new SharedArrayBuffer(16)).fill(BigInt(Number.MAX_SAFE_INTEGER))
const sink = { ...SINK, kind: 'file' as const, path, maxBytes: null, keep: 1, fsync: false }
let left = Number(batches)
const { run } = startRun(
  { directory: '', log: Object.assign(Object.create(TestLog.prototype), { directory: log, progress }), state },
  () => createFileSender(sink),
  { ...sink, batch: { maxItems: 7, maxBytes: 1_000_000, maxWaitMs: 0 } },
  {
    save: async (position) => {
      if (position.next > 0 && left-- === 0) process.kill(process.pid, 'SIGKILL')
      await writePosition(positionPath(state, 'siem'), position)
    },
  },
)
await run.drain()
