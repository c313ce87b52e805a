import { describe, expect, it } from 'vitest'
import { SIGNALS, type Signal } from '../../src/audit/alert_event.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { recordsOf, toOcsf } from '../../src/audit/project.ts'
import { completion, decision, everyEvent, PRODUCT, SESSION } from '../audit/events.ts'
import { as, HOUR_MS, lifecycleEvent, login, loginFailed, NOON, settingsWith, worldWith } from './world.ts'

const refused = (more: Parameters<typeof decision>[0] = {}) =>
  decision({ time: NOON, effect: 'deny', code: 'SP-SCOPE', reason: 'not in scope', ...more })
const shown = (more: Parameters<typeof decision>[0] = {}) => decision({ time: NOON, ...more })
const posture = { target: 'orders', detail: { object: 'role/eve', text: 'the role eve was made' } }

/** One event that raises the signal at once. */
const AT_ONCE: readonly (readonly [Signal, AuditEvent])[] = [
  ['break_glass_start', lifecycleEvent('break_glass.started', { incident: 'P1' })],
  ['grant_change', lifecycleEvent('grant.activated')],
  ['grant_change', lifecycleEvent('grant.scheduled')],
  ['grant_change', lifecycleEvent('grant.revoked')],
  ['policy_change', lifecycleEvent('policy.changed', { entity: { type: 'role', id: 'reader' } })],
  [
    'policy_change',
    { kind: 'config_loaded', id: 'c', time: NOON, digest: 'd', previous: 'b', changes: ['roles/reader: changed'] },
  ],
  ['overdue_review', lifecycleEvent('break_glass.overdue')],
  ['overdue_review', lifecycleEvent('review.answered', { actor: null, detail: { decision: 'escalated' } })],
  ['orphaned_account', lifecycleEvent('account.orphaned', { detail: { account: 'a', why: 'owns objects' } })],
  ['bypass_login', lifecycleEvent('bypass.login', posture)],
  ['database_change', lifecycleEvent('posture.finding', posture)],
  ['unrestricted_session', login(as('alice', { role: 'root' }))],
  ['unrestricted_session', { kind: 'connect', id: 's', time: NOON, session: as('alice'), superuser: true }],
  ['export_attempt', shown({ verbs: ['read', 'export'] })],
  ['export_attempt', refused({ code: 'SP-EXPORT' })],
  ['outside_hours', login(as('alice'), NOON + 10 * HOUR_MS)],
  ['outside_hours', shown({ time: NOON + 3 * 24 * HOUR_MS })],
  [
    'bulk_read',
    {
      ...{ kind: 'bulk_read', id: 'b', time: NOON, session: SESSION, statementId: 'q', rows: 500, threshold: 500 },
      ...{ windowMs: HOUR_MS, table: { schema: 'app', name: 'users' } },
    },
  ],
]

describe('what is an alert each time', () => {
  it.each(AT_ONCE)('%s', (signal, event) => {
    const world = worldWith()
    world.engine.observe(event)
    expect(world.signals()).toEqual([signal])
    const [alert] = world.raised
    expect(alert).toMatchObject({ state: 'raised', test: false, suppressed: 0, count: 1, evidence: [event.id] })
    expect(alert?.key).toMatch(new RegExp(`^${signal}/.`))
    expect(alert?.summary).not.toMatch(/null|undefined|\0/)
  })

  it.each(AT_ONCE)('%s, and not where it is off', (signal, event) => {
    const world = worldWith(settingsWith(signal, { enabled: false }))
    world.engine.observe(event)
    expect(world.raised).toEqual([])
  })

  it('is about what the event is about', () => {
    const world = worldWith()
    world.engine.observe(lifecycleEvent('break_glass.started', { incident: 'P1', clientAddress: '10.0.0.5' }))
    const [alert] = world.raised
    if (alert === undefined) throw new Error('no alert')
    const [record] = recordsOf(alert, PRODUCT).map(toOcsf)
    expect(record).toMatchObject({
      class_uid: 2004,
      severity: 'High',
      status: 'New',
      is_alert: true,
      message: 'alice@example.test broke the glass on orders as reader for P1: on call',
      metadata: { event_code: 'alert.break_glass_start' },
      finding_info: { uid: 'break_glass_start/g1', title: 'Break-glass was started' },
      evidences: [{ actor: { user: { email_addr: 'alice@example.test' } }, src_endpoint: { ip: '10.0.0.5' } }],
      unmapped: {
        jit: {
          record: 'alert',
          alert: { channels: [], owner: 'security', about: { target: 'orders', grant_id: 'g1' } },
        },
      },
    })
  })
})

describe('what is no alert', () => {
  it.each([
    [
      'a start of the program',
      { kind: 'config_loaded', id: 'c', time: NOON, digest: 'd', previous: null, changes: [] },
    ],
    ['a grant that ends by time', lifecycleEvent('grant.expired')],
    [
      'a line of a review that a person answered',
      lifecycleEvent('review.answered', {
        actor: { issuer: 'i', subject: 'u-bob', email: 'bob@example.test', name: 'Bob' },
        detail: { decision: 'keep' },
      }),
    ],
    ['a login in working hours', login(as('alice'))],
    ['a statement in scope', shown()],
    ['SHOW by night', shown({ time: NOON + 10 * HOUR_MS, objects: [], columns: [] })],
  ] satisfies readonly (readonly [string, AuditEvent])[])('%s', (_what, event) => {
    const world = worldWith()
    world.engine.observe(event)
    expect(world.raised).toEqual([])
  })

  it('an alert: none leads to another', () => {
    const world = worldWith()
    for (const event of everyEvent()) if (event.kind === 'alert') world.engine.observe(event)
    expect(world.raised).toEqual([])
  })

  it('a pipeline by night, unless the hours hold for it', () => {
    const machine = { ...as('alice'), identity: SESSION.identity && { ...SESSION.identity, machine: true } }
    const night = login(machine, NOON + 10 * HOUR_MS)
    const world = worldWith()
    world.engine.observe(night)
    expect(world.signals()).toEqual([])
    const { hours } = world.engine.settings
    world.engine.configure(settingsWith('outside_hours', {}, { hours: { ...hours, workloads: true } }))
    world.engine.observe(night)
    expect(world.signals()).toEqual(['outside_hours'])
  })
})

