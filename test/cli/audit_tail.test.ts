import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished } from 'vitest'
import { decision } from '../audit/events.ts'
import { logLines, openTestLog } from '../auditlog/log.ts'
import { run, scratch } from './cli_run.ts'

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname
const SMALL = { segment: { maxBytes: 5_000, maxAgeMs: 86_400_000 } }

it('audit tail prints the last records over all segments', async () => {
  const directory = join(scratch(), 'audit')
  const log = await openTestLog(directory, SMALL)
  for (let at = 0; at < 9; at++) await log.append([decision()])
  await log.close()
  const lines = logLines(directory)
  expect((await run('audit', 'tail', directory, '--json', '-n', '5')).out).toBe(`${lines.slice(-5).join('\n')}\n`)
  expect((await run('audit', 'tail', directory, '--json', '-n', '50')).out).toBe(`${lines.join('\n')}\n`)
  expect((await run('audit', 'tail', directory)).out.split('\n')[0]).toContain('db.decision Alice orders Success')
  expect(await run('audit', 'tail', join(directory, 'log.json'), '-f')).toMatchObject({ code: 2 })
})

it('audit tail --follow goes on with what is written, into the next segment', async () => {
  const directory = join(scratch(), 'audit')
  const log = await openTestLog(directory, SMALL)
  await log.append([decision()])
  const child = spawn(process.execPath, [MAIN, 'audit', 'tail', '--follow', '--json', directory])
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await log.close()
  })
  const printed: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line)
    if (printed.length === 1) for (let at = 0; at < 9; at++) await log.append([decision()])
    if (printed.length === 10) break
  }
  expect(printed).toEqual(logLines(directory))
})
