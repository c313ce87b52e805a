import { rmSync } from 'node:fs'
import { afterAll, expect, it, vi } from 'vitest'
import { BackgroundCheck } from '../../../src/auditlog/verify/background_check.ts'
import { KEY, logFiles, writeLog } from './fixture.ts'
import { changed, GOOD, makeFolder } from './sweep.ts'

const DIRECTORY = makeFolder()
const WAIT = { timeout: 15_000, interval: 20 }

afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }))

it('tells of a log that is not as it was written, and of one that could not be checked', async () => {
  const told: string[] = []
  writeLog(DIRECTORY, GOOD)
  const check = new BackgroundCheck({
    directory: DIRECTORY,
    vkeys: [KEY.vkey],
    onGood: () => told.push('good'),
    onMismatch: (where) => told.push(`broken ${where}`),
    onUnchecked: (why) => told.push(`unchecked ${why}`),
    everyMs: 50,
  })
  try {
    check.start()
    await vi.waitFor(() => expect(told).toContain('good'), WAIT)
    expect(new Set(told)).toEqual(new Set(['good']))
    writeLog(
      DIRECTORY,
      changed('00000000000000000000.ndjson', (bytes) => Buffer.from(bytes.toString().replace('line 2', 'line X'))),
    )
    await vi.waitFor(() => expect(told.at(-1)).toMatch(/^broken 00000000000000000000\.ndjson:3 \(sequence 2/), WAIT)
    rmSync(DIRECTORY, { recursive: true })
    await vi.waitFor(() => expect(told.at(-1)).toMatch(/^unchecked .*ENOENT/), WAIT)
    writeLog(DIRECTORY, logFiles({ segments: [2], every: 1 }))
    await vi.waitFor(() => expect(told.at(-1)).toBe('good'), WAIT)
  } finally {
    await check.close()
  }
})
