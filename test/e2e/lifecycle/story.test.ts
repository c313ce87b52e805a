import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { faultsOf } from '../../audit/ocsf/validate.ts'
import type { Terminal } from './people.ts'
import { MY, PG, type StoreKind, startWorld, type World } from './world.ts'

/** The server looks at no column of what HANDLER reads: an account that may read some would see all of them. */
const HANDLERS = [
  'HANDLER shop.orders OPEN',
  'handler `shop`.`orders` open as h',
  'HANDLER h READ FIRST',
  'HANDLER orders READ `PRIMARY` = (1)',
  '/* a comment */ HANDLER /* another */ shop.orders OPEN',
  '-- a comment\nHANDLER shop.orders OPEN',
  '/*!HANDLER shop.orders OPEN*/',
  '/*!50000 HANDLER*/ shop.orders OPEN',
  '/*M!100000 HANDLER */ shop.orders /*! OPEN */',
  "PREPARE h FROM 'HANDLER shop.orders OPEN'",
  "PREPARE h FROM '/*!HANDLER*/ shop.orders OPEN'",
  "SET @h = 'HANDLER shop.orders OPEN'; PREPARE h FROM @h",
  "EXECUTE IMMEDIATE 'HANDLER shop.orders OPEN'",
  "EXECUTE IMMEDIATE CONCAT('HANDLER shop', '.orders OPEN')",
  'SET STATEMENT max_statement_time = 5 FOR HANDLER shop.orders OPEN',
  'BEGIN NOT ATOMIC HANDLER shop.orders OPEN; HANDLER orders READ FIRST; END',
  'SELECT 1; HANDLER shop.orders OPEN',
  'HANDLER orders READ NEXT',
] as const
const REFUSED_HANDLER = /: .*\(SP-(VERB|OPAQUE|UNSUPPORTED|SYNTAX|MULTI)\)|\(SP-VERB\)/

