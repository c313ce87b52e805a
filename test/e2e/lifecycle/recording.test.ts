import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRecording } from '../../../src/recording/open_recording.ts'
import type { Playback } from '../../../src/recording/playback.ts'
import { playbackOf } from '../../../src/recording/timeline.ts'
import { OPENER, writeSealKey } from '../../servers/seal_key.ts'
import type { Terminal } from './people.ts'
import { MY, PG, startWorld, type World } from './world.ts'

/** Break-glass on both engines, as its recordings show it: sealed, masked as the person saw it, and known to the log. */

const CLEAR = /mail\d+@example\.test/

let world: World
let bob: Terminal
let carol: Terminal
let directory: string
let key: string

beforeAll(async () => {
  world = await startWorld({ store: 'sqlite' })
  bob = await world.terminal('bob')
  carol = await world.terminal('carol')
  directory = join(world.proxy.folder, 'data', 'recordings')
  key = writeSealKey(join(world.proxy.folder, 'seal.key'))
}, 120_000)

afterAll(() => world?.stop())

const why = (error: unknown) => (error instanceof Error ? error.message : String(error))
const refused = (work: Promise<unknown>) => work.then(() => 'allowed', why)
const ids = () => readdirSync(directory).map((name) => name.replace('.recording', ''))
const played = (id: string): Playback => {
  return playbackOf(openRecording(readFileSync(join(directory, `${id}.recording`)), OPENER))
}
const breakGlass = (target: string) =>
  bob.ask('break-glass', target, '--incident', 'desk:INC-1', '--reason', 'it is down')

async function soon<T>(work: () => Promise<T>): Promise<T> {
  const found: T[] = []
  const attempt = async () => void found.push(await work())
  await expect.poll(() => attempt().then(() => 'yes', why), { timeout: 10_000 }).toBe('yes')
  return found[0] as T
}

/** The one recording that was not there before, once it is whole. */
async function newRecording(before: readonly string[]): Promise<{ readonly id: string; readonly playback: Playback }> {
  const fresh = () => ids().filter((id) => !before.includes(id))
  await expect.poll(() => fresh().map((id) => played(id).wholeness.state), { timeout: 10_000 }).toEqual(['whole'])
  const [id = ''] = fresh()
  return { id, playback: played(id) }
}

const shown = (playback: Playback) =>
  playback.statements.map(({ text, allowed, code, shown: results }) => ({
    text,
    allowed,
    code,
    rows: results.flatMap((one) => (one.kind === 'table' ? one.rows : [])),
    said: results.flatMap((one) => (one.kind === 'message' ? [one.text] : [])).join(' '),
  }))

describe('on PostgreSQL', () => {
  it('shows what was asked, in full, and what came back, masked, and nothing that was not seen', async () => {
    await breakGlass(PG)
    const client = await soon(() => world.connectPg('bob'))
    await client.query("SELECT id, email FROM shop.orders WHERE id = 1 AND note = 'note 1'")
    await client.query({ name: 'by-id', text: 'SELECT id, email FROM shop.orders WHERE id = $1', values: [2] })
    await client.query({ name: 'by-id', text: 'SELECT id, email FROM shop.orders WHERE id = $1', values: [3] })
    expect(await refused(client.query('DELETE FROM shop.orders'))).toContain('SP-')
    expect(await refused(client.query('SELECT 1/(id - id) FROM shop.orders'))).toContain('22012')
    await client.query('SELECT generate_series AS n, repeat($1, 1000) AS wide FROM generate_series(1, 2000)', ['w'])
    await client.end()
    const { id, playback } = await newRecording([])
    const [first, second, third, denied, failed, wide] = shown(playback)
    expect(first).toMatchObject({
      text: "SELECT id, email FROM shop.orders WHERE id = 1 AND note = 'note 1'",
      rows: [['1', '[REDACTED]']],
    })
    expect([second?.rows, third?.rows]).toEqual([[['2', '[REDACTED]']], [['3', '[REDACTED]']]])
    expect(denied).toMatchObject({
      text: 'DELETE FROM shop.orders',
      allowed: false,
      code: expect.stringMatching(/^SP-/),
    })
    expect(failed?.said).toContain('22012')
    expect(wide?.rows.length).toBeGreaterThan(200)
    expect(wide?.rows.length).toBeLessThan(300)
    const tables = playback.statements[5]?.shown.flatMap((one) => (one.kind === 'table' ? [one] : []))
    expect((tables?.[0]?.leftOut?.rows ?? 0) + (wide?.rows.length ?? 0)).toBe(2000)
    expect(playback.end?.cause).toContain('client')
    expect(JSON.stringify(playback)).not.toMatch(CLEAR)
    const sealed = readFileSync(join(directory, `${id}.recording`), 'latin1')
    expect(sealed).not.toContain('SELECT')
    expect(sealed).not.toContain('REDACTED')
  }, 60_000)

  it('has its start in the log before the first statement, and what the file is at its end', () => {
    const [id = ''] = ids()
    const lines = world.proxy.audit().map((record) => JSON.stringify(record))
    const started = lines.findIndex((line) => line.includes('recording.started') && line.includes(id))
    const statement = lines.findIndex((line) => line.includes('note 1') && line.includes(id))
    expect(started).toBeGreaterThan(-1)
    expect(statement).toBeGreaterThan(started)
    const closed = lines.find((line) => line.includes('recording.closed') && line.includes(id))
    expect(closed).toContain(played(id).sha256)
  })
})

