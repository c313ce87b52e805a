import nacl from 'tweetnacl'
import type { AuditEvent } from '../../src/audit/event.ts'
import { Opener, Sealer } from '../../src/audit/seal.ts'
import type { RecordingHead } from '../../src/recording/entries.ts'
import { type AppendFile, RecordingFile } from '../../src/recording/recording_file.ts'
import type { RecordingLimits } from '../../src/recording/result_sieve.ts'
import { SessionRecording } from '../../src/recording/session_recording.ts'
import { encodeDataRow } from '../../src/wire/postgres/data-row.ts'
import { encodeServer } from '../../src/wire/postgres/server.ts'
import { decision, SESSION } from '../audit/events.ts'

export const STARTED = Date.UTC(2030, 0, 31, 9, 0, 0)
const KEYS = nacl.box.keyPair.fromSecretKey(new Uint8Array(32).fill(7))
export const SEAL_TO = KEYS.publicKey
const OPENER = new Opener(KEYS.secretKey)
export const opener = () => OPENER
export const otherOpener = () => new Opener(new Uint8Array(32).fill(9))

export const HEAD: RecordingHead = {
  id: '01890000-0000-7000-8000-000000000001',
  started: STARTED,
  protocol: 'postgres',
  capabilities: 0,
  extended: 0,
  person: { issuer: 'https://idp.example.test', subject: 'u-alice', email: 'alice@example.test' },
  target: 'orders',
  database: 'shop',
  role: 'surgeon',
  grantId: '01890000-0000-7000-8000-00000000000a',
  reason: 'orders hang in payment',
  ticket: null,
  incident: 'pagerduty INC-1',
  clientAddress: '10.0.0.5',
  application: 'psql',
  sealedTo: '',
  node: 'node-1',
}

/** A file in memory, which can be made to fail. */
export class MemoryFile implements AppendFile {
  bytes: Buffer = Buffer.alloc(0)
  closed = false
  /** What it still takes; then it is full. */
  room = Number.POSITIVE_INFINITY

  async write(bytes: Uint8Array): Promise<{ bytesWritten: number }> {
    const taken = Math.min(bytes.length, this.room)
    if (taken === 0 && bytes.length > 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    this.bytes = Buffer.concat([this.bytes, bytes.subarray(0, taken)])
    this.room -= taken
    return { bytesWritten: taken }
  }
  async truncate(length: number): Promise<void> {
    this.bytes = this.bytes.subarray(0, length)
  }
  async datasync(): Promise<void> {}
  async close(): Promise<void> {
    this.closed = true
  }
}

export const LIMITS: RecordingLimits = { maxBytesPerStatement: 4_096, maxBytesPerSession: null }

interface Over {
  readonly head?: Partial<RecordingHead>
  readonly limits?: Partial<RecordingLimits>
  /** Of the session's own key. */
  readonly seed?: number
}

export async function recordingOf(over: Over = {}) {
  const file = new MemoryFile()
  let now = STARTED
  const random = new Uint8Array(48).map((_, at) => at + (over.seed ?? 1))
  const recording = new SessionRecording({
    head: { ...HEAD, ...over.head },
    file: new RecordingFile(file, () => 0),
    sealer: new Sealer(SEAL_TO, random),
    limits: { ...LIMITS, ...over.limits },
    now: () => now,
  })
  await recording.begin()
  return {
    file,
    recording,
    wait: (ms: number) => {
      now += ms
    },
    ask: (id: string, text: string, more: Partial<Extract<AuditEvent, { kind: 'decision' }>> = {}) => {
      recording.told(decision({ statementId: id, text, time: now, session: SESSION, ...more }))
    },
    done: (id: string, rows: number, ms = 3) => {
      recording.told({
        ...{ kind: 'completion', id: `c-${id}`, time: now, session: SESSION, statementId: id, statementKind: 'select' },
        ...{ outcome: 'ok', status: null, rows, bytes: 0, rowsWithheld: 0, durationMs: ms },
      })
    },
  }
}

export const text = (value: string) => new TextEncoder().encode(value)
export const row = (...values: (string | null)[]) =>
  encodeDataRow(values.map((value) => (value === null ? null : text(value))))
export const complete = (tag: string) => encodeServer({ kind: 'commandComplete', tag })
export const ready = () => encodeServer({ kind: 'readyForQuery', status: 'I' })

export function described(
  ...fields: readonly (readonly [name: string, typeOid: number, format?: 0 | 1])[]
): Uint8Array {
  return encodeServer({
    kind: 'rowDescription',
    fields: fields.map(([name, typeOid, format = 0]) => {
      return { name, typeOid, format, tableOid: 0, column: 0, typeSize: -1, typmod: -1 }
    }),
  })
}

export function failed(code: string, message: string): Uint8Array {
  return encodeServer({
    kind: 'errorResponse',
    fields: [
      ['S', 'ERROR'],
      ['C', code],
      ['M', message],
    ],
  })
}
