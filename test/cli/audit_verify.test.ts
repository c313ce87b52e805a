import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { noteKey } from '../../src/audit/note.ts'
import { openAuditLog } from '../../src/auditlog/audit_log.ts'
import { disk } from '../../src/auditlog/log_file.ts'
import { logBefore, setLogAside } from '../../src/auditlog/new_log.ts'
import { runCli } from '../../src/cli/run.ts'
import { KEY, logFiles, ORIGIN, writeLog } from '../auditlog/verify/fixture.ts'

const FOLDER = mkdtempSync(join(tmpdir(), 'audit-cli-'))
const LOG = join(FOLDER, 'log')
const SEGMENT = join(LOG, '00000000000000000004.ndjson')

afterAll(() => rmSync(FOLDER, { recursive: true }))

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const code = await runCli(['audit', ...argv], {
    serve: () => Promise.resolve(0),
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
  })
  return { code, out, err }
}

function fresh(spec: Partial<Parameters<typeof logFiles>[0]> = {}): void {
  writeLog(LOG, logFiles({ segments: [4, 3], every: 2, tail: 1, ...spec }))
}

function change(): void {
  writeFileSync(SEGMENT, readFileSync(SEGMENT, 'utf8').replace('line 5', 'line X'))
}

describe('audit verify', () => {
  it('0: good; the key from an option or a file', async () => {
    fresh()
    const good = await run('verify', '--log', LOG, '--vkey', KEY.vkey)
    expect(good).toMatchObject({ code: 0, err: '' })
    expect(good.out).toContain(`${LOG}: good\n`)
    expect(good.out).toMatch(/1 lines have no checkpoint yet, the oldest \d+ s old/)
    writeFileSync(join(FOLDER, 'keys'), `${KEY.vkey}\n\n`)
    expect((await run('verify', '--log', LOG, '--key', join(FOLDER, 'keys'))).code).toBe(0)
  })

  it('1: where it is broken, as text and as JSON', async () => {
    fresh()
    change()
    const text = await run('verify', '--log', LOG, '--vkey', KEY.vkey)
    expect(text.code).toBe(1)
    expect(text.out).toMatch(/00000000000000000004\.ndjson:2 \(sequence 5, byte \d+\): line_changed: its hash is not/)
    const json = await run('verify', '--log', LOG, '--vkey', KEY.vkey, '--json')
    expect(JSON.parse(json.out)).toMatchObject({
      verdict: 'broken',
      findings: [{ kind: 'line_changed', line: 2, sequence: 5 }],
      next: 7,
      unsignedTail: { lines: 1 },
      keys: [{ vkey: KEY.vkey, from: 0 }],
    })
  })

  it('2: could not check', async () => {
    fresh()
    const without = await run('verify', '--log', LOG)
    expect(without).toMatchObject({ code: 2, err: expect.stringContaining('give the public key') })
    expect((await run('verify', '--log', LOG, '--vkey', 'x')).code).toBe(2)
    expect((await run('verify', '--log', join(FOLDER, 'none'), '--vkey', KEY.vkey)).code).toBe(2)
    writeFileSync(join(FOLDER, 'nothing'), 'x\n')
    const nothing = await run('verify', '--log', LOG, '--vkey', KEY.vkey, '--against', join(FOLDER, 'nothing'))
    expect(nothing).toMatchObject({ code: 2, out: expect.stringContaining('could not check: there is no checkpoint') })
    const chain = await run('verify', '--log', LOG, '--chain-only', '--against', join(FOLDER, 'nothing'))
    expect(chain.code).toBe(2)
  })

  it('against a checkpoint that was kept elsewhere', async () => {
    fresh()
    const kept = join(FOLDER, 'kept')
    writeFileSync(kept, readFileSync(join(LOG, '00000000000000000004.notes')))
    const agrees = await run('verify', '--log', LOG, '--vkey', KEY.vkey, '--against', kept)
    expect(agrees).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 checkpoints that were kept elsewhere agree'),
    })
    fresh({ text: (n) => `other ${n}` })
    expect((await run('verify', '--log', LOG, '--vkey', KEY.vkey)).code).toBe(0)
    expect((await run('verify', '--log', LOG, '--vkey', KEY.vkey, '--against', kept)).code).toBe(1)
    expect((await run('verify', '--log', LOG, '--vkey', KEY.vkey, '--since-checkpoint', kept)).code).toBe(1)
  })
})

