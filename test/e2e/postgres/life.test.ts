import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Section } from '../../servers/sallyport.ts'
import { grantOf, type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, HIDDEN, SHOWN_IN_PART } from './club.ts'
import { auditOf, isLoginRefusal, recordAfter } from './records.ts'
import { bind, cellsOf, errorOf, execute, parse, query, statusOf, sync, wireOf } from './wire.ts'

/** How sessions end, and what changes while they live. The tests run in order: the last one ends the program. */

const SLOW = 'SELECT count(*) FROM generate_series(1, 100000000000)'
const SOON_MS = 3_000
/** A look at the clock every half second, and what it takes to end a session. */
const WITHIN_MS = 2_000

const FEW: Section = {
  name: 'few',
  scope: [{ schemas: ['club'], tables: ['boats', 'drafts'], verbs: ['read'] }],
  limits: { maxSessions: 1, maxRowsPerResult: 2, statementTimeout: '1s' },
}
const IDLE: Section = {
  name: 'idle',
  scope: [{ schemas: ['club'], tables: ['boats'], verbs: ['read'] }],
  limits: { idleTimeout: '1s' },
}
/** As `SHOWN_IN_PART`, with less of a phone number. */
const LESS: Section = {
  ...SHOWN_IN_PART,
  masks: [
    { schemas: ['club'], tables: ['members'], columns: ['phone'], strategy: 'partial', keepLast: 1 },
    ...(SHOWN_IN_PART.masks as Section[]),
  ],
}
const ROLES = [...CLUB_ROLES, FEW, IDLE]

let stack: PostgresStack
let grants: Section[]

beforeAll(async () => {
  grants = [...usualGrants(), grantOf('bob', 'few'), grantOf('bob', 'idle')]
  stack = await startPostgresStack({
    setupSql: CLUB_SQL,
    roles: ROLES,
    masking: SHOWN_IN_PART,
    grants: () => grants,
    node: { limits: { perPerson: 6, drainTimeout: '20s' } },
  })
})
afterAll(() => stack?.stop())

function ended(client: pg.Client): Promise<unknown> {
  return new Promise((done) => client.once('error', done))
}

async function grant(more: Section): Promise<void> {
  grants = [...grants, more]
  expect(await stack.proxy.reload({ grants })).toBe('ok')
}

const bobAs = (role: string) => ({ user: `bob@example.test/${role}` })

describe('limits', () => {
  it('of sessions under a grant: 53300, and a place that is given back is free', async () => {
    const first = await stack.connect('bob', bobAs('few'))
    const from = auditOf(stack).length
    await expect(stack.connect('bob', bobAs('few'))).rejects.toMatchObject({
      code: '53300',
      message: expect.stringContaining('SP-LIMIT-CONNECTIONS'),
    })
    await recordAfter(stack, from, isLoginRefusal('SP-LIMIT-CONNECTIONS'))
    await first.end()
    await vi.waitFor(async () => (await stack.connect('bob', bobAs('few'))).end(), { timeout: 5_000 })
  })

  it('of sessions of a person', async () => {
    const clients: pg.Client[] = []
    for (let n = 0; n < 6; n++) clients.push(await stack.connect('carol'))
    await expect(stack.connect('carol')).rejects.toMatchObject({ code: '53300' })
    for (const client of clients) await client.end()
  })

  it('of the time of a statement: it is cancelled, the session goes on', async () => {
    const client = await stack.connect('bob', bobAs('few'))
    await expect(client.query(SLOW)).rejects.toMatchObject({
      code: '57014',
      message: expect.stringContaining('SP-LIMIT-STATEMENT'),
    })
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await client.end()
  })

  it('of the rows of a result: an error instead of the rest', async () => {
    const client = await vi.waitFor(() => stack.connect('bob', bobAs('few')), { timeout: 5_000 })
    await expect(client.query('SELECT * FROM club.boats')).rejects.toMatchObject({
      code: '54000',
      message: expect.stringContaining('SP-LIMIT-ROWS'),
    })
    expect((await client.query('SELECT * FROM club.boats LIMIT 2')).rows).toHaveLength(2)
    await client.end()
  })

  it('of idle time: 57P05', async () => {
    const client = await stack.connect('bob', bobAs('idle'))
    expect(await ended(client)).toMatchObject({ code: '57P05', message: expect.stringContaining('SP-LIMIT-TIME') })
  })
})

