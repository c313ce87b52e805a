import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeCertificates } from '../../../certs/make.ts'
import { secretName, targetOf } from '../../servers/sallyport.ts'
import { FAMILIES } from './families.ts'
import { CONSTANT_MASKING } from './fixture.ts'
import { type Stack, startStack } from './stack.ts'

const PASSWORDS = { sha2: 'sha2-password', native: 'native-password' } as const

/** How a target differs, and whether it can be reached. */
const VARIANTS = [
  { name: 'verify-ca', tls: (ca: string) => ({ mode: 'verify-ca', ca }), reachable: true },
  { name: 'verify-full', tls: (ca: string) => ({ mode: 'verify-full', ca, serverName: 'localhost' }), reachable: true },
  {
    name: 'wrong-name',
    tls: (ca: string) => ({ mode: 'verify-full', ca, serverName: 'elsewhere.test' }),
    reachable: false,
  },
  { name: 'require', tls: () => ({ mode: 'require' }), reachable: true },
  { name: 'no-tls', tls: () => ({ mode: 'disable' }), reachable: true },
  { name: 'wrong-ca', tls: (_: string, other: string) => ({ mode: 'verify-ca', ca: other }), reachable: false },
  { name: 'built-in-ca', tls: () => ({ mode: 'verify-full', serverName: 'localhost' }), reachable: false },
] as const

for (const family of FAMILIES) {
  family.describe(`towards ${family.name}`, () => {
    const plugin = family.name === 'MySQL' ? 'caching_sha2_password' : 'mysql_native_password'
    const account = family.name === 'MySQL' ? 'sha2' : 'native'
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-other-ca-'))
    let stack: Stack

    beforeAll(async () => {
      const other = makeCertificates(folder).ca
      const identified =
        family.name === 'MySQL' ? `WITH ${plugin} BY '${PASSWORDS[account]}'` : `BY '${PASSWORDS[account]}'`
      stack = await startStack(family.start, {
        fixture: [`CREATE USER ${account}@'%' IDENTIFIED ${identified}`, `GRANT ALL ON *.* TO ${account}@'%'`],
        proxy: { listenerTargets: {}, masking: CONSTANT_MASKING },
        targets: (server) => {
          const credential = { user: account, password: `env:${secretName(account)}` }
          const wrong = { user: account, password: `env:${secretName('wrong')}` }
          const own = (name: string, tls: object, login = credential) => ({
            ...targetOf(name, 'mysql', server),
            tls,
            admin: login,
            accounts: { static: login },
          })
          return [
            ...VARIANTS.map(({ name, tls }) => own(name, tls(server.caFile, other))),
            own('wrong-password', { mode: 'verify-ca', ca: server.caFile }, wrong),
            { ...targetOf('nobody-there', 'mysql', server), port: 1 },
          ]
        },
        secrets: { [secretName(account)]: PASSWORDS[account], [secretName('wrong')]: 'not-the-password' },
      })
    })
    afterAll(async () => {
      await stack?.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    const through = (target: string): Promise<mysql.Connection> =>
      stack.connect('carol', { user: `carol@example.test/${target}`, database: 'test' })

    it.each(VARIANTS.filter(({ reachable }) => reachable).map(({ name }) => name))(
      `${plugin} logs in with ${'%s'}, in full and again`,
      async (name) => {
        if (plugin === 'caching_sha2_password') {
          // The server forgets what it has cached, so that it asks for the password itself.
          const direct = await stack.direct({ database: 'test' })
          await direct.query('FLUSH PRIVILEGES')
          await direct.end()
        }
        for (let login = 0; login < 2; login++) {
          const connection = await through(name)
          const [rows] = await connection.query({ sql: 'SELECT CURRENT_USER()', rowsAsArray: true })
          expect(rows).toEqual([[`${account}@%`]])
          const [[status]] = (await connection.query("SHOW STATUS LIKE 'Ssl_version'")) as [
            { Value: string }[],
            unknown,
          ]
          expect(status?.Value).toMatch(name === 'no-tls' ? /^$/ : /^TLSv1\.[23]$/)
          await connection.end()
        }
      },
    )

    it.each([
      ...VARIANTS.filter(({ reachable }) => !reachable).map(({ name }) => name),
      'wrong-password',
      'nobody-there',
    ])('tells no more than that it could not be reached: %s', async (name) => {
      const error = await through(name).then(
        () => null,
        (refused: { message: string }) => refused,
      )
      expect(error?.message).toMatch(/SP-(UPSTREAM|CATALOG|CONFIG)/)
      expect(error?.message).not.toMatch(/not-the-password|using password|127\.0\.0\.1/)
    })

    it('asks which target is meant where the user name does not say it', async () => {
      await expect(stack.connect('carol', { database: 'test' })).rejects.toMatchObject({ errno: 1045 })
      await expect(through('unknown')).rejects.toMatchObject({ errno: 1045 })
    })

    it('lets nobody use the name of another', async () => {
      const login = stack.connect('alice', { user: 'carol@example.test/verify-ca', database: 'test' })
      await expect(login).rejects.toMatchObject({ errno: 1045 })
    })
  })
}