describe('on MariaDB', () => {
  it('shows results of texts and of prepared statements, also of a client that compresses', async () => {
    const before = ids()
    await breakGlass(MY)
    const connection = await soon(() => world.connectMy('bob', { compress: true }))
    await connection.query("SELECT id, email FROM shop.orders WHERE id = 1 AND note = 'note 1'")
    await connection.execute('SELECT id, email, CURRENT_DATE AS day FROM shop.orders WHERE id = ?', [2])
    await connection.query('UPDATE shop.orders SET note = ? WHERE id = 3', ['mended'])
    expect(await refused(connection.query('DROP TABLE shop.orders'))).toContain('SP-')
    expect(await refused(connection.query('SELECT nope FROM shop.orders'))).not.toBe('allowed')
    await connection.end()
    const { playback } = await newRecording(before)
    const statements = shown(playback)
    const found = (part: string) => statements.find(({ text }) => text.includes(part))
    expect(found("note = 'note 1'")?.rows).toEqual([['1', '[REDACTED]']])
    expect(found('WHERE id = ?')?.rows).toEqual([['2', '[REDACTED]', expect.stringMatching(/^\d{4}-\d\d-\d\d$/)]])
    expect(found("SET note = 'mended'")?.said).toContain('1 row affected')
    expect(found('DROP TABLE')).toMatchObject({ allowed: false, said: expect.stringContaining('SP-') })
    expect(found('SELECT nope')?.said).toMatch(/ERROR|nope/)
    expect(JSON.stringify(playback)).not.toMatch(CLEAR)
  }, 60_000)
})

describe('the command line', () => {
  it('lists, exports and prints what an auditor asks for, and opens nothing without the key', async () => {
    const listed = await carol.ask<{ id: string; target: string; open: boolean }[]>('recording', 'list', '--target', PG)
    expect(listed).toMatchObject([{ target: PG, open: false }])
    const id = listed[0]?.id ?? ''
    expect(await bob.run('recording', 'list')).toMatchObject({ code: 1, err: expect.stringContaining('SP-FORBIDDEN') })
    const page = join(world.proxy.folder, 'recording.html')
    expect(await carol.run('recording', 'export', id, '--key', key, '--format', 'html', '--out', page)).toMatchObject({
      code: 0,
    })
    expect(readFileSync(page, 'utf8')).toContain('[REDACTED]')
    const printed = await carol.run('recording', 'play', id, '--key', key)
    expect(printed.code).toBe(0)
    expect(printed.out).toContain('DELETE FROM shop.orders')
    expect(printed.out).not.toMatch(CLEAR)
    expect(world.activities()).toContain('recording.read')
  }, 30_000)

  it('finds a recording that was changed, removed, or put there', async () => {
    const verify = () =>
      carol.run('recording', 'verify', '--directory', directory, '--log', world.proxy.auditLog, '--key', key)
    expect(await verify()).toMatchObject({ code: 0, out: expect.stringContaining('good') })
    const [one = '', two = ''] = ids().map((id) => join(directory, `${id}.recording`))
    const [original, other] = [readFileSync(one), readFileSync(two)]
    const changed = Buffer.from(original)
    changed[changed.length - 5] = (changed[changed.length - 5] ?? 0) ^ 1
    writeFileSync(one, changed)
    rmSync(two)
    writeFileSync(join(directory, '01890000-0000-7000-8000-000000000001.recording'), original)
    const found = await verify()
    expect(found.code).toBe(1)
    for (const state of ['changed', 'missing', 'unknown']) expect(found.out).toContain(state)
    writeFileSync(one, original)
    writeFileSync(two, other)
    rmSync(join(directory, '01890000-0000-7000-8000-000000000001.recording'))
  }, 30_000)
})

it('lets nobody in where the recording can not be written', async () => {
  renameSync(directory, `${directory}.away`)
  writeFileSync(directory, 'no directory')
  expect(await refused(world.connectPg('bob'))).toContain('SP-RECORDING')
  expect(await refused(world.connectMy('bob'))).toContain('SP-RECORDING')
  rmSync(directory)
  mkdirSync(directory, { mode: 0o700 })
  const client = await soon(() => world.connectPg('bob'))
  await client.end()
}, 30_000)

it('leaves what was recorded readable where the program is killed', async () => {
  const before = ids()
  const client = await soon(() => world.connectPg('bob'))
  await client.query('SELECT id FROM shop.orders WHERE id = 7')
  const [id = ''] = ids().filter((one) => !before.includes(one))
  world.proxy.child.kill('SIGKILL')
  await expect.poll(() => world.proxy.child.signalCode).toBe('SIGKILL')
  const playback = played(id)
  expect(playback.wholeness.state).toBe('torn')
  expect(shown(playback)).toMatchObject([{ text: 'SELECT id FROM shop.orders WHERE id = 7', rows: [['7']] }])
}, 30_000)
