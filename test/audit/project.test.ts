import { describe, expect, it } from 'vitest'
import { accessEvent } from '../../src/audit/access_event.ts'
import { recordsOf, toOcsf } from '../../src/audit/project.ts'
import { redactSecrets } from '../../src/audit/redact.ts'
import { completion, decision, everyEvent, PRODUCT, SESSION } from './events.ts'
import { faultsOf } from './ocsf/validate.ts'

// biome-ignore lint/suspicious/noExplicitAny: an object read from JSON, whose fields the tests assert
function objectsOf(event: Parameters<typeof recordsOf>[0]): Record<string, any>[] {
  return recordsOf(event, PRODUCT).map(toOcsf)
}

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
    const [first, second] = [decision(), completion()].flatMap(objectsOf)
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

  it('has lists that are too long in pieces before it', () => {
    const columns = Array.from({ length: 100 }, (_, i) => ({
      schema: 'app',
      table: 'wide',
      column: `c${i}`,
      seen: 'clear' as const,
    }))
    const records = objectsOf(decision({ columns }))
    const pieces = records.slice(0, -1).map((record) => record.unmapped.jit.piece)
    const last = records.at(-1) ?? {}
    expect([...last.unmapped.jit.columns, ...pieces.flatMap((piece) => piece.columns ?? [])]).toEqual(columns)
    expect(last.unmapped.jit.statement.pieces).toBe(pieces.length)
    expect(last.metadata).toMatchObject({ is_truncated: true })
    expect(new Set(records.map((record) => record.metadata.uid)).size).toBe(records.length)
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
    "SET PASSWORD FOR x = 'hunter2'",
    "CREATE USER x IDENTIFIED VIA ed25519 USING 'hunter2'",
    "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER 'u', PASSWORD 'hunter2')",
    "CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'u', password 'hunter2')",
    "CREATE SUBSCRIPTION s CONNECTION 'postgresql://u:hunter2@h/db' PUBLICATION p",
    "ALTER /* x */ SUBSCRIPTION s CONNECTION 'service=hunter2'",
    "ALTER SYSTEM SET primary_conninfo = 'postgresql://u:hunter2@h/db'",
    "SELECT * FROM dblink('service=hunter2', 'SELECT 1')",
    "CREATE TABLE t (a int) ENGINE=FEDERATED CONNECTION='mysql://u:hunter2@h/db/t'",
    "SELECT pgp_sym_encrypt(note, 'hunter2') FROM t",
    "SELECT AES_DECRYPT (note, 'hunter2') FROM t",
    "START REPLICA USER = 'u' PASSWORD = 'hunter2'",
  ])('%s', (sql) => {
    expect(redactSecrets(sql)).not.toContain('hunter2')
    const statement = { normalized: 'x', sha256: 'feed', bytes: 1, full: sql }
    const text = JSON.stringify(recordsOf(decision({ statement }), PRODUCT))
    expect(text).not.toContain('hunter2')
    expect(text).not.toContain('feed')
  })

  it('are left out where their hash is a number', () => {
    expect(redactSecrets('ALTER USER x IDENTIFIED WITH p AS 0x2A3B')).toBe("ALTER USER x IDENTIFIED WITH p AS '***'")
    expect(redactSecrets('ALTER USER x IDENTIFIED WITH p AS 0x2A3B -- y')).not.toContain('2A3B')
  })

  it('are looked for in time that grows with the text alone', () => {
    for (const text of ['crypt', 'create ', '://a:', ':', 'x', '://', 'alter subscription'.slice(0, -1)]) {
      const long = text.repeat(Math.ceil(1_000_000 / text.length))
      const started = performance.now()
      expect(redactSecrets(`://${long}`)).toContain(text)
      expect(performance.now() - started).toBeLessThan(2_000)
    }
  })

  it('leave other statements as they are', () => {
    for (const sql of ["SELECT plan FROM subscriptions WHERE id = 'x'", "SELECT 'x' FROM cryptocurrencies"]) {
      expect(redactSecrets(sql)).toBe(sql)
    }
    expect(redactSecrets("SELECT 'x' FROM t -- it's")).toBe("SELECT 'x' FROM t -- it's")
    expect(redactSecrets('SELECT password_hash FROM users WHERE id = $1')).toContain('password_hash')
  })
})

