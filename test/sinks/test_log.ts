import { appendFileSync, mkdirSync } from 'node:fs'
import { type ChainState, chainLine, newChain } from '../../src/audit/chain.ts'
import type { OcsfRecord } from '../../src/audit/ocsf_record.ts'
import { notesPath, plainPath } from '../../src/auditlog/segments.ts'

export interface TestRecord {
  readonly code?: string
  readonly target?: string
  readonly severity?: number
  readonly classUid?: number
  readonly text?: string
  readonly time?: number
}

/** A log of record as others write it, as small as can be: what is appended is on disk. */
export class TestLog {
  readonly directory: string
  readonly progress = new BigInt64Array(new SharedArrayBuffer(16))
  readonly uids: string[] = []
  #chain: ChainState
  #segment = 0
  #notes = 0

  constructor(directory: string, writer = 'node-1') {
    this.directory = directory
    this.#chain = newChain(writer)
    mkdirSync(directory, { recursive: true })
    appendFileSync(plainPath(directory, 0), '')
  }

  get next(): number {
    return this.#chain.next
  }

  append(count: number, record: TestRecord = {}): void {
    let text = ''
    for (let n = 0; n < count; n++) {
      const uid = `uid-${this.next}`
      const { line, state } = chainLine(this.#chain, recordOf(uid, record))
      this.#chain = state
      this.uids.push(uid)
      text += `${line}\n`
    }
    appendFileSync(plainPath(this.directory, this.#segment), text)
    for (const at of [0, 1]) Atomics.store(this.progress, at, BigInt(this.next))
  }

  /** A checkpoint over all lines; its signature is none. */
  note(): string {
    const text = `sallyport/node-1\n${this.next}\n${Buffer.alloc(32, this.next).toString('base64')}\n`
    const note = `${text}\n— sallyport/node-1 c2lnbmF0dXJl\n`
    appendFileSync(notesPath(this.directory, this.#segment), `${this.#notes++ === 0 ? '' : '\n'}${note}`)
    return note
  }

  rotate(): void {
    this.#segment = this.next
    this.#notes = 0
    appendFileSync(plainPath(this.directory, this.#segment), '')
  }
}

function recordOf(uid: string, record: TestRecord): OcsfRecord {
  const {
    code = 'db.decision',
    target = 'orders',
    severity = 1,
    classUid = 6005,
    text = '',
    time = 1_900_000_000_000,
  } = record
  return {
    body:
      `{"class_uid":${classUid},"severity_id":${severity},"time":${time},"dst_endpoint":{"svc_name":"${target}"},` +
      `"message":${JSON.stringify(text)},"unmapped":{"jit":{"record":"test"`,
    metadata: `"version":"1.8.0","uid":"${uid}","event_code":"${code}","product":{"name":"Sallyport"}`,
  }
}