describe('failed logins', () => {
  it('are counted by the name that was claimed, over addresses and targets', () => {
    const world = worldWith(settingsWith('failed_logins_person', { threshold: 3 }))
    for (const [index, user] of ['Alice/orders', 'alice/club/reader', 'alice'].entries()) {
      expect(world.signals()).toEqual([])
      world.engine.observe(loginFailed({ claimedUser: user, clientAddress: `10.0.0.${index}` }))
    }
    expect(world.raised).toMatchObject([
      { signal: 'failed_logins_person', key: 'failed_logins_person/alice', count: 3, about: { claimedUser: 'alice' } },
    ])
    expect(world.raised[0]?.evidence).toHaveLength(3)
  })

  it('are counted by address, over names', () => {
    const world = worldWith(settingsWith('failed_logins_address', { threshold: 3 }))
    for (const user of ['alice', 'bob', 'carol']) world.engine.observe(loginFailed({ claimedUser: user }))
    expect(world.raised).toMatchObject([{ key: 'failed_logins_address/10.0.0.5', about: { person: null } }])
  })

  it('that are the fault of this side are none', () => {
    const world = worldWith(settingsWith('failed_logins_person', { threshold: 1 }))
    for (const code of ['SP-UPSTREAM', 'SP-DRAIN', 'SP-STORE']) world.engine.observe(loginFailed({}, code))
    expect(world.raised).toEqual([])
  })

  it('under names that somebody made up can neither write lines nor be long', () => {
    const world = worldWith(settingsWith('failed_logins_person', { threshold: 1 }))
    world.engine.observe(loginFailed({ claimedUser: `a\n\u2028\u202e\ud800${'x'.repeat(5000)}` }))
    const [{ key, summary } = { key: '', summary: '' }] = world.raised
    expect(key.length).toBeLessThan(160)
    expect(`${key}${summary}`).not.toMatch(/[\p{C}\p{Zl}]/u)
  })
})

describe('denied statements', () => {
  const settings = settingsWith('denied_statements', { threshold: 3 })

  it('are an alert in a row', () => {
    const world = worldWith(settings)
    for (let n = 0; n < 2; n++) world.engine.observe(refused())
    expect(world.signals()).toEqual([])
    world.engine.observe(refused({ id: 'last' }))
    expect(world.raised).toMatchObject([{ count: 3, key: 'denied_statements/alice@example.test' }])
    expect(world.raised[0]?.evidence).toContain('last')
  })

  it('are no row where one between them read something', () => {
    const world = worldWith(settings)
    for (let n = 0; n < 5; n++) for (const event of [refused(), refused(), shown()]) world.engine.observe(event)
    expect(world.raised).toEqual([])
  })

  it('are one with a ROLLBACK after each, and with what another person reads', () => {
    const world = worldWith(settings)
    const rollback = shown({ statementKind: 'rollback', objects: [], columns: [], verbs: ['session'] })
    for (let n = 0; n < 3; n++)
      for (const event of [refused(), rollback, shown({ session: as('bob') })]) world.engine.observe(event)
    expect(world.signals()).toEqual(['denied_statements'])
  })
})

describe('clear reads', () => {
  const settings = settingsWith('clear_reads', { threshold: 100 })
  const ssn = { schema: 'app', table: 'users', column: 'ssn' }

  function read(rows: number, statementId: string, seen: 'clear' | 'masked', person = 'alice'): AuditEvent[] {
    const session = as(person)
    const done = { ...completion(), session, statementId, rows } as AuditEvent
    return [shown({ session, statementId, columns: [{ ...ssn, seen }] }), done]
  }

  it('count the rows of statements that read masked columns in clear', () => {
    const world = worldWith(settings)
    for (const event of [...read(60, 'q1', 'clear'), ...read(500, 'q2', 'masked'), ...read(39, 'q3', 'clear')])
      world.engine.observe(event)
    expect(world.signals()).toEqual([])
    for (const event of read(1, 'q4', 'clear')) world.engine.observe(event)
    expect(world.raised).toMatchObject([{ signal: 'clear_reads', count: 100 }])
  })

  it('of two people are two', () => {
    const world = worldWith(settings)
    for (const event of [...read(60, 'q1', 'clear'), ...read(60, 'q2', 'clear', 'bob')]) world.engine.observe(event)
    expect(world.signals()).toEqual([])
  })
})

describe('the list of signals', () => {
  it('is whole: each has a test, or is a state of the program', () => {
    const states: Signal[] = ['sink_failing', 'dead_letters', 'log_unwritable', 'chain_mismatch']
    const counted: Signal[] = [
      'failed_logins_person',
      'failed_logins_address',
      'denied_statements',
      'clear_reads',
      'volume',
    ]
    expect(new Set([...AT_ONCE.map(([signal]) => signal), ...states, ...counted])).toEqual(new Set(SIGNALS))
  })
})