describe('keys', () => {
  it('a rotation on a log of record: both ends are verified from either key', async () => {
    const [one, two] = [join(FOLDER, 'one.key'), join(FOLDER, 'two.key')]
    const vkeys = [
      await run('key', 'new', '--name', ORIGIN, '--out', one),
      await run('key', 'new', '--name', ORIGIN, '--out', two),
    ]
    expect(statSync(one).mode & 0o777).toBe(0o600)
    expect((await run('key', 'new', '--name', ORIGIN, '--out', one)).code).toBe(2)
    expect((await run('key', 'new', '--name', 'a b', '--out', join(FOLDER, 'x'))).code).toBe(2)
    const [first, second] = vkeys.map(({ out }) => out.trim()) as [string, string]
    const directory = join(FOLDER, 'rotated')
    await writeSome(directory, one)
    const rotated = await run('key', 'rotate', '--log', directory, '--key', one, '--new', two)
    expect(rotated).toMatchObject({
      code: 0,
      out: `${second}\nsigns from 4 lines on; the checkpoint of that size is signed by both keys\n`,
    })
    await expect(writeSome(directory, one)).rejects.toThrow('signed with another key')
    await writeSome(directory, two)
    for (const vkey of [first, second]) {
      const report = await run('verify', '--log', directory, '--vkey', vkey)
      expect(report, report.out).toMatchObject({ code: 0 })
    }
    expect((await run('key', 'rotate', '--log', directory, '--key', one, '--new', two)).code).toBe(2)
    expect((await run('key', 'rotate', '--log', directory, '--key', two, '--new', one)).code).toBe(2)
    expect((await run('key', 'rotate', '--log', directory, '--key', two, '--new', join(FOLDER, 'none'))).code).toBe(2)
  })

  it('a log that is held by its writer is left alone', async () => {
    const directory = join(FOLDER, 'held')
    const key = join(FOLDER, 'held.key')
    await run('key', 'new', '--name', ORIGIN, '--out', key)
    await run('key', 'new', '--name', ORIGIN, '--out', `${key}2`)
    const log = await openSome(directory, key)
    await log.append([{ kind: 'process', what: 'start', id: 'a', time: 1 }])
    const busy = await run('key', 'rotate', '--log', directory, '--key', key, '--new', `${key}2`)
    expect(busy).toMatchObject({ code: 2, err: expect.stringContaining('held by another process') })
    await expect(setLogAside(directory, { reason: 'x', time: 0 }, disk)).rejects.toThrow('held by another process')
    await log.close()
  })
})

it('a log that was set aside is whole, and the next one names it', async () => {
  const directory = join(FOLDER, 'aside')
  writeLog(directory, logFiles({ segments: [4, 3], every: 2 }))
  const names = readdirSync(directory).sort()
  const before = await setLogAside(directory, { reason: 'a line was changed', time: 0 }, disk)
  expect(before).toMatchObject({
    writer: 'node-1',
    size: 7,
    reason: 'a line was changed',
    checkpoint: expect.stringContaining('\n7\n'),
  })
  expect(readdirSync(before.path).sort()).toEqual(names)
  expect(readdirSync(directory)).toEqual(['after.json'])
  expect(logBefore(directory, disk)).toEqual(before)
  await expect(setLogAside(directory, { reason: 'x', time: 0 }, disk)).rejects.toThrow('there is no audit log')
})

describe('audit watch', () => {
  const state = join(FOLDER, 'seen')
  const key = join(FOLDER, 'watcher.key')
  const watch = (...more: string[]) =>
    run('watch', '--log', LOG, '--vkey', KEY.vkey, '--key', key, '--state', state, '--once', ...more)

  it('cosigns what continues, and stops where the log is broken or cut', async () => {
    const { out: vkey } = await run('key', 'new', '--name', 'watcher.example.test', '--out', key, '--watcher')
    fresh()
    expect(await watch()).toMatchObject({ code: 0, out: `${ORIGIN}: 6 lines, cosigned\n` })
    expect(readFileSync(state, 'utf8')).toMatch(/— watcher\.example\.test /)
    expect(noteKey(vkey.trim())?.type).toBe(4)
    expect(await watch()).toMatchObject({ code: 0, out: '' })
    fresh({ segments: [4, 9] })
    expect(await watch()).toMatchObject({ code: 0, out: `${ORIGIN}: 12 lines, cosigned\n` })
    fresh()
    expect(await watch()).toMatchObject({ code: 1, err: expect.stringContaining('its end was cut off') })
    fresh({ segments: [4, 11], text: (n) => `other ${n}` })
    const told = join(FOLDER, 'told')
    expect(await watch('--exec', `cat > ${told}`)).toMatchObject({ code: 1, err: expect.stringContaining('rewritten') })
    expect(readFileSync(told, 'utf8')).toContain('rewritten')
  })

  it('says where it could not check', async () => {
    const gone = [
      'watch',
      '--log',
      join(FOLDER, 'gone'),
      '--vkey',
      KEY.vkey,
      '--key',
      key,
      '--state',
      `${state}2`,
      '--once',
    ]
    expect(await run(...gone)).toMatchObject({ code: 2, err: expect.stringMatching(/^could not check: .*ENOENT/) })
    writeFileSync(`${state}2`, readFileSync(state, 'utf8').replace(/— watcher.*\n/, ''))
    expect((await run(...gone)).code).toBe(2)
    expect((await watch('--every', 'x')).code).toBe(2)
    expect((await run(...gone.map((one) => (one === key ? join(FOLDER, 'one.key') : one)))).code).toBe(2)
  })
})

async function writeSome(directory: string, keyFile: string): Promise<void> {
  const log = await openSome(directory, keyFile)
  for (let n = 0; n < 3; n += 1) await log.append([{ kind: 'process', what: 'start', id: `${n}`, time: Date.now() }])
  await log.close()
}

async function openSome(directory: string, keyFile: string) {
  const key = noteKey(readFileSync(keyFile, 'utf8').trim())
  if (key === null) throw new Error('not a key')
  return openAuditLog({
    ...{ directory, durability: 'sync', writerId: 'node-1', origin: ORIGIN, key, sealTo: null },
    product: { version: '0', uid: 'node-1' },
    segment: { maxBytes: 1_048_576, maxAgeMs: 3_600_000 },
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    newId: () => 'id',
    failed: () => undefined,
  })
}
