import { describe, expect, it } from 'vitest'
import type { MigrationPlan } from '../../src/policy/grant.ts'
import { parseScript } from '../../src/policy/migration.ts'
import type { Role } from '../../src/policy/role.ts'
import type { Subject } from '../../src/session/gate.ts'
import type { PlanProgress } from '../../src/session/plan_port.ts'
import type { Names } from '../../src/session/verdict.ts'
import { MemoryQuota } from '../../src/store/memory_quota.ts'
import { catalogOf, roleOf, START, type World, worldOf } from './fixture.ts'

const FRESH: Names = { searchPath: null, defaultDatabase: null, sqlMode: null, key: '' }

/** As the control plane keeps it, without its store. */
function memoryProgress() {
  const log: string[] = []
  let done = 0
  let kept = 0
  let holder: string | null = null
  const port: PlanProgress = {
    current: () => done,
    awaited: () => false,
    take: (_grant, session) => {
      holder ??= session
      return holder === session
    },
    leave: (_grant, session) => {
      if (holder === session) holder = null
    },
    advance: (_grant, to, committed) => {
      done = to
      kept = committed
    },
    failed: (_grant, statement) => log.push(`failed ${statement}`),
    deviated: (_grant, { expected }) => log.push(`deviated ${expected}`),
  }
  return { port, log, done: () => done, kept: () => kept }
}

const MIGRATOR = {
  scope: [
    {
      databases: ['*'],
      schemas: ['shop'],
      tables: ['*'],
      columns: null,
      exceptTables: ['secrets'],
      exceptColumns: [],
      verbs: ['read', 'insert', 'update', 'delete', 'ddl'],
      where: [],
    },
  ],
} as const satisfies Partial<Role>

function planOf(engine: 'postgres' | 'mysql', script: string): MigrationPlan {
  const { subject } = worldOf(engine)
  const catalog = catalogOf(engine)
  const context = { catalog, searchPath: ['shop'], defaultDatabase: engine === 'mysql' ? 'shop' : null }
  const analyze = (text: string) =>
    subject.engine.analyze(text, { ...context, sqlMode: new Set<string>(), compared: true })
  return parseScript(script, engine, analyze).plan
}

function migration(engine: 'postgres' | 'mysql', script: string, role: Partial<Role> = MIGRATOR) {
  const progress = memoryProgress()
  const quota = new MemoryQuota({ monotonic: () => 0 })
  const world: World = worldOf(engine, roleOf(role), { plan: planOf(engine, script) }, quota, progress.port)
  const names = engine === 'mysql' ? { ...FRESH, defaultDatabase: 'app', key: 'app' } : FRESH
  const session = (id: string): Subject => ({ ...world.subject, session: { ...world.subject.session, sessionId: id } })
  /** Sends one message, and answers what was admitted with `outcome`. */
  const send = (sql: string, outcome: 'ok' | 'error' = 'ok', id = 'session-1', over: Partial<Names> = {}) => {
    const subject = session(id)
    const admission = world.gate.admit(subject, { ...names, ...over }, sql, START)
    if (admission.kind === 'deny') return `${admission.error.code} ${admission.error.detail}`
    const status = outcome === 'ok' ? null : '42601'
    const result = { outcome, status, rows: 0, bytes: 0, rowsWithheld: 0, started: START }
    for (const execution of admission.executions) world.gate.completion(subject, execution, result, START)
    return admission.permit.text
  }
  return { ...progress, world, send, names, session }
}

const ALTER = 'ALTER TABLE orders ADD COLUMN due date'
const UPDATE = "UPDATE orders SET note = 'x' WHERE id = 1"

