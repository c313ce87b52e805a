import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Terminal } from './people.ts'
import { MY, PG, startWorld, type World } from './world.ts'

/** What operators ask of the running program, after somebody has worked through it. */
describe('policy questions and a backup of the running program', () => {
  let world: World
  let carol: Terminal
  let bob: Terminal

  beforeAll(async () => {
    world = await startWorld({ store: 'sqlite' })
    carol = await world.terminal('carol')
    bob = await world.terminal('bob')
    for (const person of [carol, bob]) await person.ask('whoami')
    for (const target of [PG, MY]) {
      const asked = await bob.ask<{ request: { id: string } }>(
        'request',
        target,
        '--role',
        'reader',
        '--reason',
        'a case',
      )
      await carol.ask('approve', asked.request.id, '--reason', 'looks right')
    }
    const postgres = await world.connectPg('bob')
    for (const id of [1, 2]) await postgres.query(`SELECT note FROM shop.orders WHERE id = ${id} LIMIT 5`)
    await postgres.query("SELECT email FROM shop.orders WHERE note = 'note 7'")
    await postgres.query('SELECT note FROM shop.orders WHERE id = $1', [7])
    await postgres.query('DELETE FROM shop.orders WHERE id = 3').catch(() => undefined)
    await postgres.end()
    const mariadb = await world.connectMy('bob', { database: 'shop' })
    await mariadb.query("SELECT note FROM orders WHERE id = 1 AND note <> 'x'")
    await mariadb.end()
  }, 180_000)
  afterAll(() => world?.stop())

  interface Impact {
    readonly statements: number
    readonly unknown: number
    readonly newly_denied: number
    readonly newly_allowed: number
    readonly newly_clear: number
    readonly examples: readonly { readonly statement: string; readonly after: string }[]
  }
  const impactOf = async (role: object): Promise<Impact> => {
    const file = join(world.proxy.folder, 'role.yaml')
    writeFileSync(file, JSON.stringify(role))
    return carol.ask<Impact>('policy', 'impact', 'role', 'reader', file)
  }
  const shop = (verbs: readonly string[], more: object = {}) => ({
    scope: [{ schemas: ['shop'], tables: ['*'], verbs, ...more }],
  })

  it('says what the gate would say', async () => {
    const statement = 'SELECT id, email FROM shop.orders'
    expect(await bob.ask('policy', 'eval', PG, statement)).toMatchObject({
      allowed: true,
      role: 'reader',
      masks: [{ field: 'email', strategy: 'redact' }],
    })
    const written = await carol.run('policy', 'eval', PG, 'DELETE FROM shop.orders WHERE id = 1', '--role', 'reader')
    expect(written).toMatchObject({ code: 1, out: expect.stringContaining('SP-') })
    const of = ['--person', 'bob@example.test']
    const mariadb = await carol.ask('policy', 'eval', MY, 'SELECT email FROM orders', '--database', 'shop', ...of)
    expect(mariadb).toMatchObject({ allowed: true, masks: [{ field: 'email' }] })
  })

  it('says what a change would have done with what was run on PostgreSQL and MariaDB', async () => {
    const same = await impactOf(shop(['read']))
    expect([same.newly_denied, same.newly_allowed, same.newly_clear, same.examples]).toEqual([0, 0, 0, []])
    expect(same.statements).toBeGreaterThanOrEqual(6)
    const narrow = await impactOf(shop(['read'], { columns: ['id', 'email'] }))
    // All that read a note, or look for one.
    expect(narrow.newly_denied).toBe(5)
    const wide = await impactOf({ ...shop(['read', 'delete']), unmask: ['shop.orders.email'] })
    expect([wide.newly_allowed, wide.newly_clear]).toEqual([1, 1])
    expect(wide.examples.map(({ after }) => after)).toContain('allowed, shop.orders.email in clear')
  })

  it('is backed up while it runs, and the log says so', async () => {
    const out = join(world.proxy.folder, 'store.backup')
    const taken = await carol.run('backup', '--config', join(world.proxy.folder, 'config'), '--out', out)
    expect(taken).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\d+ records, the audit log at line \d+ of node-1/),
    })
    await expect.poll(() => world.activities(), { timeout: 5_000 }).toContain('backup.made')
  })
})