/** From "I need to look at production" to the end of it, by the real command line and real drivers, on both stores. */
describe.each<StoreKind>(['sqlite', 'postgres'])('the access lifecycle on a store in %s', (store) => {
  let world: World
  let alice: Terminal
  let bob: Terminal
  let carol: Terminal

  beforeAll(async () => {
    world = await startWorld({ store })
    alice = await world.terminal('alice')
    bob = await world.terminal('bob')
    carol = await world.terminal('carol')
    // Who may approve is known once they were seen.
    for (const person of [alice, bob, carol]) await person.ask('whoami')
  })
  afterAll(() => world?.stop())

  const refused = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => null,
      (failed: Error) => failed,
    )
    return error?.message ?? 'allowed'
  }
  /** Sessions hear of a grant a moment after it was given. */
  const soon = <T>(open: () => Promise<T>) => vi.waitFor(open, { timeout: 10_000, interval: 20 })
  interface Asked {
    readonly request: { readonly id: string; readonly state: string }
    readonly grant: { readonly id: string } | null
  }
  const granted = async (asker: Terminal, target: string, role: string) => {
    const { request } = await asker.ask<Asked>('request', target, '--role', role, '--reason', 'a ticket')
    const { grant } = await carol.ask<Asked>('approve', request.id, '--reason', 'looks right')
    if (!grant) throw new Error('no grant came of it')
    return grant.id
  }

  it('begins with a refusal that says what to do next, and a request from it', async () => {
    const told = await refused(world.connectPg('bob'))
    expect(told).toContain(`sallyport request ${PG}`)
    const id = /--from (\S+)/.exec(told)?.[1] ?? ''
    const asked = await bob.ask<Asked>('request', '--from', id, '--role', 'reader', '--reason', 'a customer asks')
    expect(asked.request.state).toBe('pending')
    const own = await bob.run('approve', asked.request.id, '--reason', 'I trust myself')
    expect(own).toMatchObject({ code: 1, err: expect.stringMatching(/^SP-(SEPARATION|FORBIDDEN)/) })
    const answered = await carol.ask<Asked>('approve', asked.request.id, '--reason', 'reads only')
    expect(answered.request.state).toBe('approved')
    const client = await soon(() => world.connectPg('bob'))
    const { rows } = await client.query('SELECT session_user AS account, email FROM shop.orders WHERE id = 1')
    expect(rows[0]).toMatchObject({ account: expect.stringMatching(/^sp_bob_[a-z0-9]+$/), email: '[REDACTED]' })
    expect(await world.accountsPg()).toEqual([rows[0].account])
    expect(await refused(client.query('DELETE FROM shop.orders'))).toContain('sallyport request --from')
    await client.end()
    await expect.poll(() => world.accountsPg(), { timeout: 10_000 }).toEqual([])
  })

  it('ends in mid-query when the grant is revoked, and the account with it', async () => {
    const grants = await bob.ask<{ id: string }[]>('grant', 'ls', '--state', 'active', '--target', PG)
    const client = await world.connectPg('bob')
    const running = refused(client.query('SELECT count(*) FROM generate_series(1, 20000000000)'))
    await expect.poll(() => world.accountsPg()).toHaveLength(1)
    await carol.ask('grant', 'revoke', grants[0]?.id ?? '', '--reason', 'no longer needed')
    expect(await running).toMatch(/SP-REVOKED|revoked by carol@example.test/)
    await expect.poll(() => world.accountsPg(), { timeout: 10_000 }).toEqual([])
    expect(await refused(world.connectPg('bob'))).toContain('SP-NO-GRANT')
  })

  it('works alike on MariaDB', async () => {
    const id = await granted(bob, MY, 'reader')
    const connection = await soon(() => world.connectMy('bob'))
    const [rows] = await connection.query('SELECT CURRENT_USER() AS account, email FROM shop.orders WHERE id = 1')
    expect(rows).toMatchObject([{ account: expect.stringMatching(/^sp_bob_/), email: '[REDACTED]' }])
    expect(await world.accountsMy()).toHaveLength(1)
    for (const sql of HANDLERS) expect(`${sql}: ${await refused(connection.query(sql))}`).toMatch(REFUSED_HANDLER)
    expect(await refused(connection.execute('HANDLER shop.orders READ FIRST'))).toMatch(REFUSED_HANDLER)
    const running = refused(
      connection.query('SELECT COUNT(*) FROM shop.orders a, shop.orders b, shop.orders c, shop.orders d'),
    )
    await bob.ask('grant', 'hand-back', id, '--reason', 'done')
    expect(await running).not.toBe('allowed')
    await expect.poll(() => world.accountsMy(), { timeout: 10_000 }).toEqual([])
  })

  it('takes two people where two are demanded, and one twice for one', async () => {
    const { request } = await bob.ask<Asked>('request', PG, '--role', 'writer', '--reason', 'a data fix')
    const first = await alice.ask<Asked>('approve', request.id, '--reason', 'checked')
    expect(first.request.state).toBe('pending')
    const again = await alice.run('approve', request.id, '--reason', 'checked again')
    expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/^SP-(SEPARATION|STATE)/) })
    expect((await carol.ask<Asked>('approve', request.id, '--reason', 'fine')).request.state).toBe('approved')
    const client = await soon(() => world.connectPg('bob'))
    expect((await client.query("UPDATE shop.orders SET note = 'x' WHERE id = 1")).rowCount).toBe(1)
    await client.end()
  })

  it('breaks the glass for an incident that is open and theirs alone, and an overdue review blocks the next', async () => {
    const attempt = (who: Terminal, incident: string) =>
      who.run('break-glass', MY, '--incident', `desk:${incident}`, '--reason', 'production is down')
    expect(await attempt(bob, 'INC-2')).toMatchObject({ code: 1, err: expect.stringContaining('SP-INCIDENT') })
    expect(await attempt(bob, 'INC-9')).toMatchObject({ code: 1, err: expect.stringContaining('SP-INCIDENT') })
    expect(await attempt(alice, 'INC-1')).toMatchObject({ code: 1, err: expect.stringContaining('SP-INCIDENT') })
    const opened = await bob.ask<Asked>('break-glass', MY, '--incident', 'desk:INC-1', '--reason', 'production is down')
    const connection = await soon(() => world.connectMy('bob'))
    await connection.query('UPDATE shop.orders SET note = ? WHERE id = 1', ['mended'])
    connection.destroy()
    await bob.ask('grant', 'hand-back', opened.grant?.id ?? '', '--reason', 'it is up again')
    await expect.poll(async () => (await attempt(bob, 'INC-1')).err, { timeout: 15_000 }).toContain('SP-REVIEW-OVERDUE')
    await expect.poll(() => world.activities(), { timeout: 15_000 }).toContain('break_glass.overdue')
    await carol.ask('break-glass-review', 'answer', opened.grant?.id ?? '', 'justified', '--reason', 'read the log')
    expect((await attempt(bob, 'INC-1')).code).toBe(0)
  })

  it('leaves the whole story in the audit log, with names', () => {
    const seen = new Set(world.activities())
    for (const activity of [
      'request.created',
      'request.vote',
      'request.approved',
      'grant.activated',
      'grant.revoked',
      'grant.completed',
      'break_glass.started',
      'break_glass.refused',
      'break_glass.overdue',
      'break_glass.reviewed',
      'api.call',
      'account.created',
      'account.dropped',
      'db.connect',
    ]) {
      expect([...seen]).toContain(activity)
    }
    for (const record of world.proxy.audit()) expect(faultsOf({ ...record })).toEqual([])
    const approved = world.proxy.audit().find((record) => JSON.stringify(record).includes('"request.approved"'))
    expect(JSON.stringify(approved)).toContain('carol@example.test')
  })
})
