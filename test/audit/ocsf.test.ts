import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ACCESS_ACTIVITIES, type AccessEvent } from '../../src/audit/access_event.ts'
import type { AuditEvent, SessionFacts } from '../../src/audit/event.ts'
import { recordsOf, toOcsf } from '../../src/audit/project.ts'
import { everyAccessEvent } from './access_events.ts'
import { alert, apiCall, decision, everyEvent, PRODUCT, SESSION } from './events.ts'
import { faultsOf, SCHEMA } from './ocsf/validate.ts'

type Json = Record<string, unknown>

function objectsOf(event: AuditEvent): Json[] {
  return recordsOf(event, PRODUCT).map(toOcsf)
}

const EVERY = [...everyEvent(), ...everyAccessEvent()]
const nameOf = (event: AuditEvent) => (event.kind === 'access' ? event.activity : event.kind)

describe('by the published schema', () => {
  it.each(EVERY.map((event) => [nameOf(event), event] as const))('%s is valid', (_name, event) => {
    for (const record of objectsOf(event)) {
      expect(faultsOf(record)).toEqual([])
      const product = { name: 'Sallyport', vendor_name: 'Sallyport', version: '0.1.0', uid: 'node-1' }
      expect(record.metadata).toMatchObject({ uid: event.id, product })
    }
    for (const { body, metadata } of recordsOf(event, PRODUCT)) {
      expect(namesTwice(`${body}}},"metadata":{${metadata}}}`)).toEqual([])
    }
  })

  it('each class that is vendored is made', () => {
    const made = new Set(EVERY.flatMap(objectsOf).map(({ class_uid: uid }) => uid))
    expect([...made].sort()).toEqual(
      Object.values(SCHEMA.classes)
        .map(({ uid }) => uid)
        .sort(),
    )
  })
})

describe('the validator', () => {
  const RECORDS = EVERY.flatMap(objectsOf)

  it.each<readonly [string, (record: Json) => Json]>([
    ['an unknown attribute', (record) => ({ ...record, colour: 'red' })],
    ['an unknown attribute of metadata', (record) => ({ ...record, metadata: { ...(record.metadata as Json), x: 1 } })],
    ['a missing time', ({ time: _, ...record }) => record],
    ['a missing product', (record) => ({ ...record, metadata: { version: '1.8.0' } })],
    ['another version', (record) => ({ ...record, metadata: { ...(record.metadata as Json), version: '1.7.0' } })],
    ['a time as text', (record) => ({ ...record, time: '2030-01-01T00:00:00Z' })],
    ['a time with a fraction', (record) => ({ ...record, time: 1.5 })],
    ['a type of another activity', (record) => ({ ...record, type_uid: Number(record.type_uid) + 1 })],
    [
      'an activity that is none',
      (record) => ({ ...record, activity_id: 77, type_uid: Number(record.class_uid) * 100 + 77 }),
    ],
    ['an activity called otherwise', (record) => ({ ...record, activity_name: '' })],
    ['a severity that is none', (record) => ({ ...record, severity_id: 9 })],
    ['a severity called otherwise', (record) => ({ ...record, severity: 'Urgent' })],
    ['another category', (record) => ({ ...record, category_uid: 1 })],
    ['a class that is none', (record) => ({ ...record, class_uid: 9999 })],
    ['null', (record) => ({ ...record, message: null })],
    ['a text instead of a number', (record) => ({ ...record, status_id: '1' })],
    ['an array instead of an object', (record) => ({ ...record, metadata: [record.metadata] })],
    ['an object instead of an array', (record) => ({ ...record, enrichments: {} })],
    ['an attribute of a profile that is not listed', (record) => ({ ...withoutProfiles(record), disposition_id: 1 })],
    ['what is deprecated', (record) => ({ ...record, actor: { invoked_by: 'x' } })],
    ['an actor without anything', (record) => ({ ...record, actor: {} })],
    ['an address that is none', (record) => ({ ...record, src_endpoint: { ip: 'localhost' } })],
    ['a port that is none', (record) => ({ ...record, src_endpoint: { ip: '10.0.0.1', port: 65_536 } })],
    ['an object that is not vendored', (record) => ({ ...record, actor: { process: { name: 'x' } } })],
  ])('finds %s in every record', (_what, change) => {
    for (const record of RECORDS) expect(faultsOf(change(record)), JSON.stringify(record)).not.toEqual([])
  })

  it('finds each required attribute that is left out', () => {
    for (const record of RECORDS) {
      const of = Object.values(SCHEMA.classes).find(({ uid }) => uid === record.class_uid)
      for (const [name, { required }] of Object.entries(of?.attributes ?? {})) {
        if (required)
          expect(faultsOf(Object.fromEntries(Object.entries(record).filter(([key]) => key !== name)))).not.toEqual([])
      }
    }
  })

  it('finds a statement of neither a database nor a table', () => {
    const [record = {}] = objectsOf(decision())
    const { database: _database, table: _table, ...rest } = record
    expect(faultsOf(rest)).toEqual([': none of database, databucket, table'])
  })
})

