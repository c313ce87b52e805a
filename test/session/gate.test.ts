import { describe, expect, it } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import type { Subject } from '../../src/session/gate.ts'
import type { RefusedAccess } from '../../src/session/ports.ts'
import type { Names } from '../../src/session/verdict.ts'
import { ASKING } from '../policy/build.ts'
import { catalogOf, MINUTE, roleOf, START, targetOf, type World, worldOf } from './fixture.ts'

const FRESH: Names = { searchPath: null, defaultDatabase: null, sqlMode: null, key: '' }
const ARCHIVE: Names = { ...FRESH, searchPath: ['archive'], key: 'archive' }
const ORDERS = 'SELECT id FROM orders WHERE note = $$a secret$$'

const READER = roleOf({ scope: roleOf().scope.map((rule) => ({ ...rule, verbs: ['read'] })) })

/** The answer to one text, with the number of times that it was analysed so far. */
function counted(world: World) {
  let analysed = 0
  const { engine } = world.subject
  const analyze: typeof engine.analyze = (text, context) => {
    analysed++
    return engine.analyze(text, context)
  }
  const subject: Subject = { ...world.subject, engine: { ...engine, analyze } }
  return { subject, analysed: () => analysed }
}

describe('the gate', () => {
  it('issues a permit for the rewritten text alone, tied to its record', () => {
    const { gate, subject } = worldOf('postgres')
    const admission = gate.admit(subject, FRESH, ORDERS, START)
    if (admission.kind === 'deny') throw new Error('refused')
    expect(admission.permit.text).toContain('"shop"."orders"')
    expect(admission.events.map((event) => event.kind === 'decision' && event.statementId)).toEqual([
      admission.permit.decisionId,
    ])
  })

  it('records the text without its literals, and in full only where the target says so', () => {
    const world = worldOf('postgres')
    const record = (subject: Subject) => JSON.stringify(world.gate.admit(subject, FRESH, ORDERS, START).events)
    expect(record(world.subject)).not.toContain('a secret')
    expect(record({ ...world.subject, target: targetOf('postgres', { capture: 'full' }) })).toContain('a secret')
  })

  it('records what is done in an emergency in full, on disk before it is done', () => {
    const { gate, subject } = worldOf('postgres', READER, { kind: 'break_glass' })
    const { events } = gate.admit(subject, FRESH, ORDERS, START)
    expect(JSON.stringify(events)).toContain('a secret')
    expect(events.map((event) => event.kind === 'decision' && event.sync)).toEqual([true])
    const usual = gate.admit(worldOf('postgres', READER).subject, FRESH, ORDERS, START)
    expect(usual.events.some((event) => 'sync' in event)).toBe(false)
    const refused = gate.refusal(subject, 'kill', new SallyportError('SP-PROTOCOL', 'no'), START)
    expect(refused).toMatchObject({ sync: true })
  })

  it.each([
    [
      'a masked column that the role lifts',
      'SELECT email FROM users',
      { unmask: ['shop.users.email'] },
      true,
      ['email'],
    ],
    ['no masked column', 'SELECT name FROM users', { unmask: ['shop.users.email'] }, false, []],
    ['a column that stays masked', 'SELECT email FROM users', {}, false, []],
    ['it without limits', 'SELECT name, ssn FROM users', { unrestricted: true, scope: [] }, true, ['ssn']],
    ['nobody knows what', 'DO $$ BEGIN END $$', { unrestricted: true, scope: [] }, true, []],
    [
      'what asks for the disk by its role',
      'SELECT 1',
      { asking: { ...ASKING, durability: 'sync' as const } },
      true,
      [],
    ],
  ])('has a record on disk first of who reads %s: %s', (_what, text, role, sync, lifted) => {
    const { gate, subject } = worldOf('postgres', roleOf(role))
    const [event] = gate.admit(subject, FRESH, text, START).events
    if (event?.kind !== 'decision') throw new Error('no decision')
    expect([event.effect, event.sync ?? false]).toEqual(['allow', sync])
    expect(event.columns.filter((column) => column.lifted).map(({ column }) => column)).toEqual(lifted)
  })

  it('has a record on disk first where the target asks for it', () => {
    const { gate, subject } = worldOf('postgres')
    const target = targetOf('postgres', { durability: 'sync' })
    expect(gate.admit({ ...subject, target }, FRESH, 'SELECT 1', START).events[0]).toMatchObject({ sync: true })
  })

  it('analyses a text once in its context, and anew when anything that it hangs on changes', () => {
    const world = worldOf('postgres')
    const { subject, analysed } = counted(world)
    const ask = (names: Names = FRESH) => world.gate.admit(subject, names, ORDERS, START)
    ask()
    ask()
    expect(analysed()).toBe(1)
    ask(ARCHIVE)
    expect(analysed()).toBe(2)
    world.catalog = catalogOf('postgres', 'another')
    ask()
    expect(analysed()).toBe(3)
    world.role = roleOf({ digest: 'another' })
    ask()
    expect(analysed()).toBe(4)
    world.masking = { ...world.masking, digest: 'another' }
    ask()
    expect(analysed()).toBe(5)
  })

  it('judges the window of the grant at each execution, whatever is cached', () => {
    const { gate, subject } = worldOf('postgres')
    const code = (now: number) => {
      const answer = gate.admit(subject, FRESH, 'SELECT 1', now)
      return answer.kind === 'deny' ? answer.error.code : 'allowed'
    }
    const times = [START, START + 60 * MINUTE, START + 60 * MINUTE - 1, START - 2 * MINUTE, START]
    expect(times.map(code)).toEqual(['allowed', 'SP-GRANT-ENDED', 'allowed', 'SP-GRANT-ENDED', 'allowed'])
  })

  it('starts nothing under a grant that no longer stands, prepared or not', () => {
    const world = worldOf('postgres')
    const { gate, subject } = world
    const known = gate.prepare(subject, FRESH, 'SELECT 1', START)
    if (known.kind === 'deny') throw known.error
    world.refusal = new SallyportError('SP-REVOKED', 'revoked by bob@example.test')
    const answer = gate.admit(subject, FRESH, 'SELECT 1', START, known.verdict)
    expect(answer).toMatchObject({ kind: 'deny', error: { code: 'SP-REVOKED', detail: 'revoked by bob@example.test' } })
    expect(gate.prepare(subject, FRESH, 'SELECT 2', START).kind).toBe('deny')
  })

  it('tells how to ask for what was refused for want of a grant, once for the same text', () => {
    const notes: RefusedAccess[] = []
    const world = worldOf('postgres', READER, {}, undefined, undefined, { note: (one) => `r${notes.push(one)}` })
    const detail = (text: string) => {
      const answer = world.gate.admit(world.subject, FRESH, text, START)
      return answer.kind === 'deny' ? answer.error.detail : 'allowed'
    }
    const refused = 'DELETE FROM orders WHERE id = 1'
    expect(detail(refused)).toMatch(/; to ask for it: sallyport request --from r1$/)
    expect(detail(refused)).toMatch(/r1$/)
    expect(detail('DELETE FROM orders WHERE id = 2')).toMatch(/r2$/)
    expect(detail('SELECT nothing FROM orders')).not.toContain('--from')
    expect(notes[0]).toMatchObject({
      target: 'shop-db',
      role: 'analyst',
      code: 'SP-VERB',
      needs: [
        { schemas: ['shop'], tables: ['orders'], verbs: ['delete'] },
        { schemas: ['shop'], tables: ['orders'], columns: ['id'], verbs: ['read'] },
      ],
    })
    expect(JSON.stringify(notes)).not.toContain('id = 1')
    const linked = worldOf('postgres', READER, {}, undefined, undefined, { note: () => 'r1', linkTo: (id) => `/${id}` })
    const answer = linked.gate.admit(linked.subject, FRESH, refused, START)
    expect(answer.kind === 'deny' && answer.error.detail).toMatch(/request --from r1 or \/r1$/)
  })

  it('goes on with no session that began under a role without limits, once the role has some', () => {
    const world = worldOf('mysql', roleOf({ unrestricted: true }))
    const subject: Subject = { ...world.subject, unrestricted: true }
    const code = () => {
      const answer = world.gate.admit(subject, FRESH, 'SELECT 1', START)
      return answer.kind === 'deny' ? answer.error.code : 'allowed'
    }
    expect(code()).toBe('allowed')
    world.role = roleOf({ digest: 'narrower' })
    expect(code()).toBe('SP-STALE')
    expect(world.gate.admit(world.subject, FRESH, 'SELECT 1', START).kind).toBe('allow')
  })

  it('refuses and records when it fails itself, and tells nothing of the failure', () => {
    const world = worldOf('postgres')
    const failing = () => {
      throw new Error('a secret of ours')
    }
    const subject = { ...world.subject, engine: { ...world.subject.engine, analyze: failing } }
    const answer = world.gate.admit(subject, FRESH, 'SELECT 1', START)
    expect(answer).toMatchObject({ kind: 'deny', error: { code: 'SP-INTERNAL' } })
    expect(answer.events).toHaveLength(1)
    expect(JSON.stringify(answer.events)).not.toContain('a secret')
  })

  it('refuses a text whose rewriting fails', () => {
    const world = worldOf('postgres')
    const rewrite = () => {
      throw new Error('no')
    }
    const subject = { ...world.subject, engine: { ...world.subject.engine, rewrite } }
    expect(world.gate.admit(subject, FRESH, 'SELECT 1', START)).toMatchObject({ kind: 'deny' })
    expect(world.gate.prepare(subject, FRESH, 'SELECT 1', START)).toMatchObject({ kind: 'deny' })
  })

  it('does not take a verdict that is no longer fresh', () => {
    const world = worldOf('postgres')
    const { gate, subject } = world
    const prepared = gate.prepare(subject, FRESH, ORDERS, START)
    if (prepared.kind === 'deny') throw new Error('refused')
    expect(gate.fresh(prepared.verdict, subject, FRESH)).toBe(true)
    expect(gate.fresh(prepared.verdict, subject, ARCHIVE)).toBe(false)
    const elsewhere = gate.admit(subject, ARCHIVE, ORDERS, START, prepared.verdict)
    expect(elsewhere.kind === 'allow' && elsewhere.permit.text).toContain('"archive"."orders"')
    world.masking = { ...world.masking }
    expect(gate.fresh(prepared.verdict, subject, FRESH)).toBe(false)
  })
})