describe('a grant that is bound to a script', () => {
  it('runs its statements in their order, and what deviates not at all', () => {
    const { send, done, log } = migration('postgres', `${ALTER}; ${UPDATE}`)
    expect(send(UPDATE)).toMatch(/^SP-PLAN statement 1 of 2/)
    expect(send('SET lock_timeout = 3000')).toBe('SET lock_timeout = 3000')
    expect(send(`alter table ORDERS add column due DATE -- now`)).toBe('alter table ORDERS add column due DATE -- now')
    expect(done()).toBe(1)
    expect(send(ALTER)).toMatch(/^SP-PLAN statement 2 of 2/)
    expect(send('SELECT id FROM orders')).toMatch(/^SP-PLAN/)
    expect(send("UPDATE orders SET note = 'y' WHERE id = 1")).toMatch(/another literal/)
    expect(send(UPDATE)).toContain('"shop"."orders"')
    expect(send(UPDATE)).toMatch(/all 2 statements/)
    expect(done()).toBe(2)
    expect(log).toEqual(['deviated 0', 'deviated 1', 'deviated 1', 'deviated 1', 'deviated 2'])
  })

  it('tells what a crash would take back', () => {
    const { send, done, kept } = migration('postgres', `${ALTER}; ${UPDATE}`)
    send('BEGIN')
    send(ALTER)
    expect([done(), kept()]).toEqual([1, 0])
    send('COMMIT')
    expect([done(), kept()]).toEqual([1, 1])
    send(UPDATE)
    expect([done(), kept()]).toEqual([2, 2])
  })

  it('says in each record which statement of the script it is', () => {
    const { world } = migration('postgres', ALTER)
    const admission = world.gate.admit(world.subject, FRESH, ALTER, START)
    expect(admission.events[0]).toMatchObject({ rule: 'plan', reason: expect.stringMatching(/^statement 1 of 1 of/) })
  })

  it('runs nothing where nobody follows how far it has come', () => {
    const world = worldOf('postgres', roleOf(MIGRATOR), { plan: planOf('postgres', ALTER) })
    expect(world.gate.admit(world.subject, FRESH, ALTER, START)).toMatchObject({ kind: 'deny' })
    expect(world.gate.admit(world.subject, FRESH, 'SELECT 1', START)).toMatchObject({ kind: 'deny' })
  })

  it('may send again what failed, in one session at a time', () => {
    const { send, done, log, world, session } = migration('postgres', `${ALTER}; ${UPDATE}`)
    send(ALTER, 'error')
    expect([done(), log]).toEqual([0, ['failed 0']])
    expect(send(ALTER, 'ok', 'session-2')).toMatch(/another session/)
    world.gate.left(session('session-1'))
    send(ALTER, 'ok', 'session-2')
    expect(done()).toBe(1)
  })

  it('waits for the answer of the statement before', () => {
    const { world, send } = migration('postgres', `${ALTER}; ${UPDATE}`)
    world.gate.admit(world.subject, FRESH, ALTER, START)
    expect(send(ALTER)).toMatch(/has not answered yet/)
    expect(send('BEGIN')).toBe('BEGIN')
  })

  it('goes back with a transaction that is rolled back, or lost', () => {
    const { send, done, world, session } = migration('postgres', `${UPDATE}; ${ALTER}; ${UPDATE}`)
    for (const sql of ['BEGIN', UPDATE, 'SAVEPOINT a', ALTER, 'ROLLBACK TO a']) send(sql)
    expect(done()).toBe(1)
    send(ALTER, 'error')
    expect(send(ALTER)).toMatch(/the transaction has failed/)
    // A COMMIT of a failed transaction rolls back.
    send('COMMIT')
    expect(done()).toBe(0)
    for (const sql of ['BEGIN', UPDATE]) send(sql)
    expect(done()).toBe(1)
    world.gate.left(session('session-1'))
    expect(done()).toBe(0)
    for (const sql of ['BEGIN', UPDATE, 'COMMIT']) send(sql)
    expect(done()).toBe(1)
    send('ROLLBACK')
    expect(done()).toBe(1)
  })

  it('ends the transactions of the script where the script does', () => {
    const { send, done } = migration('postgres', `BEGIN; ${UPDATE}; ${ALTER}; COMMIT`)
    expect(send(UPDATE)).toMatch(/statement 1 of 4/)
    for (const sql of ['BEGIN', UPDATE]) send(sql)
    expect(send('COMMIT')).toMatch(/does not commit here/)
    for (const sql of [ALTER, 'COMMIT']) send(sql)
    expect(done()).toBe(4)
  })

  it('reads no rows by a catalog that does not show what the transaction changed', () => {
    const { send } = migration('postgres', `${ALTER}; ${UPDATE}`)
    for (const sql of ['BEGIN', ALTER]) send(sql)
    expect(send(UPDATE)).toMatch(/commit before rows/)
    send('COMMIT')
    expect(send(UPDATE)).toContain('UPDATE')
  })

  it('means by a name what it meant when it was approved', () => {
    const both = { scope: [{ ...MIGRATOR.scope[0], schemas: ['shop', 'archive'] }] }
    const { send } = migration('postgres', ALTER, both)
    expect(send(ALTER, 'ok', 'session-1', { searchPath: ['archive'], key: 'archive' })).toMatch(/another search_path/)
    const mine = migration('mysql', ALTER, both)
    expect(mine.send(ALTER, 'ok', 'session-1', { defaultDatabase: 'archive', key: 'a' })).toMatch(/database app/)
    const modes = { sqlMode: new Set(['ANSI_QUOTES']), defaultDatabase: 'shop', key: 'm' }
    expect(mine.send(ALTER, 'ok', 'session-1', modes)).toMatch(/sql_mode/)
    const named = migration('mysql', `USE shop; ${ALTER}`, both)
    expect(named.send('USE shop', 'ok', 'session-1', { ...modes, defaultDatabase: 'app' })).toMatch(/sql_mode/)
    expect(named.send('USE shop', 'ok', 'session-1', { defaultDatabase: 'archive', key: 'a' })).toMatch(/^USE/)
    expect(named.send('USE archive')).toMatch(/^USE/)
    expect(named.send(ALTER, 'ok', 'session-1', { defaultDatabase: 'archive', key: 'a' })).toMatch(/again first/)
    expect(named.send(`USE archive; ${ALTER}`, 'ok', 'session-1', { defaultDatabase: 'shop', key: 's' })).toMatch(
      /again first|one at a time|SP-MULTI/,
    )
    expect(mine.send('USE archive')).toMatch(/^USE/)
    expect(mine.send(ALTER, 'ok', 'session-1', { defaultDatabase: 'archive', key: 'a' })).toMatch(/database app/)
    expect([named.log, mine.log]).toEqual([[], []])
  })

  it('takes what the client of MySQL asks by itself for no attempt, and lets it not through', () => {
    const { send, log } = migration('mysql', ALTER)
    expect(send('select $$')).toMatch(/SP-PLAN/)
    expect(log).toEqual([])
    expect(send('select $$ FROM orders')).toMatch(/SP-PLAN/)
    expect(log).toEqual(['deviated 0'])
  })

  it('lets another session set the names again that the script has set', () => {
    const script = `SET search_path = archive; ALTER TABLE orders ADD COLUMN due date`
    const { send, world, session } = migration('postgres', script, {
      scope: [{ ...MIGRATOR.scope[0], schemas: ['archive'] }],
    })
    const there = { searchPath: ['archive'], key: 'archive' }
    send('SET search_path = archive')
    world.gate.left(session('session-1'))
    expect(send(ALTER, 'ok', 'session-2', there)).toMatch(/again first/)
    expect(send('SET search_path = archive', 'ok', 'session-2')).toMatch(/^SET/)
    expect(send(ALTER, 'ok', 'session-2', there)).toBe(ALTER)
  })

  it('in MySQL commits with each change of definitions, and rolls back without autocommit', () => {
    const { send, done } = migration(
      'mysql',
      `${UPDATE.replace('orders', 'shop.orders')}; ALTER TABLE shop.orders ADD COLUMN due date; ${UPDATE.replace('orders', 'shop.orders')}`,
    )
    const update = UPDATE.replace('orders', 'shop.orders')
    send('SET autocommit = 0')
    send(update)
    expect(done()).toBe(1)
    send('ROLLBACK')
    expect(done()).toBe(0)
    send(update)
    send('ALTER TABLE shop.orders ADD COLUMN due date')
    send('ROLLBACK')
    expect(done()).toBe(2)
    send(update)
    send('SET autocommit = 1')
    send('ROLLBACK')
    expect(done()).toBe(3)
  })

  it('takes one statement of the script in a message, with its transaction around', () => {
    const { send, done } = migration('postgres', `BEGIN; ${UPDATE}; COMMIT; ${UPDATE}; ${UPDATE}`)
    send(`BEGIN; ${UPDATE}; COMMIT`)
    expect(done()).toBe(3)
    expect(send(`${UPDATE}; ${UPDATE}`)).toMatch(/one at a time/)
  })
})

