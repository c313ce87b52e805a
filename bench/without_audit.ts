import type { LogOfRecord } from '../src/auditlog/audit_log.ts'
import { serve } from '../src/serve.ts'

/** The proxy with nothing recorded, to tell what records cost: `node bench/without_audit.ts serve --config DIR`. */
const DONE = Promise.resolve()

const nothing: LogOfRecord = {
  append: () => DONE,
  note: () => DONE,
  close: () => DONE,
  healthy: true,
  progress: new BigInt64Array(new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT)),
  identity: { writer: 'none', origin: 'none', created: 0, vkeys: [] } as unknown as LogOfRecord['identity'],
  cut: null,
  onHealth: () => undefined,
  onRotation: () => undefined,
  configure: () => undefined,
}

await serve(process.argv.at(-1) ?? '', { audit: nothing })
