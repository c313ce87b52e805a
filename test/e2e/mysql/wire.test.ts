import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CAPABILITY } from '../../../src/wire/mysql/capabilities.ts'
import { COLUMN_TYPE } from '../../../src/wire/mysql/column-types.ts'
import { CURSOR, encodeComStmtExecute } from '../../../src/wire/mysql/com-stmt-execute.ts'
import { encodeCommand } from '../../../src/wire/mysql/command.ts'
import { decodeEof, decodeOk } from '../../../src/wire/mysql/outcome.ts'
import { decodePrepareOk } from '../../../src/wire/mysql/prepare-ok.ts'
import { STATUS } from '../../../src/wire/mysql/server-status.ts'
import { FAMILIES } from './families.ts'
import { CANARIES } from './fixture.ts'
import { errOf, MODERN, type RawClient, type RawLogin, rawConnect, WITHOUT_DEPRECATE_EOF } from './raw.ts'
import { type Person, type Stack, startStack } from './stack.ts'

const ANY_CANARY = Object.values(CANARIES).flat()
const GBK = 28

for (const family of FAMILIES) {
  family.describe(`on the wire, ${family.name}`, () => {
    let stack: Stack
    const open: RawClient[] = []

    beforeAll(async () => {
      stack = await startStack(family.start, { settings: ['--local-infile=1'] })
    })
    afterAll(() => stack?.stop())
    afterEach(() => {
      for (const client of open.splice(0)) client.close()
    })

    async function as(person: Person, more: Partial<RawLogin> = {}): Promise<RawClient> {
      const login = { port: stack.proxy.mysqlPort, user: stack.user(person), token: await stack.token(person) }
      const client = await rawConnect({ ...login, database: 'clinic', ...more })
      open.push(client)
      return client
    }

    function query(client: RawClient, text: string) {
      client.send(
        encodeCommand(
          { kind: 'query', reading: 'utf8', text, bytes: Buffer.from(text), attributes: [] },
          client.capabilities,
        ),
      )
    }

    async function prepare(client: RawClient, text: string): Promise<number> {
      client.send(
        encodeCommand({ kind: 'stmtPrepare', reading: 'utf8', text, bytes: Buffer.from(text) }, client.capabilities),
      )
      const { statementId, columns, parameters } = decodePrepareOk(await client.next())
      const eofs = (client.capabilities & CAPABILITY.deprecateEof) === 0 ? 1 : 0
      for (const count of [parameters, columns]) {
        for (let left = count > 0 ? count + eofs : 0; left > 0; left--) await client.next()
      }
      return statementId
    }

    function execute(client: RawClient, statementId: number, flags = 0, parameters: never[] = []) {
      const run = { statementId, flags, newTypes: true, parameters, attributes: [] }
      client.send(encodeComStmtExecute(run, client.capabilities))
    }

    async function inStep(client: RawClient): Promise<void> {
      query(client, "SELECT 'in', 'step'")
      expect((await client.result()).rows.map(textOf)).toEqual(['\u0002in\u0004step'])
    }

    describe('logins', () => {
      it('greet as a server that real clients know', async () => {
        // The first login has the catalog read, and with it the version.
        await as('alice')
        const { greeting } = await as('alice')
        expect(greeting.version).toMatch(family.name === 'MySQL' ? /^(?:8\.4|9)\./ : /MariaDB/)
        expect(greeting.plugin).toBe('caching_sha2_password')
        for (const flag of ['optionalResultsetMetadata', 'multiFactor', 'ignoreSpace'] as const)
          expect(greeting.capabilities & CAPABILITY[flag]).toBe(0)
        expect(greeting.capabilities & CAPABILITY.ssl).not.toBe(0)
      })

      it.each([
        ['caching_sha2_password', []],
        ['mysql_clear_password', []],
        ['mysql_native_password', ['caching_sha2_password']],
      ])('take a client of %s', async (plugin, switches) => {
        const client = await as('alice', { plugin })
        expect(client.outcome[0]).toBe(0)
        expect(client.switches).toEqual(switches)
        await inStep(client)
      })

      it.each(['caching_sha2_password', 'mysql_clear_password'])('refuse %s in clear', async (plugin) => {
        const { outcome } = await as('alice', { plugin, tls: false })
        expect(errOf(outcome)).toMatchObject({ errno: 3159 })
        const last = stack.proxy.audit().at(-1)
        expect(JSON.stringify(last)).toContain('SP-TLS-REQUIRED')
        expect(JSON.stringify(last)).toContain('alice@example.test')
      })

      it('refuse a character set in which a byte may hide a quote', async () => {
        const { outcome } = await as('alice', { collation: GBK })
        expect(errOf(outcome).message).toContain('SP-STARTUP')
      })

      it.each([
        ['without connection attributes', MODERN & ~CAPABILITY.connectAttrs],
        ['without session tracking', MODERN & ~CAPABILITY.sessionTrack],
        ['with everything that is not offered', (MODERN | CAPABILITY.optionalResultsetMetadata) >>> 0],
      ])('take a client %s', async (_what, capabilities) => {
        await inStep(await as('alice', { capabilities: capabilities >>> 0 }))
      })
    })

    describe.each([
      ['with', MODERN],
      ['without', WITHOUT_DEPRECATE_EOF],
    ])('%s CLIENT_DEPRECATE_EOF', (_with, capabilities) => {
      const deprecated = capabilities === MODERN

      it('a result ends in the right form', async () => {
        const client = await as('alice', { capabilities })
        query(client, 'SELECT id, email FROM patients')
        const { columns, rows, ends } = await client.result()
        expect(columns.map(({ name }) => name)).toEqual(['id', 'email'])
        expect(rows.map(textOf)).toEqual(rows.map(() => expect.stringContaining('c***@***.example')))
        expect(ends).toHaveLength(deprecated ? 1 : 2)
        const last = ends.at(-1) as Uint8Array
        const end = deprecated ? decodeOk(last, capabilities) : decodeEof(last)
        expect(end.status & STATUS.moreResults).toBe(0)
        await inStep(client)
      })

      it('several results follow one another', async () => {
        const client = await as('alice', { capabilities })
        query(client, 'SELECT 1; SELECT 2')
        for (const more of [true, false]) {
          const { rows, ends } = await client.result()
          expect(rows).toHaveLength(1)
          const last = ends.at(-1) as Uint8Array
          const { status } = deprecated ? decodeOk(last, capabilities) : decodeEof(last)
          expect((status & STATUS.moreResults) !== 0).toBe(more)
        }
        await inStep(client)
      })

      it('a computed result counts one warning, which SHOW WARNINGS gives', async () => {
        const client = await as('alice', { capabilities })
        query(client, 'SELECT MAX(email) FROM patients')
        const last = (await client.result()).ends.at(-1) as Uint8Array
        expect((deprecated ? decodeOk(last, capabilities) : decodeEof(last)).warnings).toBe(1)
        query(client, 'SHOW WARNINGS')
        expect((await client.result()).rows.map(textOf).join()).toContain('SP-COMPUTED')
        await inStep(client)
      })

      it('a cursor gives masked rows by COM_STMT_FETCH', async () => {
        const client = await as('alice', { capabilities })
        const statementId = await prepare(client, 'SELECT email, tax_id, id FROM patients ORDER BY id')
        execute(client, statementId, CURSOR.readOnly)
        const opened = await openCursor(client, deprecated)
        expect(opened.status & STATUS.cursorExists).not.toBe(0)
        const seen: string[] = []
        for (const wanted of [2, 2]) {
          client.send(encodeCommand({ kind: 'stmtFetch', statementId, rows: wanted }, capabilities))
          seen.push(...(await fetched(client, deprecated)))
        }
        expect(seen).toHaveLength(3)
        for (const row of seen) {
          expect(row).toContain('[redacted]')
          for (const canary of ANY_CANARY) expect(row).not.toContain(canary)
        }
        await inStep(client)
      })

      it('long data arrives, and COM_STMT_RESET drops it', async () => {
        const client = await as('alice', { capabilities })
        const statementId = await prepare(client, 'SELECT ?')
        const text = {
          type: COLUMN_TYPE.varString,
          flags: 0,
          name: '',
          raw: null,
          value: { kind: 'longData' },
        } as never
        for (const data of ['long ', 'data'])
          client.send(
            encodeCommand(
              { kind: 'stmtSendLongData', statementId, parameter: 0, data: Buffer.from(data) },
              capabilities,
            ),
          )
        execute(client, statementId, 0, [text])
        expect((await client.result()).rows.map(textOf).join()).toContain('long data')
        client.send(
          encodeCommand(
            { kind: 'stmtSendLongData', statementId, parameter: 0, data: Buffer.from('lost') },
            capabilities,
          ),
        )
        client.send(encodeCommand({ kind: 'stmtReset', statementId }, capabilities))
        expect((await client.next())[0]).toBe(0)
        const none = { type: COLUMN_TYPE.varString, flags: 0, name: '', raw: null, value: { kind: 'null' } } as never
        execute(client, statementId, 0, [none])
        expect((await client.result()).rows.map(textOf).join()).not.toContain('lost')
        await inStep(client)
      })
    })

    describe('commands', () => {
      it('COM_STMT_CLOSE forgets the statement, and executing it is an error', async () => {
        const client = await as('alice')
        const statementId = await prepare(client, 'SELECT 1')
        client.send(encodeCommand({ kind: 'stmtClose', statementId }, client.capabilities))
        execute(client, statementId)
        expect(errOf(await client.next()).errno).toBeGreaterThan(0)
        await inStep(client)
      })

      it('COM_STATISTICS answers with a text, COM_PING and COM_SET_OPTION with an OK', async () => {
        const client = await as('alice')
        client.send(encodeCommand({ kind: 'statistics' }, client.capabilities))
        expect(textOf(await client.next())).toContain('Uptime')
        client.send(encodeCommand({ kind: 'ping' }, client.capabilities))
        expect((await client.next())[0]).toBe(0)
        client.send(encodeCommand({ kind: 'setOption', option: 1 }, client.capabilities))
        expect([0x00, 0xfe]).toContain((await client.next())[0])
        await inStep(client)
      })

      it('COM_INIT_DB obeys the scope', async () => {
        const client = await as('alice')
        client.send(encodeCommand({ kind: 'initDb', database: 'vault' }, client.capabilities))
        expect(errOf(await client.next())).toMatchObject({ errno: 1142 })
        client.send(encodeCommand({ kind: 'initDb', database: 'clinic' }, client.capabilities))
        expect((await client.next())[0]).toBe(0)
        query(client, 'SELECT DATABASE()')
        expect((await client.result()).rows.map(textOf)).toEqual(['\u0006clinic'])
      })

      it.each([
        ['COM_CREATE_DB', '05 78'],
        ['COM_DROP_DB', '06 636c696e6963'],
        ['COM_REFRESH', '07 01'],
        ['COM_SHUTDOWN', '08 00'],
        ['COM_PROCESS_INFO', '0a'],
        ['COM_DEBUG', '0d'],
        ['COM_BINLOG_DUMP', '12 0000000000000000'],
        ['COM_TABLE_DUMP', '13 00 00'],
        ['COM_REGISTER_SLAVE', '15 00000000'],
        ['COM_BINLOG_DUMP_GTID', '1e 0000'],
        ['COM_CLONE', '20'],
        ['a command that nobody knows', '77 01 02'],
      ])('%s is refused, the session in step', async (_name, hex) => {
        const client = await as('carol')
        client.send(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
        expect(errOf(await client.next()).message).toContain('SP-UNSUPPORTED')
        await inStep(client)
      })

      it.each(['alice', 'carol'] as const)(
        'LOAD DATA LOCAL is refused to %s, who did not offer files',
        async (person) => {
          const client = await as(person)
          query(client, "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE scratch.notes (v)")
          expect(errOf(await client.next()).errno).toBeGreaterThan(0)
          await inStep(client)
        },
      )

      it('LOAD DATA LOCAL takes a file of who may do anything, and of nobody else', async () => {
        const capabilities = (MODERN | CAPABILITY.localFiles) >>> 0
        const load = "LOAD DATA LOCAL INFILE 'notes.txt' INTO TABLE scratch.notes (v)"
        const [narrow, client] = [await as('alice', { capabilities }), await as('carol', { capabilities })]
        query(narrow, load)
        expect(errOf(await narrow.next()).message).toContain('SP-')
        await inStep(narrow)
        query(client, load)
        expect(textOf(await client.next())).toBe('\u00fbnotes.txt'.replace('\u00fb', '\ufffd'))
        client.send(Buffer.from('one\ntwo\n'), 2)
        client.send(Buffer.from('three\n'), 3)
        client.send(Buffer.alloc(0), 4)
        expect(decodeOk(await client.next(), capabilities).affectedRows).toBe(3n)
        await inStep(client)
      })

      it('a broken packet ends the session and no other', async () => {
        const [broken, other] = [await as('alice'), await as('alice')]
        broken.send(Uint8Array.of(0x17, 1))
        await broken.next().catch(() => undefined)
        await inStep(other)
      })

      it('KILL of the own session ends it', async () => {
        const [victim, killer] = [await as('alice'), await as('alice')]
        query(killer, `KILL ${victim.greeting.connectionId}`)
        expect((await killer.next())[0]).toBe(0)
        await victim.ended()
        await inStep(killer)
      })
    })
  })
}

function textOf(payload: Uint8Array): string {
  return Buffer.from(payload).toString('utf8')
}

/** Column definitions and the packet behind them, which says that a cursor is open. */
async function openCursor(client: RawClient, deprecated: boolean): Promise<{ status: number }> {
  const [count] = await client.next()
  for (let left = count ?? 0; left > 0; left--) await client.next()
  const last = await client.next()
  return deprecated ? decodeOk(last, client.capabilities) : decodeEof(last)
}

async function fetched(client: RawClient, deprecated: boolean): Promise<string[]> {
  const rows: string[] = []
  for (;;) {
    const payload = await client.next()
    if (payload[0] === 0xff) throw new Error(errOf(payload).message)
    if (payload[0] === 0xfe && (deprecated || payload.length < 9)) return rows
    rows.push(textOf(payload))
  }
}
