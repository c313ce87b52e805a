import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mysqlTree } from '../../servers/mysql_packages.ts'
import { FAMILIES } from './families.ts'
import { CANARIES, ROLES } from './fixture.ts'
import { type Person, type Stack, startStack } from './stack.ts'

const TABLES = ['patients', 'cards', 'visits']
const EXPORTER = {
  name: 'writer',
  scope: [{ schemas: ['clinic'], tables: TABLES, verbs: ['read', 'export'] }],
}
const PROTECTED = [...CANARIES.email, ...CANARIES.taxId, ...CANARIES.note, ...CANARIES.pan]

interface Dumped {
  readonly code: number | null
  readonly text: string
  readonly errors: string
}

interface Login {
  readonly port: number
  readonly user: string
  readonly password: string
  readonly ca: string
}

function run(program: string, args: readonly string[], password: string): Promise<Dumped> {
  const env = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', LC_ALL: 'C.UTF-8', MYSQL_PWD: password }
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const out = { text: '', errors: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out.text += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    out.errors += text
  })
  return new Promise((done, failed) => {
    child.once('error', failed)
    child.once('close', (code) => done({ code, ...out }))
  })
}

/** Each server's own program, in its usual form. */
function dump(name: string, { port, user, password, ca }: Login, tables: readonly string[]): Promise<Dumped> {
  const address = ['--protocol=TCP', '--host=127.0.0.1', `--port=${port}`, `--user=${user}`, `--ssl-ca=${ca}`]
  const what = ['--single-transaction', '--skip-dump-date', '--no-tablespaces', 'clinic', ...tables]
  if (name === 'MariaDB') return run('mariadb-dump', ['--no-defaults', ...address, ...what], password)
  const [program, ...loader] = mysqlTree().program('usr/bin/mysqldump')
  const plugins = `--plugin-dir=${mysqlTree().root}/usr/lib/mysql/plugin`
  const more = ['--ssl-mode=VERIFY_CA', '--set-gtid-purged=OFF']
  return run(program, [...loader, '--no-defaults', plugins, ...address, ...more, ...what], password)
}

for (const family of FAMILIES) {
  family.describe(`a dump by ${family.name}'s program`, () => {
    let stack: Stack

    beforeAll(async () => {
      const roles = [EXPORTER, ...ROLES.filter(({ name }) => name !== 'writer')]
      stack = await startStack(family.start, { proxy: { roles } })
    })
    afterAll(() => stack?.stop())

    const as = async (person: Person, tables: readonly string[]) =>
      dump(
        family.name,
        {
          port: stack.proxy.mysqlPort,
          user: stack.user(person),
          password: await stack.token(person),
          ca: stack.proxy.ca,
        },
        tables,
      )

    it('is masked under the verb export', async () => {
      const { code, text, errors } = await as('bob', TABLES)
      expect(errors).toBe('')
      expect(code).toBe(0)
      for (const secret of PROTECTED) expect(text).not.toContain(secret)
      expect(text).toContain('Person 1')
      expect(text).toContain('10.50')
      await restores(text)
    })

    async function restores(text: string): Promise<void> {
      const direct = await stack.direct({ multipleStatements: true })
      await direct.query('CREATE DATABASE restored')
      await direct.query('USE restored')
      // A mask that is no one-to-one token gives equal values to a unique column.
      await direct.query(text.replace(/^\/\*M?!999999.*$/m, '').replaceAll('UNIQUE KEY', 'KEY'))
      const [rows] = await direct.query({ sql: 'SELECT id, full_name, tax_id FROM patients', rowsAsArray: true })
      expect(rows).toEqual([1, 2, 3].map((id) => [id, `Person ${id}`, '[redacted]']))
      await direct.query('DROP DATABASE restored')
      await direct.end()
    }

    it('is refused without it, and says why', async () => {
      const { code, text, errors } = await as('alice', TABLES)
      expect(code).not.toBe(0)
      expect(errors).toContain('SP-EXPORT')
      expect(text).not.toContain('INSERT INTO')
    })

    it('is the same as past the proxy under an unrestricted role', async () => {
      const { server } = stack
      const through = await as('carol', [])
      const ca = join(mkdtempSync(join(tmpdir(), 'dump-')), 'ca.pem')
      writeFileSync(ca, server.ca)
      const login = { port: server.port, user: server.user, password: server.password, ca }
      const direct = await dump(family.name, login, [])
      rmSync(dirname(ca), { recursive: true })
      expect([through.errors, direct.errors]).toEqual(['', ''])
      expect(direct.text).toContain(CANARIES.email[0])
      expect(through.text.replace(/^-- .*$/gm, '')).toBe(direct.text.replace(/^-- .*$/gm, ''))
    })
  })
}
