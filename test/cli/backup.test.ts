import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { AuditEvent } from '../../src/audit/event.ts'
import { plainPath } from '../../src/auditlog/segments.ts'
import { loadConfig } from '../../src/config/load.ts'
import { openStore } from '../../src/store/open_store.ts'
import type { SqlStore } from '../../src/store/sql_store.ts'
import { openTestLog } from '../auditlog/log.ts'
import { configDir, secrets } from '../config/config_dir.ts'
import { accessEvent, grantRecord } from '../store/records.ts'
import { run, scratch } from './cli_run.ts'

beforeEach(() => {
  const key = Buffer.alloc(32, 1).toString('base64')
  for (const [name, value] of Object.entries({ ADMIN: 'a', APP: 'b', RO: 'c', KEY: key })) vi.stubEnv(name, value)
  return () => vi.unstubAllEnvs()
})

/** A server's files: a store that it holds open, and its log. */
async function server() {
  const dir = configDir()
  const { node } = await loadConfig(dir, secrets)
  const store = await openStore({ kind: 'sqlite', dir: node.dataDir })
  onTestFinished(() => store.close())
  const log = (...events: AuditEvent[]) => logged(node.audit.directory, events)
  return { dir, node, store, log }
}

async function logged(directory: string, events: readonly AuditEvent[]): Promise<void> {
  const log = await openTestLog(directory, { writerId: 'node' })
  await log.append(events)
  await log.close()
}

const START: AuditEvent = { kind: 'process', id: 'a', time: 1, what: 'start' }
const STOP: AuditEvent = { kind: 'process', id: 'b', time: 9, what: 'stop' }
const TOMORROW = Date.now() + 86_400_000

async function withGrants(store: SqlStore): Promise<void> {
  const span = { start: 0, end: TOMORROW }
  await store.write(async (tx) => {
    await tx.grants.insert(grantRecord({ id: 'kept' }, span))
    await tx.grants.insert(grantRecord({ id: 'revoked later' }, span))
    await tx.grants.insert(grantRecord({ id: 'ended', state: 'revoked', endedAt: 5 }, span))
    await tx.grants.insert(grantRecord({ id: 'script' }, { ...span, plan: { digest: 'd', statements: [] } }))
  })
}

/** What stands after a restore into a new data directory beside the old log. */
async function restoredStates(from: string, auditLog: string): Promise<Record<string, string>> {
  const dir = configDir({ 'node.yaml': null })
  const { node } = await loadConfig(dir, secrets)
  cpSync(auditLog, node.audit.directory, { recursive: true })
  const restored = await run('restore', '--config', dir, '--from', from)
  expect([restored.code, restored.err.split('\n')[0]]).toEqual([0, `restoring ${from} ...`])
  expect(await run('restore', '--config', dir, '--from', from)).toMatchObject({
    code: 3,
    err: expect.stringContaining('empty store'),
  })
  const store = await openStore({ kind: 'sqlite', dir: node.dataDir })
  const grants = await store.read((tx) => tx.grants.list({}))
  const outbox = await store.database.reading.selectFrom('outbox').selectAll().execute()
  await store.close()
  expect(outbox.map(({ body }) => JSON.parse(body).activity)).toContain('backup.restored')
  return Object.fromEntries(grants.map(({ id, state }) => [id, state]))
}

describe('backup', () => {
  it('copies a store that a server holds open, and names what is needed beside it', async () => {
    const { dir, store, log } = await server()
    await withGrants(store)
    await log(START)
    const out = join(scratch(), 'store.backup')
    const taken = await run('backup', '--config', dir, '--out', out)
    expect(taken.code).toBe(0)
    expect(taken.out).toContain('4 records, the audit log at line 0 of node\n')
    expect(taken.out).toMatch(/ {2}env:ADMIN\n {2}env:APP\n {2}env:KEY\n {2}env:RO\n/)
    expect(taken.out).toContain('client-authority.pem')
    expect(readFileSync(out, 'utf8')).not.toContain('secret of')
    expect(statSync(out).mode & 0o777).toBe(0o600)
    // The server finds the event of it in its outbox.
    const outbox = await store.database.reading.selectFrom('outbox').selectAll().execute()
    expect(outbox.map(({ body }) => JSON.parse(body).activity)).toEqual(['backup.made'])
    const refused = await run('restore', '--config', dir, '--from', out)
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('held by another process') })
  })

  it('says where there is nothing to copy, and what is no backup', async () => {
    const dir = configDir()
    const out = join(scratch(), 'x')
    expect(await run('backup', '--config', dir, '--out', out)).toMatchObject({ code: 3 })
    expect(existsSync(out)).toBe(false)
    expect(await run('restore', '--config', dir, '--from', out)).toMatchObject({ code: 2 })
  })
})

describe('restore', () => {
  const REVOKED = accessEvent({ id: 'r', activity: 'grant.revoked', grantId: 'revoked later' })
  const LOCKED = accessEvent({ id: 'l', activity: 'lock.set' })
  const nothing = { kept: 'revoked', 'revoked later': 'revoked', ended: 'revoked', script: 'revoked' }
  const proven = { ...nothing, kept: 'active' }

  it.each([
    ['the log goes on to an orderly stop', [REVOKED, STOP], proven],
    ['the server was killed: its outbox may have held more', [REVOKED], nothing],
    ['somebody was locked', [LOCKED, STOP], nothing],
    ['a role was changed', [accessEvent({ id: 'p', activity: 'policy.changed' }), STOP], nothing],
  ] as const)('keeps no grant that is not proven to stand: %s', async (_case, since, states) => {
    const { dir, node, store, log } = await server()
    await withGrants(store)
    await log(START)
    const out = join(scratch(), 'store.backup')
    await run('backup', '--config', dir, '--out', out)
    await log(...since)
    expect(await restoredStates(out, node.audit.directory)).toEqual(states)
  })

  it('keeps none where the log is another one, or has a break', async () => {
    const { dir, node, store, log } = await server()
    await withGrants(store)
    await log(START)
    const out = join(scratch(), 'store.backup')
    await run('backup', '--config', dir, '--out', out)
    await log(STOP)
    const other = join(scratch(), 'other')
    await logged(other, [{ ...START, id: 'another' }, START, STOP])
    expect(await restoredStates(out, other)).toEqual(nothing)
    const broken = join(scratch(), 'broken')
    cpSync(node.audit.directory, broken, { recursive: true })
    const [first, last] = readFileSync(plainPath(broken, 0), 'utf8').split('\n')
    writeFileSync(plainPath(broken, 0), `${first}\n${last}\n${last}\n`)
    expect(await restoredStates(out, broken)).toEqual(nothing)
  })
})
