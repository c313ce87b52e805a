import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type NoteKey, noteKey } from '../../../src/audit/note.ts'
import { disk } from '../../../src/auditlog/log_file.ts'
import { readIdentity } from '../../../src/auditlog/log_identity.ts'
import { logLines, openTestLog } from '../../auditlog/log.ts'
import { randomOf } from '../../fuzz/random.ts'
import { grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'
import { CLUB_SQL } from './club.ts'

/** Another seed makes other moments. */
const SEED = Number(process.env.SALLYPORT_SEED ?? 1)
const ROUNDS = Number(process.env.SALLYPORT_KILLS ?? 1)
const CLIENTS = 4
const ADMIN = { name: 'admin', unrestricted: true }
const SEEN_SQL = 'CREATE TABLE public.seen (id text PRIMARY KEY, round int)'

function stackWith(audit: Record<string, unknown>): Promise<PostgresStack> {
  return startPostgresStack({
    setupSql: [...CLUB_SQL, SEEN_SQL],
    roles: [ADMIN],
    masking: { masks: [] },
    grants: () => [grantOf('carol', 'admin')],
    target: { capture: 'full' },
    node: { audit },
  })
}

/** The texts of all decisions in the log. */
function decided(directory: string): string {
  return logLines(directory)
    .map((line) => JSON.parse(line))
    .filter(({ metadata }) => metadata.event_code === 'db.decision')
    .map(({ query_info: query }) => query.query_string)
    .join('\n')
}

describe.each(['group', 'sync'] as const)('a program that is killed under load (%s)', (durability) => {
  it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    'has the decision of every statement that the database saw, round %i',
    async (round) => {
      const stack = await stackWith({ durability, segment: { maxBytes: 1_048_576 } })
      onTestFinished(() => stack.stop())
      const random = randomOf(SEED + round)
      let answered = 0
      const busy = Array.from({ length: CLIENTS }, async (_, client) => {
        const connection = await stack.connect('carol')
        // Ends with its connection.
        for (let n = 0; ; n++) {
          await connection.query(`INSERT INTO public.seen VALUES ('c${client}-n${n}', ${round})`)
          answered++
        }
      })
      const over = Promise.allSettled(busy)
      await expect.poll(() => answered, { timeout: 60_000 }).toBeGreaterThan(40 + random(200))
      stack.proxy.child.kill('SIGKILL')
      await once(stack.proxy.child, 'exit')
      await over
      const direct = await stack.direct()
      const { rows } = await direct.query('SELECT id FROM public.seen')
      const texts = decided(stack.proxy.auditLog)
      expect(rows.length).toBeGreaterThan(40)
      expect(rows.filter(({ id }) => !texts.includes(`'${id}'`))).toEqual([])
      await opensAgain(stack)
    },
  )
})

/** What was left is whole, or its last line is torn; nothing that was signed is missing. */
async function opensAgain({ proxy }: PostgresStack): Promise<void> {
  const key = noteKey(readFileSync(join(proxy.folder, 'data', 'audit.key'), 'utf8').trim()) as NoteKey
  const { writer, origin } = readIdentity(proxy.auditLog, disk) ?? { writer: '', origin: '' }
  const log = await openTestLog(proxy.auditLog, { writerId: writer, origin, key })
  await log.close()
}

describe('a disk that is full', () => {
  let stack: PostgresStack
  let full: FullDisk
  beforeAll(async () => {
    full = fullDisk()
    stack = await stackWith({ directory: full.directory })
  })
  afterAll(async () => {
    await stack?.stop()
    full?.remove()
  })

  it('refuses statements and says so; when there is room again they run, and the gap is on record', async () => {
    const client = await stack.connect('carol')
    await client.query("INSERT INTO public.seen VALUES ('before', 0)")
    full.fill(stack.proxy.pid)
    const refused = await untilRefused(stack)
    expect(refused).toMatchObject({ code: '58030', message: expect.stringContaining('SP-AUDIT') })
    expect((await fetch(`${stack.proxy.metricsUrl}/readyz`)).status).toBe(503)
    const other = await stack.connect('carol').catch((error: unknown) => error)
    expect(other).toBeInstanceOf(Error)
    full.empty(stack.proxy.pid)
    await expect
      .poll(async () => (await fetch(`${stack.proxy.metricsUrl}/readyz`)).status, { timeout: 15_000 })
      .toBe(200)
    const again = await stack.connect('carol')
    await again.query("INSERT INTO public.seen VALUES ('after', 0)")
    const lines = logLines(stack.proxy.auditLog).map((line) => JSON.parse(line))
    expect(lines.map(({ metadata }) => metadata.event_code)).toContain('log.resumed')
    const texts = decided(stack.proxy.auditLog)
    const direct = await stack.direct()
    const { rows } = await direct.query('SELECT id FROM public.seen')
    expect(rows.map(({ id }) => id)).toContain('after')
    expect(rows.filter(({ id }) => !texts.includes(`'${id}'`))).toEqual([])
  })

  /** What still fits is written; the first that does not is refused, and its session ends. */
  async function untilRefused({ connect }: PostgresStack): Promise<unknown> {
    for (let n = 0; n < 2_000; n++) {
      try {
        const client = await connect('carol')
        for (let m = 0; m < 200; m++) await client.query(`INSERT INTO public.seen VALUES ('full-${n}-${m}', 0)`)
      } catch (error) {
        return error
      }
    }
    throw new Error('nothing was refused')
  }
})

interface FullDisk {
  readonly directory: string
  fill(pid: number): void
  empty(pid: number): void
  remove(): void
}

/** A small file system where one may be mounted, else a limit on the size of the program's files (setrlimit(2)). */
function fullDisk(): FullDisk {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-full-'))
  const directory = join(dir, 'audit')
  mkdirSync(directory)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory], { stdio: 'ignore' })
  } catch {
    return limited(dir, directory)
  }
  const ballast = join(directory, 'ballast')
  return {
    directory,
    fill: () => {
      for (const size of [65_536, 4_096]) {
        try {
          for (;;) writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' })
        } catch {
          // No more of this size fits.
        }
      }
    },
    empty: () => rmSync(ballast),
    remove: () => {
      execFileSync('umount', ['-l', directory])
      rmSync(dir, { recursive: true })
    },
  }
}

function limited(dir: string, directory: string): FullDisk {
  console.info('no file system can be mounted here: the size of files is limited instead')
  const limit = (pid: number, bytes: string) => execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`])
  return {
    directory,
    fill: (pid) => limit(pid, '4096'),
    empty: (pid) => limit(pid, 'unlimited'),
    remove: () => rmSync(dir, { recursive: true }),
  }
}
