import { afterAll, beforeAll, expect, it } from 'vitest'
import { pgbench } from '../../clients/programs.ts'
import { describeUnless } from '../../servers/availability.ts'
import { grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'
import { hasPgbench } from './foreign_drivers.ts'

/** pgbench's own scripts, as an owner fills the tables and as a person who may read and write four of them. */

const MODES = ['simple', 'extended', 'prepared'] as const
const SCRIPTS = ['tpcb-like', 'simple-update', 'select-only'] as const
const CLIENTS = 2
const TRANSACTIONS = 20

const TELLER = {
  name: 'teller',
  scope: [
    { databases: ['postgres'], schemas: ['public'], tables: ['pgbench_*'], verbs: ['read', 'update'] },
    { databases: ['postgres'], schemas: ['public'], tables: ['pgbench_history'], verbs: ['insert'] },
  ],
}
const OWNER = { name: 'owner', unrestricted: true }

const missing = hasPgbench ? null : 'pgbench is not installed (apt-get install postgresql-contrib)'
describeUnless(missing, 'pgbench', () => {
  let stack: PostgresStack
  beforeAll(async () => {
    stack = await startPostgresStack({
      setupSql: [],
      roles: [TELLER, OWNER],
      masking: { masks: [{ schemas: ['public'], tables: ['pgbench_tellers'], columns: ['filler'], strategy: 'null' }] },
      grants: () => [grantOf('alice', 'teller'), grantOf('carol', 'owner')],
    })
    const made = await pgbench(await stack.login('carol'), '-i', '-q', '-s', '1')
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('done in') })
  })
  afterAll(() => stack?.stop())

  it.each(MODES.flatMap((mode) => SCRIPTS.map((script) => [mode, script] as const)))('%s %s', async (mode, script) => {
    const load = ['-c', `${CLIENTS}`, '-t', `${TRANSACTIONS}`, '-M', mode, '-b', script]
    // Without -n it vacuums first, which is for the tables' owner.
    const ran = await pgbench(await stack.login('alice'), '-n', ...load)
    expect(ran).toMatchObject({ code: 0 })
    const all = CLIENTS * TRANSACTIONS
    expect(ran.stdout).toContain(`number of transactions actually processed: ${all}/${all}`)
    expect(ran.stdout).toContain('number of failed transactions: 0')
  })

  it('is what its scripts say: every sum is the same', async () => {
    const direct = await stack.direct()
    const sums = await direct.query(`SELECT (SELECT sum(abalance) FROM pgbench_accounts) AS accounts,
      (SELECT sum(delta) FROM pgbench_history) AS history, (SELECT count(*)::int FROM pgbench_history) AS entries`)
    const { accounts, history, entries } = sums.rows[0]
    expect(accounts).toBe(history)
    // Of each mode the two scripts that write.
    expect(entries).toBe(MODES.length * 2 * CLIENTS * TRANSACTIONS)
  })

  it('is refused what the person may not do', async () => {
    const login = await stack.login('alice')
    expect((await pgbench(login, '-t', '1')).stderr).toMatch(/\(SP-[A-Z]+\)/)
    expect((await pgbench(login, '-i')).stderr).toMatch(/\(SP-[A-Z]+\)/)
  })
})
