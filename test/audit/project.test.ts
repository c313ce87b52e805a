import { describe, expect, it } from 'vitest'
import { recordsOf, toOcsf } from '../../src/audit/project.ts'
import { redactSecrets } from '../../src/audit/redact.ts'
import { decision, everyEvent, PRODUCT } from './events.ts'

const BASE = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid']
/** Required by the class's schema at v1.8.0, and one of its at_least_one. */
const REQUIRED: Readonly<Record<number, readonly string[]>> = {
  2004: ['finding_info', 'evidences'],
  3002: ['user', 'dst_endpoint'],
  3004: ['entity'],
  6002: ['app'],
  6005: ['actor', 'src_endpoint', 'database'],
}

// biome-ignore lint/suspicious/noExplicitAny: an object read from JSON, whose fields the tests assert
function objectsOf(event: Parameters<typeof recordsOf>[0]): Record<string, any>[] {
  return recordsOf(event, PRODUCT).map(toOcsf)
}

describe('every event', () => {
  it.each(everyEvent().map((event) => [event.kind, event] as const))(
    '%s has what its class demands',
    (_kind, event) => {
      for (const record of objectsOf(event)) {
        for (const field of [...BASE, ...(REQUIRED[record.class_uid] ?? ['(no such class)'])]) {
          expect(record, field).toHaveProperty(field)
        }
        expect(record.type_uid).toBe(record.class_uid * 100 + record.activity_id)
        expect(record.category_uid).toBe(Math.floor(record.class_uid / 1000))
        expect(record.metadata).toMatchObject({ version: '1.8.0', product: { name: 'Sallyport', version: '0.1.0' } })
        expect(record.metadata.uid).toBe(event.id)
      }
    },
  )
})

describe('what a client says of itself', () => {
  const attributes = { _os: 'Linux', 'a "b': 'c\n' }

  it.each(everyEvent().map((event) => [event.kind, event] as const))('stands in a login alone: %s', (kind, event) => {
    if (!('session' in event)) return
    const session = { ...event.session, attributes }
    for (const { unmapped } of objectsOf({ ...event, session } as typeof event)) {
      const told = kind === 'login' || kind === 'login_failed'
      expect(unmapped.jit.client_attributes).toEqual(told ? attributes : undefined)
    }
  })
})

describe('a statement', () => {
  it('that runs again differently is told as it ran, though its lists are the same', () => {
    const first = decision()
    const others = [
      decision({ objects: first.objects, columns: first.columns, code: 'SP-SCOPE', effect: 'deny', rule: 'scope' }),
      decision({ objects: first.objects, columns: [], statementKind: 'update', verbs: ['update'] }),
      decision({ objects: first.objects, statement: { ...first.statement, sha256: 'ab', normalized: 'SELECT 2' } }),
      decision({ objects: first.objects, digests: { ...first.digests, role: 'other' }, reason: 'another' }),
      first,
    ]
    for (const event of others) {
      recordsOf(first, PRODUCT)
      const alone = objectsOf({ ...event, objects: [...event.objects] })
      expect(objectsOf(event)).toEqual(alone)
    }
  })

  it('has a decision and a completion that share its uid', () => {
    const [first, , second] = everyEvent().flatMap(objectsOf)
    expect(first).toMatchObject({
      class_uid: 6005,
      activity_id: 4,
      action_id: 1,
      disposition_id: 1,
      status_id: 1,
      query_info: { uid: 'q-1', query_string: 'SELECT id FROM app.users WHERE id = $1' },
      table: { name: 'app.users' },
      actor: { user: { uid: 'u-alice', email_addr: 'alice@example.test', has_mfa: true }, app_name: 'psql "14"' },
      metadata: { correlation_uid: 's-1', profiles: ['security_control'] },
      unmapped: {
        jit: { grant_id: 'g1', statement: { sha256: 'ab', capture: 'normalized' }, digests: { config: 'c' } },
      },
    })
    expect(second).toMatchObject({
      query_info: { uid: 'q-1', bytes: 120 },
      unmapped: { jit: { rows: { returned: 3, withheld: 0 }, duration_ms: 5.5, outcome: 'ok' } },
    })
    expect(second).not.toHaveProperty('duration')
  })

  it('is Modified where a column is masked, Denied with its code', () => {
    const columns = [{ schema: 'app', table: 'users', column: 'email', seen: 'masked' as const }]
    expect(objectsOf(decision({ columns }))[0]).toMatchObject({ action_id: 4, disposition_id: 11 })
    const denied = objectsOf(decision({ effect: 'deny', code: 'SP-SCOPE' }))[0]
    expect(denied).toMatchObject({ action_id: 2, disposition_id: 2, status_id: 2, status_code: 'SP-SCOPE' })
  })

  it('that is too long comes in pieces, with nothing lost', () => {
    const normalized = `SELECT '${'\u0001é'.repeat(9_000)}'`
    const columns = Array.from({ length: 100 }, (_, i) => ({
      schema: 'app',
      table: 'wide',
      column: `c${i}`,
      seen: 'clear' as const,
    }))
    const records = objectsOf(decision({ statement: { normalized, sha256: 'x', bytes: 1, full: null }, columns }))
    const pieces = records.slice(0, -1).map((record) => record.unmapped.jit.piece)
    const last = records.at(-1) ?? {}
    expect(pieces.map((piece) => piece.text ?? '').join('')).toBe(normalized)
    expect([...last.unmapped.jit.columns, ...pieces.flatMap((piece) => piece.columns ?? [])]).toEqual(columns)
    expect(last.metadata).toMatchObject({ is_truncated: true, untruncated_size: 18 })
    expect(new Set(records.map((record) => record.metadata.uid)).size).toBe(records.length)
    for (const record of recordsOf(
      decision({ statement: { normalized, sha256: 'x', bytes: 1, full: null } }),
      PRODUCT,
    )) {
      expect(Buffer.byteLength(record.body)).toBeLessThan(65_000)
    }
  })
})

describe('passwords', () => {
  it.each([
    "CREATE ROLE x PASSWORD 'hunter2'",
    "ALTER USER x IDENTIFIED BY 'hunter2' REPLACE 'a'",
    'ALTER USER x IDENTIFIED BY "hunter2"',
    'ALTER ROLE x PASSWORD $a$hunter2$a$',
    "/* it's */ ALTER ROLE x PASSWORD 'hunter2'",
    "-- it's\nALTER ROLE x PASSWORD 'hunter2'",
    "ALTER ROLE x PASSWORD E'a\\'hunter2'",
    "ALTER ROLE x PASSWORD 'hunter2",
    "CHANGE MASTER TO MASTER_PASSWORD='hunter2'",
    "CREATE SUBSCRIPTION s CONNECTION 'host=h password=hunter2' PUBLICATION p",
    "ALTER USER `it's` IDENTIFIED BY 'hunter2'",
    "ALTER ROLE x PASSWORD 'a''hunter2'",
  ])('%s', (sql) => {
    expect(redactSecrets(sql)).not.toContain('hunter2')
    const statement = { normalized: 'x', sha256: 'feed', bytes: 1, full: sql }
    const text = JSON.stringify(recordsOf(decision({ statement }), PRODUCT))
    expect(text).not.toContain('hunter2')
    expect(text).not.toContain('feed')
  })

  it('leave other statements as they are', () => {
    expect(redactSecrets("SELECT 'x' FROM t -- it's")).toBe("SELECT 'x' FROM t -- it's")
    expect(redactSecrets('SELECT password_hash FROM users WHERE id = $1')).toContain('password_hash')
  })
})
