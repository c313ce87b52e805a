import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { verifyLiveLog } from '../../../src/auditlog/verify/verify_log.ts'
import { KEY, logFiles, writeLog } from './fixture.ts'
import { changed, GOOD, makeFolder } from './sweep.ts'

const DIRECTORY = makeFolder()
const OPEN = '00000000000000000007.ndjson'

afterAll(() => rmSync(DIRECTORY, { recursive: true }))

it('a line that is just being written is no finding; one that stays as it is, is', async () => {
  const bytes = GOOD.get(OPEN) as Buffer
  const part = bytes.length - 20
  writeLog(
    DIRECTORY,
    changed(OPEN, (all) => all.subarray(0, part)),
  )
  const looking = verifyLiveLog({ log: DIRECTORY, keys: [KEY] })
  setTimeout(() => appendFileSync(join(DIRECTORY, OPEN), bytes.subarray(part)), 100)
  expect((await looking).findings).toEqual([])
  writeLog(
    DIRECTORY,
    changed(OPEN, (all) => all.subarray(0, part)),
  )
  expect((await verifyLiveLog({ log: DIRECTORY, keys: [KEY] })).findings).toMatchObject([
    { kind: 'line_torn', file: OPEN, line: 3 },
  ])
  writeLog(DIRECTORY, logFiles({ segments: [2], every: 1 }))
  expect((await verifyLiveLog({ log: DIRECTORY, keys: [KEY] })).findings).toEqual([])
})
