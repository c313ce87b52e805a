import { describe, expect, it } from 'vitest'
import { keptLedger, notesOf } from './accounts_fixture.ts'
import { logins, makeYard, names, open, reader, root, target, useAccounts, yard } from './postgres_accounts_yard.ts'

/** What is left of accounts when nobody has ended them. */

useAccounts()

/** From the n-th step on, nothing comes back: the step itself was done, or not. `reached` resolves there. */
function dying(step: number, done: boolean) {
  let steps = 0
  const { promise: reached, resolve } = Promise.withResolvers<void>()
  const never = (): Promise<never> => {
    resolve()
    return new Promise(() => {})
  }
  const wrap = <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (target, name) => {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return async (...given: unknown[]) => {
          const at = ++steps
          if (at > step || (at === step && !done)) return never()
          const result = await Reflect.apply(value, target, given)
          return at === step ? never() : result
        }
      },
    })
  return { wrap, reached }
}

const STEPS = 8

describe('a process that dies', () => {
  it.each(Array.from({ length: STEPS * 2 }, (_, at) => ({ step: (at >> 1) + 1, done: at % 2 === 1 })))(
    'at step $step (done: $done) leaves nothing past the next run of the janitor',
    async ({ step, done }) => {
      const ledger = keptLedger()
      const { wrap, reached } = dying(step, done)
      const dead = makeYard(ledger, wrap)
      const life = open(reader(), 'g1', 'bob', dead).then(({ id }) => dead.accounts.close(id))
      await Promise.race([life, reached])
      const next = makeYard(ledger)
      await next.accounts.clean([target])
      expect(await names('^sp_')).toEqual([])
      expect([...ledger.entries.values()].filter(({ state }) => state !== 'dropped')).toEqual([])
      expect(notesOf(next.notes, 'failed')).toEqual([])
      await dead.pool.close()
      await next.pool.close()
    },
  )
})

describe('the janitor', () => {
  const foreign = { target: 'shop', sessionId: 'theirs', grantId: 'g1', expiresAt: 0 }

  async function made(): Promise<string> {
    const { user, id } = await open(reader())
    await expect.poll(() => yard.ledger.entries.get(user)?.state).toBe('open')
    expect(id).toMatch(/^s/)
    return user
  }

  it('leaves alone what lives here and what a live node uses, and ends what another left', async () => {
    const name = await made()
    const other = makeYard()
    other.ledger.add({ ...foreign, name }, 'node-2')
    other.ledger.live.add('theirs')
    for (const wait of [0, 60_000]) {
      other.clock.now += wait
      await other.accounts.clean([target])
    }
    await yard.accounts.clean([target])
    expect(await logins()).toEqual([name])
    other.ledger.live.delete('theirs')
    await other.accounts.clean([target])
    expect(await logins()).toEqual([name])
    other.clock.now += 60_000
    await other.accounts.clean([target])
    expect(await logins()).toEqual([])
    expect(notesOf(other.notes, 'cleaned')).toHaveLength(1)
    await other.pool.close()
  })

  it('ends at once what a node left that is gone for good', async () => {
    const name = await made()
    const other = makeYard()
    other.ledger.add({ ...foreign, name }, 'node-2')
    await other.accounts.clean([target])
    expect(await logins()).toEqual([name])
    other.ledger.abandoned.add('node-2')
    await other.accounts.clean([target])
    expect(await logins()).toEqual([])
    await other.pool.close()
  })

  it('ends what no ledger knows of', async () => {
    await made()
    const other = makeYard()
    await other.accounts.clean([target])
    expect(await logins()).toHaveLength(1)
    other.clock.now += 60_000
    await other.accounts.clean([target])
    expect(await logins()).toEqual([])
    await other.pool.close()
  })

  it('tries again, later and later, what could not be dropped, and says so', async () => {
    const name = await made()
    await root.query(`GRANT SELECT ON pg_authid TO ${name}`)
    await yard.accounts.shutDown()
    expect(notesOf(yard.notes, 'orphaned')).toHaveLength(1)
    expect(yard.ledger.entries.get(name)?.state).toBe('orphaned')
    const { rows } = await root.query('SELECT rolcanlogin FROM pg_roles WHERE rolname = $1', [name])
    expect(rows).toEqual([{ rolcanlogin: false }])
    await yard.accounts.clean([target])
    await yard.accounts.clean([target])
    expect(notesOf(yard.notes, 'orphaned')).toHaveLength(2)
    await root.query(`REVOKE SELECT ON pg_authid FROM ${name}`)
    yard.clock.now += 60_000
    await yard.accounts.clean([target])
    expect(await logins()).toEqual([])
  })
})
