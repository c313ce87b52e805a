import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { logText } from '../../auditlog/log.ts'
import { type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, SHOWN_IN_PART } from './club.ts'
import { type AuditRecord, auditOf, isRefusal, recordAfter } from './records.ts'

/** The audit file after what people did: who, on what, under which grant and policy, decided how, ended how. */

const MAIN = new URL('../../../src/main.ts', import.meta.url).pathname
const DIGEST = expect.stringMatching(/^[0-9a-f]{64}$/)
const LITERAL = 'LITERAL-THAT-NOBODY-KEEPS'
const PARAMETER = 'PARAMETER-THAT-NOBODY-KEEPS'

let stack: PostgresStack

beforeAll(async () => {
  stack = await startPostgresStack({
    setupSql: CLUB_SQL,
    roles: CLUB_ROLES,
    masking: SHOWN_IN_PART,
    grants: usualGrants,
  })
})
afterAll(() => stack?.stop())

/** The records of one session from `action` on, up to its end. */
async function recordsOf(client: pg.Client, action: () => Promise<unknown>): Promise<readonly AuditRecord[]> {
  const from = auditOf(stack).length
  await action()
  await client.end()
  const { actor } = await recordAfter(stack, from, ({ metadata }) => metadata.event_code === 'session.logout')
  return auditOf(stack).filter((record, at) => at >= from && record.actor?.session.uid === actor?.session.uid)
}

function codes(records: readonly AuditRecord[]): readonly string[] {
  return records.map(({ metadata }) => metadata.event_code)
}

describe('a statement', () => {
  it('has a decision with who, on what, under which grant and policy, and a completion of the same id', async () => {
    const client = await stack.connect('alice')
    const text = `SELECT name, phone FROM club.members WHERE name <> '${LITERAL}'`
    const records = await recordsOf(client, () => client.query(text))
    expect(codes(records)).toEqual(['db.decision', 'db.completion', 'session.logout'])
    const [decision, completion] = records as [AuditRecord, AuditRecord]
    expect(decision).toMatchObject({
      class_uid: 6005,
      action: 'Modified',
      status: 'Success',
      actor: { user: { uid: 'alice', email_addr: 'alice@example.test' } },
      src_endpoint: { ip: '127.0.0.1' },
      dst_endpoint: { svc_name: 'club-pg' },
      database: { name: 'postgres' },
      policy: { uid: 'reader', version: DIGEST },
      query_info: { query_string: 'SELECT name, phone FROM club.members WHERE name <> ?' },
    })
    expect(decision.unmapped.jit).toMatchObject({
      grant_id: 'grant-alice-reader',
      role: 'reader',
      decision: { effect: 'allow', code: null },
      statement: { kind: 'select', sha256: createHash('sha256').update(text).digest('hex') },
      objects: [{ schema: 'club', name: 'members' }],
      columns: expect.arrayContaining([
        expect.objectContaining({ column: 'name', seen: 'clear' }),
        expect.objectContaining({ column: 'phone', seen: 'masked' }),
      ]),
      digests: { config: DIGEST, role: DIGEST, masking: DIGEST, catalog: DIGEST },
    })
    expect(completion.unmapped.jit).toMatchObject({ outcome: 'ok', rows: { returned: 4, withheld: 0 } })
    expect(completion.query_info?.uid).toBe(decision.query_info?.uid)
    expect(completion.unmapped.jit.statement?.id).toBe(decision.unmapped.jit.statement?.id)
  })

  it('is recorded in order, each decision ahead of its completion', async () => {
    const client = await stack.connect('bob')
    const records = await recordsOf(client, async () => {
      await client.query('BEGIN')
      await client.query('INSERT INTO club.drafts VALUES ($1, $2, 1)', [50, PARAMETER])
      await client.query(`UPDATE club.drafts SET label = '${LITERAL}' WHERE id = 50`)
      await client.query('ROLLBACK')
      await client.query('SELECT 1; SELECT 2')
    })
    const kinds = ['begin', 'insert', 'update', 'rollback', 'select', 'select']
    const decisions = records.filter(({ metadata }) => metadata.event_code === 'db.decision')
    const completions = records.filter(({ metadata }) => metadata.event_code === 'db.completion')
    expect(decisions.map(({ unmapped }) => unmapped.jit.statement?.kind)).toEqual(kinds)
    expect(completions.map(({ query_info }) => query_info?.uid)).toEqual(
      decisions.map(({ query_info }) => query_info?.uid),
    )
    for (const decision of decisions) {
      const completion = completions.find(
        ({ query_info }) => query_info?.uid === decision.query_info?.uid,
      ) as AuditRecord
      expect(records.indexOf(completion)).toBeGreaterThan(records.indexOf(decision))
    }
    expect(completions[1]?.unmapped.jit.rows?.returned).toBe(1)
    expect(decisions[1]?.unmapped.jit.columns).toContainEqual(
      expect.objectContaining({ column: 'label', seen: 'written' }),
    )
  })

  it('that is refused has a denial and no completion', async () => {
    const client = await stack.connect('alice')
    const records = await recordsOf(client, () =>
      client.query(`SELECT code FROM club.safes WHERE name = '${LITERAL}'`).catch(() => undefined),
    )
    expect(codes(records)).toEqual(['db.decision', 'session.logout'])
    expect(records[0]).toMatchObject({ action: 'Denied', status: 'Failure', status_code: 'SP-SCOPE' })
    expect(records[0]?.unmapped.jit).toMatchObject({
      decision: { effect: 'deny', rule: 'scope', code: 'SP-SCOPE' },
      objects: [{ schema: 'club', name: 'safes' }],
    })
  })

  it('that fails in the database says so, with its SQLSTATE', async () => {
    const client = await stack.connect('alice')
    const records = await recordsOf(client, () => client.query('SELECT 1 / 0').catch(() => undefined))
    expect(codes(records)).toEqual(['db.decision', 'db.completion', 'session.logout'])
    expect(records[1]).toMatchObject({ status_code: '22012', unmapped: { jit: { outcome: 'error' } } })
  })

  it('that is prepared once has a decision for each execution', async () => {
    const client = await stack.connect('alice')
    const records = await recordsOf(client, async () => {
      for (const id of [1, 2, 3])
        await client.query({ name: 'again', text: 'SELECT name FROM club.boats WHERE id = $1', values: [id] })
    })
    expect(codes(records).filter((code) => code === 'db.decision')).toHaveLength(3)
    expect(new Set(records.flatMap(({ query_info }) => query_info?.uid ?? [])).size).toBe(3)
  })

  it('that computed on a masked column names it', async () => {
    const client = await stack.connect('alice')
    const [decision] = await recordsOf(client, () =>
      client.query(`SELECT count(*) FROM club.members WHERE phone = '${LITERAL}'`),
    )
    expect(decision?.unmapped.jit.columns).toContainEqual(
      expect.objectContaining({ column: 'phone', seen: 'computed_masked' }),
    )
  })

  it('of an unrestricted person that runs unseen code is recorded by its kind', async () => {
    const client = await stack.connect('carol')
    const [decision] = await recordsOf(client, () => client.query(`DO $$BEGIN PERFORM '${LITERAL}'; END$$`))
    expect(decision?.unmapped.jit).toMatchObject({
      statement: { kind: 'do' },
      decision: { effect: 'allow', rule: 'unrestricted' },
    })
  })
})

