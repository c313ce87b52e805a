import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { logText } from '../../auditlog/log.ts'
import { FAMILIES } from './families.ts'
import { CANARIES, ROLES } from './fixture.ts'
import { grantsOf, type Stack, startStack, TARGET } from './stack.ts'

const POLL_MS = 20
const SHORT_GRANT_MS = 4_000

const DIGEST = /^[0-9a-f]{64}$/

interface Line {
  readonly metadata: { readonly event_code: string; readonly sequence: number }
  readonly actor: { readonly user: { readonly email_addr: string } }
  readonly dst_endpoint: { readonly svc_name: string }
  readonly database?: { readonly name: string }
  readonly policy?: { readonly version: string }
  readonly unmapped: {
    readonly jit: {
      readonly record: string
      readonly outcome?: string
      readonly decision?: { readonly effect: string; readonly code: string | null }
      readonly statement: { readonly id: string }
      readonly objects?: unknown
      readonly columns?: unknown
      readonly digests?: Readonly<Record<string, string>>
    }
  }
}

/** Why a connection that is no longer wanted ends, in the server's own numbers. */
async function ending(connection: mysql.Connection): Promise<{ errno?: number; message: string; fatal?: boolean }> {
  for (;;) {
    try {
      await connection.query('SELECT 1')
      await wait(POLL_MS)
    } catch (error) {
      return error as { errno?: number; message: string }
    }
  }
}

