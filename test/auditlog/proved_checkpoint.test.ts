import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readCheckpoint } from '../../src/audit/checkpoint.ts'
import { isConsistent } from '../../src/audit/merkle_proof.ts'
import { openNote } from '../../src/audit/note.ts'
import { CheckpointProofs } from '../../src/auditlog/proof_thread.ts'
import { provedCheckpoint } from '../../src/auditlog/proved_checkpoint.ts'
import { keptNotes } from '../../src/auditlog/verify/kept_notes.ts'
import { KEY, logFiles, writeLog } from './verify/fixture.ts'

const DIRECTORY = mkdtempSync(join(tmpdir(), 'proofs-'))
const FILES = logFiles({ segments: [9, 7, 6], every: 3, tail: 1, compress: true })
const proofs = new CheckpointProofs(() => DIRECTORY)

afterAll(() => rmSync(DIRECTORY, { recursive: true }))

function checkpoint(note: string) {
  const opened = openNote(note, [KEY])
  const read = typeof opened === 'string' ? null : readCheckpoint(opened.text)
  if (read === null) throw new Error('not a checkpoint')
  return read
}

it('proves the last checkpoint from each one before, over segments', () => {
  writeLog(DIRECTORY, FILES)
  const notes = [...FILES].filter(([name]) => name.endsWith('.notes')).flatMap(([, text]) => keptNotes(text.toString()))
  expect(notes).toHaveLength(8)
  for (const note of notes) {
    const before = checkpoint(note)
    const proved = provedCheckpoint(DIRECTORY, before.size)
    const hashes = (proved?.proof ?? []).map((one) => Buffer.from(one, 'base64'))
    expect(proved?.size).toBe(21)
    expect(isConsistent(before, checkpoint(proved?.note ?? ''), hashes), `${before.size}`).toBe(true)
  }
})

it('on a thread; and what is not there', async () => {
  writeLog(DIRECTORY, FILES)
  expect(await proofs.latest(null)).toMatchObject({ size: 21, proof: [] })
  const [one, two] = await Promise.all([proofs.latest(3), proofs.latest(21)])
  expect([one?.size, two?.size, two?.proof]).toEqual([21, 21, []])
  expect(await proofs.latest(22)).toBeNull()
  writeLog(DIRECTORY, new Map([...FILES].filter(([name]) => name !== '00000000000000000000.ndjson.zst')))
  expect(await proofs.latest(3)).toBeNull()
  expect(await proofs.latest(12)).toMatchObject({ size: 21 })
  writeLog(DIRECTORY, logFiles({ segments: [0], every: 1 }))
  expect(await proofs.latest(null)).toBeNull()
})
