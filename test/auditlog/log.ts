import { readFileSync } from 'node:fs'
import { type NoteKey, noteKey, skeyOf } from '../../src/audit/note.ts'
import { type AuditLogOptions, type LogOfRecord, openAuditLog } from '../../src/auditlog/audit_log.ts'
import { segmentsOf } from '../../src/auditlog/segments.ts'
import { PRODUCT } from '../audit/events.ts'

export const ORIGIN = 'sallyport/node-1'
/** A key whose seed anybody can read. */
export const LOG_KEY = noteKey(skeyOf(ORIGIN, new Uint8Array(32).fill(7))) as NoteKey

let ids = 0

/** A log of record as the program opens it. */
export function openTestLog(directory: string, more: Partial<AuditLogOptions> = {}): Promise<LogOfRecord> {
  return openAuditLog({
    directory,
    durability: 'group',
    writerId: 'node-1',
    origin: ORIGIN,
    key: LOG_KEY,
    product: PRODUCT,
    sealTo: null,
    segment: { maxBytes: 67_108_864, maxAgeMs: 86_400_000 },
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    newId: () => `log-${++ids}`,
    failed: (error) => {
      throw error
    },
    ...more,
  })
}

/** The lines of all segments that are not compressed, with their newlines. */
export function logText(directory: string): string {
  return segmentsOf(directory)
    .map(({ path }) => readFileSync(path, 'utf8'))
    .join('')
}

export function logLines(directory: string): string[] {
  return logText(directory).split('\n').slice(0, -1)
}