for (const family of FAMILIES) {
  family.describe(`sessions of ${family.name}`, () => {
    let stack: Stack
    const limited = ROLES.map((role) => (role.name === 'writer' ? { ...role, limits: { maxSessions: 2 } } : role))

    beforeAll(async () => {
      stack = await startStack(family.start, {
        target: { capture: 'normalized' },
        proxy: { roles: limited, node: { limits: { drainTimeout: '3s' } } },
      })
    })
    afterAll(() => stack?.stop())

    const audit = () => stack.proxy.audit() as unknown as readonly Line[]

    it('are counted: one more than the grant allows is refused with 1040', async () => {
      const open = [await stack.connect('bob'), await stack.connect('bob')]
      await expect(stack.connect('bob')).rejects.toMatchObject({ errno: 1040 })
      await open.pop()?.end()
      for (;;) {
        const again = await stack.connect('bob').catch(() => null)
        if (!again) continue
        open.push(again)
        break
      }
      for (const connection of open) await connection.end()
    })

    it('leave a record of each statement, in order, with who, what, grant, digests, decision and outcome', async () => {
      const connection = await stack.connect('alice')
      const before = audit().length
      await connection.query('SELECT id FROM visits WHERE reason = ?', ['literal-of-alice'])
      await connection.query('SELECT * FROM vault.api_keys').catch(() => undefined)
      await connection.query('SELECT MAX(email) FROM patients')
      await connection.execute('SELECT full_name FROM patients WHERE id = ?', [2])
      await connection.query('SELECT 1/0 FROM nowhere').catch(() => undefined)
      await connection.end()
      const lines = await untilRecorded(before, (line) => line.metadata.event_code === 'session.logout')
      const statements = lines.filter(({ metadata }) => metadata.event_code.startsWith('db.'))
      for (const { actor, database, dst_endpoint, policy, unmapped } of statements) {
        expect(actor.user.email_addr).toBe('alice@example.test')
        expect(database?.name).toBe('clinic')
        // The rest of a completion stands in the decision of the same uid.
        if (unmapped.jit.record === 'completion') continue
        expect(dst_endpoint?.svc_name).toBe(TARGET)
        expect(unmapped.jit).toMatchObject({ grant_id: 'grant-alice', role: 'reader', protocol: 'mysql' })
        expect(policy?.version).toMatch(DIGEST)
        for (const name of ['config', 'role', 'masking', 'catalog'])
          expect(unmapped.jit.digests?.[name]).toMatch(DIGEST)
      }
      const told = statements.map(({ unmapped: { jit } }) => jit.outcome ?? jit.decision?.code ?? jit.decision?.effect)
      expect(told).toEqual(['allow', 'ok', 'SP-SCOPE', 'allow', 'ok', 'allow', 'ok', 'SP-NAME'])
      const [first, done, , computed] = statements
      expect(done?.unmapped.jit.statement.id).toBe(first?.unmapped.jit.statement.id)
      expect(first?.unmapped.jit.objects).toEqual([{ schema: 'clinic', name: 'visits', access: 'read' }])
      expect(computed?.unmapped.jit.columns).toEqual([
        { schema: 'clinic', table: 'patients', column: 'email', seen: 'computed_masked', mask: 'email' },
      ])
      expect(statements.map(({ metadata }) => metadata.sequence)).toEqual(
        statements.map((_, at) => (statements[0]?.metadata.sequence ?? 0) + at),
      )
      expect(JSON.stringify(lines)).not.toContain('literal-of-alice')
    })

    it('are listed without a secret', async () => {
      const token = await stack.token('alice')
      const connection = await stack.connect('alice', { password: token })
      await connection.query('SELECT email FROM patients')
      await connection.end()
      const text = logText(stack.proxy.auditLog) + stack.proxy.log()
      for (const part of token.split('.')) expect(text).not.toContain(part)
      expect(text).not.toContain(stack.server.password)
      for (const canary of Object.values(CANARIES).flat()) expect(text).not.toContain(canary)
    })

    it('end when their grant is taken away by a reload, also in the middle of a statement', async () => {
      const [idle, busy] = [await stack.connect('bob'), await stack.connect('carol')]
      const answer = busy.query("SELECT SLEEP(60), 'until-reload'").then(
        () => null,
        (error: { errno: number }) => error,
      )
      await untilRunning('until-reload')
      const grants = grantsOf().filter(({ id }) => id === 'grant-alice')
      expect(await stack.proxy.reload({ grants })).toBe('ok')
      expect(await answer).toMatchObject({ errno: 1053 })
      expect((await ending(idle)).message).toBeTruthy()
      await expect(stack.connect('bob')).rejects.toMatchObject({ errno: 1045 })
      await untilGone('until-reload')
      for (const connection of [idle, busy]) connection.destroy()
    })

    it('refuse a grant that comes back under its old id', async () => {
      expect(await stack.proxy.reload({ grants: grantsOf() })).toBe('failed')
    })

    it('end with 1053 when their grant ends', async () => {
      const end = Date.now() + SHORT_GRANT_MS
      const short = { id: 'grant-bob-short', end: new Date(end).toISOString() }
      const carol = { id: 'grant-carol-2' }
      expect(await stack.proxy.reload({ grants: grantsOf({ bob: short, carol }) })).toBe('ok')
      const [idle, busy] = [await stack.connect('bob'), await stack.connect('bob')]
      const numbers =
        '(SELECT 1 a UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6)'
      const joins = Array.from({ length: 13 }, (_, at) => `${numbers} t${at}`).join(', ')
      const answer = busy.query(`SELECT COUNT(*), 'until-end' FROM ${joins}`).then(
        () => null,
        (error: { errno: number }) => error,
      )
      expect(await answer).toMatchObject({ errno: 1053 })
      expect(Date.now()).toBeGreaterThanOrEqual(end)
      expect((await ending(idle)).message).toBeTruthy()
      await expect(stack.connect('bob')).rejects.toMatchObject({ errno: 1045 })
      await untilGone('until-end')
      for (const connection of [idle, busy]) connection.destroy()
    })

    it('finish their transaction when the proxy drains, and end with 1053', async () => {
      const [idle, inTransaction] = [await stack.connect('alice'), await stack.connect('carol')]
      await inTransaction.beginTransaction()
      await inTransaction.query("INSERT INTO scratch.notes (v) VALUES ('drained')")
      const ended = once(stack.proxy.child, 'exit')
      stack.proxy.child.kill('SIGTERM')
      expect((await ending(idle)).message).toBeTruthy()
      await inTransaction.commit()
      expect((await ending(inTransaction)).message).toBeTruthy()
      const [code] = await ended
      expect(code).toBe(0)
      const direct = await stack.direct()
      const [rows] = await direct.query("SELECT v FROM scratch.notes WHERE v = 'drained'")
      expect(rows).toHaveLength(1)
      await direct.end()
      for (const connection of [idle, inTransaction]) connection.destroy()
    })

    async function untilRecorded(from: number, last: (line: Line) => boolean): Promise<readonly Line[]> {
      for (;;) {
        const lines = audit().slice(from)
        if (lines.some(last)) return lines
        await wait(POLL_MS)
      }
    }

    async function untilRunning(mark: string): Promise<void> {
      while (!(await running(mark))) await wait(POLL_MS)
    }

    async function untilGone(mark: string): Promise<void> {
      while (await running(mark)) await wait(POLL_MS)
    }

    async function running(mark: string): Promise<boolean> {
      const watcher = await stack.direct()
      const [rows] = await watcher.query('SHOW FULL PROCESSLIST')
      await watcher.end()
      return (rows as { Info: string | null }[]).some(({ Info }) => Info?.includes(mark) === true)
    }
  })
}