it('a logout by the provider names whom it logs out', () => {
  const detail = { issuer: 'https://idp.example.test', subject: 'u-alice', ended: 1 }
  const stamp = { id: 'e-1', time: 1_000 }
  const event = accessEvent('api.logout', { type: 'api', id: 'api.logout' }, stamp, { detail })
  expect(objectsOf(event)[0]).toMatchObject({
    class_uid: 3002,
    user: { uid: 'u-alice' },
    actor: { app_name: 'Sallyport' },
  })
})

describe('an act of the lifecycle whose detail is too long', () => {
  const rules = Array.from({ length: 400 }, (_, i) => ({ tables: [`t${i}\u0001"é💥`.repeat(40)] }))
  const stamp = { id: 'e-1', time: 1_000 }
  const of = (detail: Record<string, unknown>) =>
    accessEvent('request.created', { type: 'request', id: 'r1' }, stamp, { detail, reason: '\u0001'.repeat(2_000) })

  it('comes in parts, with nothing lost, and each of them fits', () => {
    const event = of({ narrowing: rules })
    const records = recordsOf(event, PRODUCT)
    for (const { body, metadata } of records) expect(Buffer.byteLength(body + metadata)).toBeLessThan(65_000)
    const objects = objectsOf(event)
    expect(objects.flatMap(faultsOf)).toEqual([])
    const last = objects.pop()
    expect(JSON.parse(objects.map(({ unmapped }) => unmapped.jit.detail_part.text).join(''))).toEqual(event.detail)
    expect(last?.unmapped.jit.detail).toMatchObject({
      parts: objects.length,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(new Set([...objects, last].map((record) => record?.metadata.uid)).size).toBe(objects.length + 1)
  })

  it('else stands in its record', () => {
    expect(objectsOf(of({ a: 1 })).map(({ unmapped }) => unmapped.jit.detail)).toEqual([{ a: 1 }])
  })
})

describe('what a client claims', () => {
  const long = '\u0001'.repeat(9_000)
  const attributes = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`a${i}`, long.slice(0, 256)]))
  const claims = { attributes, claimedUser: long, application: long, database: long, reason: long, ticket: long }
  const groups = Array.from({ length: 5_000 }, (_, i) => `group-${i}-${'x'.repeat(i % 900)}`)

  it.each(everyEvent().map((event) => [event.kind, event] as const))(
    'never makes a record too large: %s',
    (_, event) => {
      if (!('session' in event)) return
      const { identity } = event.session
      const session = { ...event.session, ...claims, identity: identity && { ...identity, name: long, groups } }
      const told = event.kind === 'login_failed' ? { ...event, session, detail: long } : { ...event, session }
      for (const { body, metadata } of recordsOf(told as typeof event, PRODUCT)) {
        expect(Buffer.byteLength(body + metadata)).toBeLessThan(60_000)
      }
    },
  )

  it('is told by its begin, length and hash where it is too long, and else as it is', () => {
    const claimed = (claimedUser: string) =>
      objectsOf({
        kind: 'logout',
        id: 'e',
        time: 1,
        session: { ...SESSION, identity: null, claimedUser },
        cause: 'x',
      })[0]?.user.name
    expect(claimed('mallory')).toBe('mallory')
    expect(claimed('m'.repeat(300))).toMatch(/^m{256}\.\.\. \(300 characters, SHA-256 [0-9a-f]{64}\)$/)
  })
})

it('names in each record the process that it is of', () => {
  const event = decision()
  for (const uid of ['node-1', 'node-2', 'node-1']) {
    for (const one of [event, completion()]) {
      const [record] = recordsOf(one, { ...PRODUCT, uid }).map(toOcsf)
      expect(record?.metadata).toMatchObject({ product: { uid } })
    }
  }
})