describe('a change of definitions that was approved', () => {
  it.each<['postgres' | 'mysql', string, RegExp | null]>([
    ['postgres', 'CREATE TABLE shop.invoices (id bigint PRIMARY KEY, order_id int REFERENCES shop.orders)', null],
    ['postgres', 'CREATE INDEX CONCURRENTLY orders_note ON shop.orders (note)', null],
    ['postgres', 'ALTER TABLE shop.users ADD COLUMN x int', null],
    ['postgres', 'DROP TABLE shop.orders', null],
    ['postgres', 'TRUNCATE shop.orders', null],
    ['postgres', 'CREATE TABLE shop.copy AS SELECT id, name FROM shop.users', null],
    ['postgres', 'CREATE VIEW shop.v AS SELECT id, email FROM shop.users', null],
    ['postgres', 'ALTER TABLE archive.orders ADD COLUMN x int', /SP-SCOPE/],
    ['postgres', 'DROP TABLE shop.secrets', /SP-SCOPE/],
    ['postgres', 'CREATE TABLE shop.copy AS SELECT id, email FROM shop.users', /SP-MASKED/],
    ['postgres', 'CREATE MATERIALIZED VIEW shop.m AS SELECT id, email FROM shop.users', /SP-MASKED/],
    ['postgres', 'SELECT id, email INTO shop.copy FROM shop.users', /SP-/],
    ['postgres', 'INSERT INTO shop.orders (note) SELECT email FROM shop.users', /SP-MASKED/],
    ['postgres', 'ALTER TABLE shop.users ALTER COLUMN name TYPE text USING email', /SP-MASKED/],
    ['postgres', "COMMENT ON COLUMN shop.users.email IS 'x'", /SP-MASKED/],
    ['postgres', 'GRANT SELECT ON shop.users TO bob', /SP-VERB/],
    ['postgres', 'CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS $$SELECT 1$$', /SP-VERB/],
    ['postgres', "DO $$ BEGIN RAISE NOTICE 'x'; END $$", /SP-VERB/],
    ['postgres', 'CREATE ROLE bob', /SP-VERB/],
    ['postgres', 'DROP SCHEMA archive CASCADE', /SP-SCOPE/],
    ['mysql', 'CREATE TABLE shop.invoices (id bigint PRIMARY KEY)', null],
    ['mysql', "ALTER TABLE shop.users ADD COLUMN x int NOT NULL DEFAULT 0, ADD COLUMN y varchar(9) DEFAULT 'a'", null],
    ['mysql', 'ALTER TABLE shop.orders RENAME COLUMN note TO remark', null],
    ['mysql', 'CREATE TABLE shop.copy AS SELECT id, email FROM shop.users', /SP-MASKED/],
    ['mysql', 'ALTER TABLE shop.users RENAME COLUMN email TO x', /SP-MASKED/],
    ['mysql', 'RENAME TABLE shop.users TO shop.people', /SP-MASKED/],
    ['mysql', 'ALTER TABLE shop.users MODIFY email varchar(99)', /SP-MASKED/],
    ['mysql', 'ALTER TABLE shop.users ADD COLUMN x varchar(99) DEFAULT (email)', /SP-MASKED/],
    ['mysql', 'CREATE TABLE shop.m (id int) ENGINE=MERGE UNION=(shop.users)', /SP-VERB/],
    ['mysql', 'CREATE TRIGGER shop.t BEFORE INSERT ON shop.orders FOR EACH ROW SET NEW.note = 1', /SP-VERB/],
    ['mysql', 'GRANT SELECT ON shop.users TO bob', /SP-VERB/],
    ['mysql', 'DROP DATABASE archive', /SP-SCOPE/],
  ])('under a narrow role (%s): %s', (engine, sql, refused) => {
    const answer = migration(engine, sql).send(sql)
    if (refused) expect(answer).toMatch(refused)
    else expect(answer).toBe(sql)
  })

  it('needs the verb ddl, and more than its approval', () => {
    expect(migration('postgres', ALTER, {}).send(ALTER)).toMatch(/SP-SCOPE/)
    const world = worldOf('postgres', roleOf(MIGRATOR))
    const answer = world.gate.admit(world.subject, FRESH, ALTER, START)
    expect(answer.kind === 'deny' && answer.error.code).toBe('SP-VERB')
  })

  it('under an unrestricted role goes out as it is', () => {
    const sql = 'DO $$ BEGIN PERFORM 1; END $$'
    expect(migration('postgres', sql, { unrestricted: true, scope: [] }).send(sql)).toBe(sql)
    expect(migration('postgres', ALTER, { unrestricted: true, scope: [] }).send(sql)).toMatch(/SP-PLAN/)
  })

  it('shows rows of the script masked as always', () => {
    const sql = "SELECT id, email || '' FROM shop.users"
    expect(migration('postgres', sql).send(sql)).toContain('NULL')
  })
})
