import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { noteKey, skeyOf } from '../../src/audit/note.ts'
import { CheckpointProofs } from '../../src/auditlog/proof_thread.ts'
import { cosigned, type GivenCheckpoint, lookAtProofs, readSeen, type Seen } from '../../src/auditlog/verify/witness.ts'
import { SallyportError } from '../../src/errors.ts'
import { KEY, keyOf, logFiles, writeLog } from '../auditlog/verify/fixture.ts'
import { startTestApi, type TestApi } from './api.ts'

const DIRECTORY = mkdtempSync(join(tmpdir(), 'checkpoints-'))
const checkpoints = new CheckpointProofs(() => DIRECTORY)
let api: TestApi

afterEach(() => api.close())
afterAll(() => rmSync(DIRECTORY, { recursive: true }))

async function given(from?: number): Promise<GivenCheckpoint | null> {
  const answer = await api.call(`/v1/audit/checkpoint${from === undefined ? '' : `?from=${from}`}`)
  if (answer.status === 404) return null
  const { checkpoint, proof } = (await answer.json()) as { checkpoint: string; proof: string[] }
  return { note: checkpoint, proof }
}

async function look(seen: Seen | null, keys = [KEY]) {
  return lookAtProofs((await given()) as GivenCheckpoint, given, keys, seen)
}

async function seenNow(): Promise<Seen> {
  const first = await look(null)
  if (first.is !== 'continues') throw new Error(first.is)
  return first.seen
}

describe('checkpoints over the API', () => {
  it('continue what a watcher has seen', async () => {
    api = await startTestApi({}, { checkpoints })
    writeLog(DIRECTORY, logFiles({ segments: [5, 2], every: 2 }))
    const seen = await seenNow()
    expect(seen).toMatchObject({ size: 7, origin: 'sallyport/node-1' })
    expect(await look(seen)).toMatchObject({ is: 'continues', isNew: false })
    writeLog(DIRECTORY, logFiles({ segments: [5, 12], every: 2 }))
    expect(await look(seen)).toMatchObject({ is: 'continues', isNew: true, seen: { size: 17 } })
    const watcher = noteKey(skeyOf('w', new Uint8Array(32), 4))
    if (watcher === null) throw new Error('not a key')
    expect(readSeen(cosigned(seen.note, watcher, 1), watcher)).toMatchObject({ size: 7 })
    expect(() => readSeen(seen.note, watcher)).toThrow('state file')
  })

  it('or do not: rewritten, cut off, signed by another, not to be proved', async () => {
    api = await startTestApi({}, { checkpoints })
    writeLog(DIRECTORY, logFiles({ segments: [5, 2], every: 2 }))
    const seen = await seenNow()
    writeLog(DIRECTORY, logFiles({ segments: [5, 4], every: 2, text: (n) => `other ${n}` }))
    expect(await look(seen)).toMatchObject({ is: 'broken', why: [expect.stringContaining('rewritten')] })
    writeLog(DIRECTORY, logFiles({ segments: [5, 2], every: 2, text: (n) => `other ${n}` }))
    expect(await look(seen)).toMatchObject({ is: 'broken', why: [expect.stringContaining('rewritten')] })
    writeLog(DIRECTORY, logFiles({ segments: [5], every: 2 }))
    expect(await look(seen)).toMatchObject({ is: 'broken', why: [expect.stringContaining('cut off')] })
    expect(await look(seen, [keyOf(7)])).toMatchObject({
      is: 'broken',
      why: [expect.stringContaining('none of the given')],
    })
    const files = logFiles({ segments: [8, 4], every: 2 })
    writeLog(DIRECTORY, new Map([...files].filter(([name]) => name !== '00000000000000000000.ndjson')))
    expect(await look(seen)).toMatchObject({ is: 'unchecked' })
  })

  it('are for auditors', async () => {
    const refuse = () => Promise.reject(new SallyportError('SP-FORBIDDEN', 'for auditors'))
    api = await startTestApi({ require: refuse }, { checkpoints })
    expect((await api.call('/v1/audit/checkpoint')).status).toBe(403)
  })
})