/** Names that stand twice in one object: of two, readers take either. JSON.parse takes the last without a word. */
function namesTwice(json: string): string[] {
  const open: Set<string>[] = []
  const twice: string[] = []
  for (const [token, key] of json.matchAll(/"((?:[^"\\]|\\.)*)"(?:\s*:)?|[{}]/g)) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (token.endsWith(':') && key !== undefined) {
      const names = open.at(-1)
      if (names?.has(key)) twice.push(key)
      names?.add(key)
    }
  }
  return twice
}

function withoutProfiles(record: Json): Json {
  const { profiles: _, ...metadata } = record.metadata as Json
  return { ...record, metadata }
}

const text = fc.string({ unit: 'binary', maxLength: 60 })
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null })
const address = fc.oneof(fc.ipV4(), fc.ipV6())
const time = fc.integer({ min: 0, max: 4_102_444_800_000 })
const person = fc.record({
  issuer: text,
  subject: text,
  email: maybe(fc.constant('x@example.test')),
  name: maybe(text),
})

const session: fc.Arbitrary<SessionFacts> = fc
  .record({
    application: maybe(text),
    claimedUser: text,
    clientAddress: address,
    clientPort: fc.integer({ min: 0, max: 65_535 }),
    tlsVersion: maybe(text),
    target: maybe(text),
    targetHost: maybe(text),
    targetPort: maybe(fc.integer({ min: 0, max: 65_535 })),
    database: maybe(text),
    databaseUser: maybe(text),
    grantId: maybe(text),
    role: maybe(text),
    reason: maybe(text),
    ticket: maybe(text),
    grantKind: maybe(fc.constantFrom('file', 'standard', 'migration', 'break_glass')),
    requestId: maybe(text),
    incident: maybe(fc.record({ provider: text, id: text })),
    parameters: maybe(fc.array(fc.tuple(text, fc.oneof(text, fc.integer(), fc.boolean()))).map((all) => new Map(all))),
    person: maybe(person),
  })
  .map(({ person: who, ...facts }) => {
    const identity = who === null || SESSION.identity === null ? null : { ...SESSION.identity, ...who }
    return { ...SESSION, ...facts, identity } as SessionFacts
  })

const KINDS = ['select', 'insert', 'copy', 'ddl', 'opaque', 'set', 'two_phase', 'show']
const column = fc.record({
  schema: text,
  table: text,
  column: text,
  seen: fc.constantFrom('clear', 'masked', 'computed_masked', 'written'),
})
const statement: fc.Arbitrary<AuditEvent> = fc
  .record({
    session,
    time,
    effect: fc.constantFrom('allow', 'deny'),
    code: maybe(fc.constantFrom('SP-SCOPE', 'SP-MASKED')),
    rule: text,
    reason: text,
    statementKind: fc.constantFrom(...KINDS),
    activity: fc.constantFrom('read', 'query', 'update', 'write', 'create', 'delete', 'list', 'other'),
    columns: fc.array(column, { maxLength: 40 }),
    objects: fc.array(fc.record({ schema: text, name: text, access: fc.constantFrom('read', 'target') }), {
      maxLength: 40,
    }),
    normalized: fc.string({ unit: 'binary', maxLength: 4_000 }),
  })
  .map(({ normalized, ...more }) => {
    return decision({ ...more, statement: { normalized, sha256: 'ab', bytes: 1, full: null } } as Partial<
      AuditEvent & { kind: 'decision' }
    >)
  })
const access: fc.Arbitrary<AuditEvent> = fc.record({
  kind: fc.constant('access' as const),
  id: text,
  time,
  activity: fc.constantFrom(...ACCESS_ACTIVITIES),
  severity: fc.constantFrom('info', 'low', 'medium', 'high'),
  actor: maybe(person),
  person: maybe(person),
  entity: fc.record({ type: fc.string({ minLength: 1, maxLength: 9 }), id: text }),
  target: maybe(text),
  role: maybe(text),
  grantId: maybe(text),
  requestId: maybe(text),
  reason: maybe(text),
  ticket: maybe(text),
  incident: maybe(text),
  clientAddress: maybe(address),
  detail: fc.dictionary(text, fc.jsonValue(), { maxKeys: 3 }),
}) satisfies fc.Arbitrary<AccessEvent>
const others: fc.Arbitrary<AuditEvent> = fc.record({ session, time, person, text }).chain(({ time: at, ...drawn }) => {
  const base = { id: drawn.text, time: at, session: drawn.session }
  return fc.constantFrom<AuditEvent>(
    { ...base, kind: 'login', grantEnd: at },
    { ...base, kind: 'login_failed', code: 'SP-AUTH', detail: drawn.text },
    { ...base, kind: 'logout', cause: drawn.text },
    { ...base, kind: 'connect' },
    { ...base, kind: 'cancel', by: drawn.text },
    apiCall({
      by: drawn.person,
      path: drawn.text,
      operation: drawn.text,
      resources: { id: drawn.text },
      userAgent: drawn.text,
    }),
    alert({ summary: drawn.text, key: drawn.text }),
  )
})

it('any event makes valid records, whatever its texts are', () => {
  fc.assert(
    fc.property(fc.oneof(statement, access, others), (event) => {
      for (const record of objectsOf(event)) expect(faultsOf(record)).toEqual([])
    }),
    { numRuns: 400 },
  )
})