describe('a grant that ends', () => {
  it('by time, while a statement runs: cancelled, 57P01, nothing runs on', async () => {
    const end = Date.now() + SOON_MS
    await grant(
      grantOf('carol', 'owner', {
        id: 'short',
        end: new Date(end).toISOString(),
        principal: { subject: 'carol' },
        role: 'reader',
      }),
    )
    const client = await stack.connect('carol', { user: 'carol@example.test/reader' })
    const told = ended(client)
    const running = client.query(SLOW)
    await expect(running).rejects.toMatchObject({ code: '57P01', message: expect.stringContaining('SP-GRANT-ENDED') })
    expect(Date.now() - end).toBeLessThan(WITHIN_MS)
    await told
    const watch = await stack.direct()
    const left = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT count(*) FROM gen%'`
    await vi.waitFor(async () => expect((await watch.query(left)).rows).toEqual([{ n: 0 }]), { timeout: 5_000 })
    await expect(stack.connect('carol', { user: 'carol@example.test/reader' })).rejects.toMatchObject({
      message: expect.stringContaining('SP-NO-GRANT'),
    })
  })

  it('by time, between prepare and execute: nothing runs', async () => {
    const end = Date.now() + SOON_MS
    await grant(grantOf('carol', 'reader', { id: 'short-too', end: new Date(end).toISOString() }))
    const wire = await wireOf(stack, 'carol', { parameters: { user: 'carol@example.test/reader' } })
    await wire.ask(parse('SELECT name FROM club.boats', 's'), sync)
    const rest = wire.rest()
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThanOrEqual(end), { timeout: SOON_MS + 1_000, interval: 5 })
    wire.send(bind('s'), execute(), sync)
    const messages = await rest
    expect(cellsOf(messages)).toEqual([])
    expect(errorOf(messages)).toMatchObject({ M: expect.stringContaining('SP-GRANT-ENDED') })
  })

  it('that has not begun opens nothing', async () => {
    const [start, end] = [Date.now() + 60_000, Date.now() + 120_000].map((time) => new Date(time).toISOString())
    await grant(grantOf('carol', 'clerk', { id: 'later', start, end }))
    await expect(stack.connect('carol', { user: 'carol@example.test/clerk' })).rejects.toMatchObject({
      message: expect.stringContaining('SP-NO-GRANT'),
    })
  })

  it('by removal at a reload: its sessions end, others go on', async () => {
    await grant(grantOf('carol', 'idle', { id: 'removable' }))
    const client = await stack.connect('carol', { user: 'carol@example.test/idle' })
    const other = await stack.connect('alice')
    const told = ended(client)
    grants = grants.filter(({ id }) => id !== 'removable')
    expect(await stack.proxy.reload({ grants })).toBe('ok')
    expect(await told).toMatchObject({ code: '57P01', message: expect.stringContaining('SP-GRANT-ENDED') })
    expect((await other.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await other.end()
  })

  it('stays ended, whatever the file says', async () => {
    expect(await stack.proxy.reload({ grants: [...grants, grantOf('carol', 'idle', { id: 'removable' })] })).toBe(
      'failed',
    )
    expect(await stack.proxy.reload({ grants })).toBe('ok')
  })
})

describe('a reload', () => {
  it('changes masks at the next statement, of a prepared one too, and is recorded with its difference', async () => {
    const client = await stack.connect('alice')
    const text = 'SELECT phone FROM club.members WHERE id = $1'
    const ask = async () => (await client.query({ name: 'kept', text, values: [1] })).rows
    expect(await ask()).toEqual([{ phone: '***********111' }])
    const from = auditOf(stack).length
    expect(await stack.proxy.reload({ masking: LESS })).toBe('ok')
    expect(await ask()).toEqual([{ phone: '*************1' }])
    const record = await recordAfter(stack, from, ({ metadata }) => metadata.event_code === 'config.loaded')
    expect(record.unmapped.jit.changes?.join()).toMatch(/masking/)
    const decisions = () => auditOf(stack).filter(({ metadata }) => metadata.event_code === 'db.decision')
    const [before, after] = decisions().slice(-2)
    expect(after?.unmapped.jit.digests?.masking).not.toBe(before?.unmapped.jit.digests?.masking)
    await client.end()
  })

  it('that would send another text for a prepared statement has it prepared again', async () => {
    const client = await stack.connect('alice')
    const ask = async (name: string) =>
      (await client.query({ name, text: 'SELECT phone FROM club.members WHERE id = 1' })).rows
    await ask('old')
    expect(await stack.proxy.reload({ masking: HIDDEN })).toBe('ok')
    await expect(ask('old')).rejects.toMatchObject({
      message: expect.stringContaining('what the prepared statement means'),
    })
    expect(await ask('new')).toEqual([{ phone: '[hidden]' }])
    expect(await stack.proxy.reload({ masking: SHOWN_IN_PART })).toBe('ok')
    expect(await ask('old')).toEqual([{ phone: '***********111' }])
    await client.end()
  })

  it('narrows a role at the next statement', async () => {
    const client = await stack.connect('alice')
    const narrow = ROLES.map((role) => (role.name === 'reader' ? { ...role, scope: FEW.scope } : role))
    expect((await client.query('SELECT title FROM club.letters')).rows).toHaveLength(2)
    expect(await stack.proxy.reload({ roles: narrow })).toBe('ok')
    await expect(client.query('SELECT title FROM club.letters')).rejects.toMatchObject({
      message: expect.stringContaining('SP-SCOPE'),
    })
    expect(await stack.proxy.reload({ roles: ROLES })).toBe('ok')
    expect((await client.query('SELECT title FROM club.letters')).rows).toHaveLength(2)
    await client.end()
  })

  it('that is broken is refused, and the old configuration stays', async () => {
    const client = await stack.connect('alice')
    expect(await stack.proxy.reload({ roles: [{ name: 'reader', no_such_key: true }] })).toBe('failed')
    writeFileSync(join(stack.proxy.folder, 'config', 'roles.yaml'), 'version: 1\nroles: [')
    expect(await stack.proxy.reload({})).toBe('failed')
    expect((await client.query('SELECT phone FROM club.members WHERE id = 1')).rows).toEqual([
      { phone: '***********111' },
    ])
    await (await stack.connect('alice')).end()
    expect(await stack.proxy.reload({ roles: ROLES })).toBe('ok')
    await client.end()
  })
})

describe('SIGTERM', () => {
  it('lets a transaction finish, ends who is idle with 57P01, takes nobody new, and leaves', async () => {
    const idle = await stack.connect('alice')
    const busy = await wireOf(stack, 'bob', { parameters: { user: 'bob@example.test/clerk' } })
    await busy.ask(query('BEGIN'))
    await busy.ask(query(`INSERT INTO club.drafts VALUES (70, 'kept', 1)`))
    const told = ended(idle)
    const exit = once(stack.proxy.child, 'exit')
    stack.proxy.child.kill('SIGTERM')
    expect(await told).toMatchObject({ code: '57P01', message: expect.stringContaining('SP-DRAIN') })
    expect((await fetch(`${stack.proxy.metricsUrl}/readyz`)).status).toBe(503)
    await expect(stack.connect('alice')).rejects.toThrow()
    expect(statusOf(await busy.ask(query(`UPDATE club.drafts SET amount = 2 WHERE id = 70`)))).toBe('T')
    expect(statusOf(await busy.ask(query('COMMIT')))).toBe('I')
    expect(errorOf(await busy.rest())).toMatchObject({ S: 'FATAL', C: '57P01' })
    expect(await exit).toEqual([0, null])
    const watch = await stack.direct()
    expect((await watch.query('SELECT amount::int AS amount FROM club.drafts WHERE id = 70')).rows).toEqual([
      { amount: 2 },
    ])
    const end = auditOf(stack).slice(-1)[0]
    expect(end?.metadata.event_code).toBe('process.stop')
  })
})
