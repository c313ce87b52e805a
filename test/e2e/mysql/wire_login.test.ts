import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type mysql from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { mysqlTree, mysqlUnavailable } from '../../servers/mysql_packages.ts'
import { mariadbProgram, mysqlProgram } from './command_line.ts'
import { FAMILIES } from './families.ts'
import { errOf, rawConnect } from './raw.ts'
import { type Person, type Stack, startStack } from './stack.ts'

const LARGE = 'q'.repeat(17 * 1024 * 1024)
const MASKED = 'SELECT id, email FROM clinic.patients ORDER BY id'
/** Collations of character sets in which a byte of a character may be a quote or a backslash. */
const OTHER_CHARSETS = {
  big5: 1,
  sjis: 13,
  gbk: 28,
  ucs2: 35,
  utf16: 54,
  utf32: 60,
  cp932: 95,
  gb18030: 248,
}

/** MySQL 8.4's client has none. */
function hasOpenidPlugin(): boolean {
  const plugin = 'usr/lib/mysql/plugin/authentication_openid_connect_client.so'
  return mysqlUnavailable() === null && existsSync(join(mysqlTree().root, plugin))
}

for (const family of FAMILIES) {
  family.describe(`logins and what they agree on, ${family.name}`, () => {
    let stack: Stack
    let folder: string
    const open: mysql.Connection[] = []

    beforeAll(async () => {
      stack = await startStack(family.start, { settings: ['--max-allowed-packet=64M'] })
      folder = mkdtempSync(join(tmpdir(), 'sallyport-token-'))
    })
    afterAll(async () => {
      rmSync(folder, { recursive: true, force: true })
      await stack?.stop()
    })
    afterEach(() => {
      for (const connection of open.splice(0)) connection.destroy()
    })

    async function as(person: Person, options: mysql.ConnectionOptions = {}): Promise<mysql.Connection> {
      const connection = await stack.connect(person, options)
      open.push(connection)
      return connection
    }

    async function rows(connection: mysql.Connection, sql: string): Promise<unknown[][]> {
      return (await connection.query({ sql, rowsAsArray: true }))[0] as unknown[][]
    }

    async function login(person: Person, password?: string) {
      const { mysqlPort: port, ca: caFile } = stack.proxy
      const shown = password ?? (await stack.token(person))
      return { port, caFile, user: stack.user(person), password: shown, database: 'clinic' }
    }

    const logins = () =>
      (stack.proxy.audit() as readonly { class_uid?: number; unmapped?: { jit?: Record<string, unknown> } }[]).filter(
        ({ class_uid }) => class_uid === 3002,
      )

    describe('compression', () => {
      const client = family.name === 'MySQL' ? mysqlProgram : mariadbProgram
      const options =
        family.name === 'MySQL' ? ['--compression-algorithms=zlib', '--compression-algorithms=zstd'] : ['--compress']

      it.each(options)('by %s carries what a command-line client asks', async (option) => {
        const script = `${MASKED};\nSELECT REPEAT('ab', 100000);\nSELECT * FROM vault.api_keys;\nSELECT 'in step';`
        const { rows: found, stderr } = await client(await login('alice'), script, option).outcome
        expect(found.slice(0, 3)).toEqual([1, 2, 3].map((id) => `${id}\tc***@***.example`))
        expect(found[3]).toHaveLength(200_000)
        expect(found.at(-1)).toBe('in step')
        expect(stderr).toContain('SP-SCOPE')
      })

      it('carries packets of more than 16 MiB both ways', async () => {
        const connection = await as('carol', { compress: true })
        const [found] = await connection.query('SELECT ? AS v', [LARGE])
        expect((found as { v: string }[])[0]?.v).toHaveLength(LARGE.length)
        expect(await rows(connection, 'SELECT 1')).toEqual([[1]])
      })
    })

    describe('COM_CHANGE_USER', () => {
      it.each([false, true])('is a login anew, of which nothing stays (compressed: %s)', async (compress) => {
        const connection = await as('alice', { compress, database: 'clinic' })
        expect((await rows(connection, MASKED))[0]).toEqual([1, 'c***@***.example'])
        const before = logins().length
        await connection.changeUser({ user: stack.user('bob'), password: await stack.token('bob'), database: 'clinic' })
        expect((await rows(connection, MASKED))[0]).toEqual([1, expect.stringContaining('@mail.example')])
        expect(await rows(connection, 'SELECT DATABASE()')).toEqual([['clinic']])
        const after = logins().slice(before)
        expect(JSON.stringify(after)).toContain('the client logs in anew')
        expect(JSON.stringify(after.at(-1))).toContain('bob@example.test')
        const [prepared] = await connection.execute('SELECT ? AS v', [1])
        expect(prepared).toEqual([{ v: 1 }])
      })

      it('with a token of somebody else is refused, and ends the connection', async () => {
        const connection = await as('alice')
        connection.on('error', () => undefined)
        const change = { user: stack.user('carol'), password: await stack.token('bob') }
        await expect(connection.changeUser(change)).rejects.toThrow('SP-AUTH')
        await expect(connection.query('SELECT 1')).rejects.toThrow()
        expect(logins().at(-1)?.unmapped?.jit).toMatchObject({ client: { claimed_user: stack.user('carol') } })
      })

      it('without a token is refused', async () => {
        const connection = await as('alice')
        connection.on('error', () => undefined)
        await expect(connection.changeUser({ user: stack.user('alice'), password: 'none' })).rejects.toThrow('SP-AUTH')
      })
    })

    if (family.name === 'MySQL' && hasOpenidPlugin()) {
      it('a token comes by the OpenID Connect plugin of MySQL 9', async () => {
        const file = join(folder, 'token')
        writeFileSync(file, await stack.token('alice'), { mode: 0o600 })
        const given = `--authentication-openid-connect-client-id-token-file=${file}`
        for (const more of [[], ['--default-auth=authentication_openid_connect_client']]) {
          const { rows: found, stderr } = await mysqlProgram(await login('alice', ''), `${MASKED};`, given, ...more)
            .outcome
          expect([found[0], stderr]).toEqual(['1\tc***@***.example', ''])
        }
        writeFileSync(file, `${await stack.token('alice', { expiresIn: -60 })}`, { mode: 0o600 })
        const { stderr } = await mysqlProgram(await login('alice', ''), `${MASKED};`, given).outcome
        expect(stderr).toContain('SP-AUTH')
      })
    }

    it('what a client says of itself stands in the record of its login, as its claim', async () => {
      await as('alice', { connectAttributes: { program_name: 'a report', team: 'x'.repeat(300) } })
      const jit = logins().at(-1)?.unmapped?.jit
      expect(jit?.client_attributes).toMatchObject({ program_name: 'a report', team: 'x'.repeat(256) })
    })

    it.each(Object.entries(OTHER_CHARSETS))('the character set %s is refused by name', async (_name, collation) => {
      const { outcome } = await rawConnect({ ...(await raw()), collation })
      expect(errOf(outcome).message).toContain('SP-STARTUP')
    })

    it.each([
      ['that the grant does not cover', 'vault', 'SP-SCOPE'],
      ['that does not exist', 'nowhere', 'SP-'],
    ])('a database %s is refused', async (_what, database, code) => {
      expect(errOf((await rawConnect({ ...(await raw()), database })).outcome).message).toContain(code)
    })

    async function raw() {
      return { port: stack.proxy.mysqlPort, user: stack.user('alice'), token: await stack.token('alice') }
    }
  })
}