describe('a login', () => {
  it('names the person, the grant and its end; a logout follows', async () => {
    const from = auditOf(stack).length
    const client = await stack.connect('bob')
    await client.end()
    await recordAfter(stack, from, ({ metadata }) => metadata.event_code === 'session.logout')
    const records = auditOf(stack).slice(from)
    expect(codes(records)).toEqual(['session.login', 'db.connect', 'session.logout'])
    expect(records[0]).toMatchObject({
      class_uid: 3002,
      actor: { user: { uid: 'bob' } },
      unmapped: { jit: { grant_id: 'grant-bob-clerk', grant_end: expect.any(Number) } },
    })
  })
})

describe('the file', () => {
  it('holds no token, password, literal, parameter or masked value', async () => {
    await stack.connect('alice', { password: 'PASSWORD-THAT-NOBODY-KEEPS' }).catch(() => undefined)
    const client = await stack.connect('carol')
    await client.query(`CREATE ROLE made_here PASSWORD 'PASSWORD-THAT-NOBODY-KEEPS'`)
    await client.query('DROP ROLE made_here')
    await client.query(`SELECT '${LITERAL}' AS x`)
    await client.query(`SELEC '${LITERAL}'`).catch(() => undefined)
    const guest = await stack.connect('alice')
    await guest.query(`SELECT FROM nowhere WHERE x = '${LITERAL}'`).catch(() => undefined)
    await guest.query(`SELECT '${LITERAL}`).catch(() => undefined)
    await guest.query(`SELECT '${LITERAL}'::int`).catch(() => undefined)
    await guest.query(`SELECT -- ${LITERAL}\n 1 /* ${LITERAL} */`)
    await guest.query(`SET application_name = '${LITERAL}'`).catch(() => undefined)
    await recordAfter(stack, 0, isRefusal('SP-SYNTAX'))
    const file = logText(stack.proxy.auditLog)
    for (const token of stack.tokens) {
      for (const part of token.split('.')) if (part.length > 60) expect(file.includes(part)).toBe(false)
    }

    expect(file).not.toMatch(/THAT-NOBODY-KEEPS|CANARY/)
    expect(file).not.toContain(stack.postgres.password)
    expect(stack.proxy.log()).not.toMatch(/THAT-NOBODY-KEEPS|CANARY|eyJ/)
  })

  it('is a chain that the program itself verifies, and a changed line breaks it', async () => {
    const verify = (...more: string[]) =>
      promisify(execFile)(process.execPath, [MAIN, 'audit', 'verify', '--log', ...more])
    const { vkeys } = JSON.parse(readFileSync(join(stack.proxy.auditLog, 'log.json'), 'utf8'))
    const { stdout } = await verify(stack.proxy.auditLog, '--vkey', vkeys[0].vkey)
    expect(stdout).toMatch(/: good\n/)
    const forged = join(stack.proxy.folder, 'forged.ndjson')
    writeFileSync(forged, logText(stack.proxy.auditLog).replace('grant-bob-clerk', 'grant-bob-other'))
    const failure = await verify(forged, '--chain-only').catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 1, stdout: expect.stringMatching(/tampered/) })
  })
})
