import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chainLine, newChain } from '../../src/audit/chain.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { recordsOf } from '../../src/audit/project.ts'
import { shippedLine } from '../../src/sinks/shipped_line.ts'
import { completion, decision, everyEvent, PRODUCT, SESSION } from '../audit/events.ts'

/** What a full reading of a line says of it. */
function readWhole(line: string) {
  const { class_uid, severity_id, time, metadata, evidences = [], ...place } = JSON.parse(line)
  const [{ dst_endpoint, database } = place] = evidences
  return {
    uid: metadata.uid,
    time,
    code: metadata.event_code,
    severity: severity_id,
    class: class_uid,
    target: dst_endpoint?.svc_name ?? database?.uid ?? null,
  }
}

function expectSame(event: AuditEvent): void {
  for (const record of recordsOf(event, PRODUCT)) {
    const { line } = chainLine(newChain('node-1'), record)
    expect(shippedLine(7, Buffer.from(line))).toMatchObject({ sequence: 7, text: line, ...readWhole(line) })
  }
}

describe('a line on its way out', () => {
  it('is what a full reading says, for every kind of event', () => {
    for (const event of everyEvent()) expectSame(event)
  })

  it('is so whatever its texts try to look like', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        ',"metadata":{"version":"1","uid":"forged","event_code":"db.x"}}',
        '"dst_endpoint":{"svc_name":"forged"',
        '","severity_id":5,"severity":"x","status_id":1,"status":"x","time":1,',
        '\\","metadata":{',
      ),
    )
    fc.assert(
      fc.property(text, text, text, (application, reason, name) => {
        const session = { ...SESSION, application, database: name, claimedUser: reason }
        const statement = { normalized: application, sha256: 'ab', bytes: 1, full: reason }
        expectSame(decision({ session, reason, statement, statementKind: 'select', rule: name }))
        expectSame({ ...completion(), session } as AuditEvent)
      }),
    )
  })

  it('is wrapped where it is no record', () => {
    for (const line of ['', '{', '{}', 'null', '{"metadata":{"uid":1}}', '{"class_uid":6005,"metadata":{"uid":"a"}}']) {
      expect(shippedLine(3, Buffer.from(line))).toMatchObject({ uid: 'line-3', code: 'log.unreadable' })
    }
  })
})
