import type mysql from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { createMysqlAdmin } from '../../../src/upstream/mysql_accounts_admin.ts'
import { readMysqlCatalog } from '../../../src/upstream/mysql_catalog.ts'
import { maskLine, roleOf, scopeRule } from '../../policy/build.ts'
import { fixed, notesOf } from '../../upstream/accounts_fixture.ts'
import { type Ground, makeGround, makeYard, openAccount, oursOn, type Yard } from './accounts_yard.ts'
import { FAMILIES } from './families.ts'

/** What open accounts may do while the catalog changes around them. */

const SCHEMA = [
  'CREATE DATABASE shop',
  'CREATE TABLE shop.people (id int PRIMARY KEY, name varchar(20), tax varchar(20))',
  "INSERT INTO shop.people VALUES (1, 'ann', 't1')",
]
/** ER_TABLEACCESS_DENIED, ER_COLUMNACCESS_DENIED. */
const DENIED = new Set<unknown>([1142, 1143])
const HIDDEN = [
  maskLine('people', 'tax', { strategy: 'null' }),
  maskLine('people', 'pay', { strategy: 'null' }),
  maskLine('kept', 'code', { strategy: 'null' }),
]

for (const family of FAMILIES) {
  family.describe(`open accounts on ${family.name}`, () => {
    let ground: Ground
    let yard: Yard

    beforeAll(async () => {
      ground = await makeGround(await family.start({ setupSql: SCHEMA }), ['shop'])
    }, 240_000)
    afterAll(async () => {
      ground?.root.destroy()
      await ground?.server.stop()
    }, 60_000)

    beforeEach(() => {
      yard = makeYard(ground)
      yard.masks = HIDDEN
    })
    afterEach(async () => {
      await yard.accounts.shutDown()
      await yard.accounts.dropGrant('g1')
      await yard.engine.close()
      expect(notesOf(yard.notes, 'failed')).toEqual([])
      expect(await oursOn(ground)).toEqual([])
    })

    async function change(...statements: readonly string[]): Promise<void> {
      for (const sql of statements) await ground.root.query(sql)
      ground.catalog = await readMysqlCatalog(ground.target)
      await yard.accounts.follow({ target: ground.target.name, database: '', catalog: ground.catalog })
    }

    async function refused(client: mysql.Connection, sql: string): Promise<boolean> {
      return client.query(sql).then(
        () => false,
        (error: { errno?: number }) => DENIED.has(error.errno),
      )
    }

    it('get what is new and covered, and lose what is not any more', async () => {
      const role = roleOf({ scope: [scopeRule({ schemas: ['shop'], tables: ['*'], verbs: ['read', 'update'] })] })
      const client = await ground.connect(await openAccount(yard, ground, role))
      const before = await oursOn(ground)
      await change('ALTER TABLE shop.people ADD COLUMN city varchar(20), ADD COLUMN pay int')
      await client.query('SELECT id, name, city FROM shop.people')
      await client.query("UPDATE shop.people SET city = 'here' WHERE id = 1")
      expect(await refused(client, 'SELECT pay FROM shop.people')).toBe(true)

      await change('ALTER TABLE shop.people DROP COLUMN pay, RENAME COLUMN city TO pay')
      expect(await refused(client, 'SELECT pay FROM shop.people')).toBe(true)
      await client.query('SELECT id, name FROM shop.people')

      await change('CREATE TABLE shop.open (a int, code int)', 'CREATE TABLE shop.kept (id int, code int)')
      await client.query('SELECT * FROM shop.open')
      await client.query('SELECT id FROM shop.kept')
      expect(await refused(client, 'SELECT code FROM shop.kept')).toBe(true)
      // The server keeps privileges by name: what the table of that name was given holds no longer.
      await change('DROP TABLE shop.kept', 'RENAME TABLE shop.open TO shop.kept')
      await client.query('SELECT a FROM shop.kept')
      expect(await refused(client, 'SELECT code FROM shop.kept')).toBe(true)
      await change('RENAME TABLE shop.kept TO shop.other')
      await client.query('SELECT code FROM shop.other')
      await change('DROP TABLE shop.other')
      await ground.root.query('CREATE TABLE shop.other (code int)')
      expect(await refused(client, 'SELECT code FROM shop.other')).toBe(true)
      expect(await oursOn(ground)).toEqual(before)
      client.destroy()
      await change('DROP TABLE shop.other', 'ALTER TABLE shop.people DROP COLUMN pay')
    })

    it('that define views themselves lose no less', async () => {
      const scope = [scopeRule({ schemas: ['shop'], tables: ['*'], verbs: ['read', 'ddl'] })]
      const client = await ground.connect(await openAccount(yard, ground, roleOf({ scope })))
      await change('ALTER TABLE shop.people ADD COLUMN city varchar(20)')
      await client.query('CREATE VIEW shop.cities AS SELECT city FROM shop.people')
      await client.query('SELECT * FROM shop.people LIMIT 0').then(
        () => expect.unreachable(),
        () => undefined,
      )
      await change('DROP VIEW shop.cities', 'ALTER TABLE shop.people RENAME COLUMN city TO pay')
      expect(await refused(client, 'CREATE VIEW shop.pays AS SELECT pay FROM shop.people')).toBe(true)
      expect(await refused(client, 'SELECT pay FROM shop.people')).toBe(true)
      client.destroy()
      await change('ALTER TABLE shop.people DROP COLUMN pay')
    })

    it('are never made by a grant to a role that is gone', async () => {
      const admin = createMysqlAdmin(ground.target, fixed({ user: 'sallyport_admin', password: 'admin-password' }))
      const granted = admin.run((session) => session.query('GRANT SELECT ON shop.people TO `sp__gone`'))
      await expect(granted).rejects.toMatchObject({ code: 'SP-ACCOUNT' })
      await admin.close()
      expect(await oursOn(ground)).toEqual([])
    })

    it('of an unrestricted role get what is made meanwhile', async () => {
      const client = await ground.connect(await openAccount(yard, ground, roleOf({ unrestricted: true, scope: [] })))
      await change('CREATE TABLE shop.later (a int)')
      await client.query('SELECT * FROM shop.later')
      client.destroy()
      await change('DROP TABLE shop.later')
    })

    it(`${family.name === 'MariaDB' ? 'may not' : 'may'} refer to a table whose columns are told apart`, async () => {
      const scope = [scopeRule({ schemas: ['shop'], tables: ['*'], verbs: ['read', 'ddl'] })]
      await change('CREATE TABLE shop.plain (id int PRIMARY KEY)')
      const client = await ground.connect(await openAccount(yard, ground, roleOf({ scope })))
      const child = (to: string) =>
        `CREATE TABLE shop.child_of_${to} (p int, FOREIGN KEY (p) REFERENCES shop.${to} (id))`
      await client.query(child('plain'))
      expect(await refused(client, child('people'))).toBe(family.name === 'MariaDB')
      client.destroy()
      await change('DROP TABLE IF EXISTS shop.child_of_plain, shop.child_of_people', 'DROP TABLE shop.plain')
    })
  })
}
