import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ecsOf } from '../../src/audit/ecs.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { recordsOf, toOcsf } from '../../src/audit/project.ts'
import { accessEventOf, everyAccessEvent } from './access_events.ts'
import { alert, apiCall, completion, decision, everyEvent, PRODUCT, SESSION } from './events.ts'

const { fields: FIELDS, version: VERSION } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'ecs/fields.generated.json'), 'utf8'),
) as { fields: Record<string, string>; version: string }

/** ECS categorization field event.category: the types that are expected of each (schemas/event.yml). */
const EXPECTED_TYPES: Readonly<Record<string, readonly string[]>> = {
  api: ['access', 'admin', 'allowed', 'change', 'creation', 'deletion', 'denied', 'end', 'info', 'start', 'user'],
  authentication: ['start', 'end', 'info'],
  configuration: ['access', 'change', 'creation', 'deletion', 'info'],
  database: ['access', 'change', 'info', 'error'],
  iam: ['admin', 'change', 'creation', 'deletion', 'group', 'info', 'user'],
  intrusion_detection: ['allowed', 'denied', 'info'],
  process: ['access', 'change', 'end', 'info', 'start'],
}

interface Ecs {
  readonly event: { readonly category: readonly string[]; readonly type: readonly string[]; readonly kind: string }
  readonly sallyport: object
}

function ecsOfEvent(event: AuditEvent): Ecs {
  return ecsOf(toOcsf(recordsOf(event, PRODUCT).at(-1)!)) as Ecs
}

/** What is no field of ECS, or not of its type. What is our own, and keywords that anybody may add, is left out. */
function faultsOf(value: object, path = ''): string[] {
  return Object.entries(value).flatMap(([name, item]) => {
    const at = path + name
    if (at === 'sallyport' || at === 'labels') return []
    const type = FIELDS[at]
    if (type === undefined && typeof item === 'object' && item !== null && !Array.isArray(item))
      return faultsOf(item, `${at}.`)
    if (type === undefined) return [`${at}: unknown`]
    const items: unknown[] = Array.isArray(item) ? item : [item]
    if (Array.isArray(item) !== type.endsWith('[]')) return [`${at}: ${type}, but ${JSON.stringify(item)}`]
    return items.every((one) => fits(one, type.replace('[]', '')))
      ? []
      : [`${at}: ${type}, but ${JSON.stringify(item)}`]
  })
}

function fits(value: unknown, type: string): boolean {
  if (type === 'long' || type === 'float') return typeof value === 'number' && Number.isFinite(value)
  if (type === 'boolean') return typeof value === 'boolean'
  if (type === 'date') return typeof value === 'string' && !Number.isNaN(Date.parse(value))
  return typeof value === 'string'
}

const EVERY = [...everyEvent(), ...everyAccessEvent()]

describe('a record as ECS', () => {
  it.each(EVERY.map((event) => [event.kind === 'access' ? event.activity : event.kind, event] as const))(
    'of %s has fields of ECS alone, of their types',
    (_name, event) => {
      for (const record of recordsOf(event, PRODUCT).map(toOcsf)) {
        const made = JSON.parse(JSON.stringify(ecsOf(record))) as Ecs
        expect(faultsOf(made)).toEqual([])
        expect(made).toMatchObject({
          ecs: { version: VERSION },
          '@timestamp': expect.stringMatching(/^1970-01-01T00:00:01\.00[05]Z$/),
        })
        const types = made.event.category.flatMap((name) => EXPECTED_TYPES[name] ?? [])
        expect(made.event.type.filter((type) => type !== 'denied' && !types.includes(type))).toEqual([])
        expect(made.sallyport).toMatchObject((record.unmapped as { jit: object }).jit)
      }
    },
  )

  it('of a decision says who, from where, on what and by which rule', () => {
    expect(ecsOfEvent(decision({ effect: 'deny', code: 'SP-SCOPE' }))).toMatchObject({
      event: {
        category: ['database'],
        type: ['access', 'error', 'denied'],
        action: 'db.decision',
        outcome: 'failure',
        id: 'd-1',
      },
      user: {
        id: 'u-alice',
        name: 'Alice',
        email: 'alice@example.test',
        roles: ['reader'],
        group: { name: 'data-eng' },
      },
      source: { ip: '10.0.0.5', port: 51_111 },
      destination: { address: 'pg.example.test', port: 5432, user: { name: 'ro' } },
      service: { target: { name: 'orders' } },
      rule: { name: 'scope', ruleset: 'reader', version: 'r' },
      tls: { version: '1.3', version_protocol: 'tls', established: true },
      error: { code: 'SP-SCOPE' },
      related: { user: ['u-alice', 'Alice', 'alice@example.test', 'ro'], ip: ['10.0.0.5'], hosts: ['pg.example.test'] },
      labels: { session_id: 's-1', grant_id: 'g1', statement_id: 'q-1' },
      sallyport: { query: { query_string: 'SELECT id FROM app.users WHERE id = $1' } },
    })
  })

  it.each<readonly [string, AuditEvent, object]>([
    ['a completion', completion(), { event: { duration: 5_500_000, outcome: 'success', type: ['access'] } }],
    ['a write', decision({ activity: 'write', statementKind: 'insert' }), { event: { type: ['change'] } }],
    [
      'a login',
      { kind: 'login', id: 'e', time: 1, session: SESSION, grantEnd: 2 },
      { event: { category: ['authentication'], type: ['start'] } },
    ],
    [
      'a call',
      apiCall(),
      { event: { category: ['api'], type: ['admin', 'change'] }, url: { path: '/v1/grants/g1/revoke' } },
    ],
    ['an alert', alert(), { event: { kind: 'alert', outcome: 'unknown', severity: 5 }, source: { ip: '10.0.0.5' } }],
    ['a policy', accessEventOf('policy.changed'), { event: { category: ['configuration'], type: ['change'] } }],
    ['a lock', accessEventOf('lock.set'), { user: { name: 'Bob', target: { name: 'Alice' } } }],
    ['break-glass', accessEventOf('break_glass.started'), { event: { kind: 'alert' }, tags: ['break_glass'] }],
  ])('of %s', (_what, event, wanted) => {
    expect(ecsOfEvent(event)).toMatchObject(wanted)
  })

  it('of a part of a record carries the part, and of nothing is still an event', () => {
    expect(ecsOf({ class_uid: 0, raw_data: 'x', time: 0 })).toMatchObject({ event: { original: 'x', type: ['info'] } })
    expect(faultsOf(ecsOf({}))).toEqual([])
  })

  it('is checked by what finds faults', () => {
    expect(faultsOf({ event: { colour: 1 } })).toEqual(['event.colour: unknown'])
    expect(faultsOf({ source: { port: '1' } })).toHaveLength(1)
    expect(faultsOf({ event: { category: 'database' } })).toHaveLength(1)
  })
})
