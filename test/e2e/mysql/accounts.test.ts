import type mysql from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ColumnMask } from '../../../src/policy/masking_policy.ts'
import type { Role } from '../../../src/policy/role.ts'
import { readMysqlCatalog } from '../../../src/upstream/mysql_catalog.ts'
import { loginMysql } from '../../../src/upstream/mysql_login.ts'
import { maskLine, roleOf, scopeRule } from '../../policy/build.ts'
import { notesOf, SETTINGS } from '../../upstream/accounts_fixture.ts'
import { findingsOn, watched } from './accounts_posture.ts'
import { startRelay } from './accounts_relay.ts'
import { type Ground, makeGround, makeYard, OWNER, oneValue, openAccount, oursOn, type Yard } from './accounts_yard.ts'
import { FAMILIES } from './families.ts'
import { judgeOf } from './judged.ts'
import { MARIADB_STATEMENTS, MYSQL_STATEMENTS, ORACLE_SCHEMA, ORACLE_STATEMENTS } from './oracle_statements.ts'

const SCHEMA = [
  ...ORACLE_SCHEMA,
  'CREATE TABLE shop.people (id int PRIMARY KEY AUTO_INCREMENT, name varchar(20), mail varchar(40) UNIQUE, tax varchar(20))',
  "INSERT INTO shop.people VALUES (1, 'ann', 'ann@example.test', 't1')",
  'CREATE VIEW shop.mails AS SELECT id, mail FROM shop.people',
  'CREATE PROCEDURE shop.taxes() READS SQL DATA SELECT tax FROM shop.people',
  'CREATE DATABASE `un_der%`',
  'CREATE TABLE `un_der%`.t (a int)',
  'CREATE DATABASE unXder1',
]

/** ER_DBACCESS_DENIED, ER_TABLEACCESS_DENIED, ER_COLUMNACCESS_DENIED, ER_SPECIFIC_ACCESS_DENIED, ER_VIEW_INVALID, ER_PROCACCESS_DENIED. */
const DENIED = new Set<unknown>([1044, 1142, 1143, 1227, 1356, 1370])

const MASKS: readonly ColumnMask[] = [
  maskLine('a', 's', { strategy: 'null' }),
  maskLine('a', 't', { strategy: 'redact', text: 'gone' }),
  maskLine('a', 'd', { strategy: 'null' }),
  maskLine('b', 'z', { strategy: 'null' }),
  maskLine('c', 'j', { strategy: 'null' }),
  maskLine('tree', 'label', { strategy: 'redact', text: '-' }),
  maskLine('u', 'h', { strategy: 'null' }),
  maskLine('b', 's', { strategy: 'partial', keepFirst: 1, keepLast: 0, fill: '*' }),
]

/**
 * What MariaDB asks for beyond what a statement does, so that an account of its own is refused it: SELECT on a column that ON
 * DUPLICATE KEY UPDATE sets, and on the whole database for a table of numbers, which is none of its tables.
 */
const ASKED_BEYOND = [/ON DUPLICATE KEY UPDATE .*\bh = /, /\bseq_\d+_to_\d+/]

const ALL_VERBS = ['read', 'insert', 'update', 'delete'] as const
const ROLES: readonly (readonly [string, Role])[] = [
  ['reads and writes', roleOf({ scope: [scopeRule({ schemas: ['shop', 'depot'], verbs: ALL_VERBS })] })],
  [
    'sees some rows and columns',
    roleOf({
      scope: [
        scopeRule({
          schemas: ['shop'],
          tables: ['a'],
          verbs: ALL_VERBS,
          where: [{ column: 'y', op: '>', value: [0] }],
        }),
        scopeRule({ schemas: ['shop', 'depot'], exceptColumns: ['a.n', 'v', 'w'] }),
      ],
    }),
  ],
]

for (const family of FAMILIES) {
  family.describe(`accounts of sessions on ${family.name}`, () => {
    let ground: Ground
    let yard: Yard

    beforeAll(async () => {
      const server = await family.start({ setupSql: SCHEMA })
      ground = await makeGround(server, ['shop', 'depot', 'un_der%'])
    }, 240_000)
    afterAll(async () => {
      ground?.root.destroy()
      await ground?.server.stop()
    }, 60_000)

    beforeEach(() => {
      yard = makeYard(ground)
    })
    afterEach(async () => {
      await yard.accounts.shutDown()
      for (const id of ['g1', 'g2']) await yard.accounts.dropGrant(id)
      await yard.engine.close()
      expect(await oursOn(ground)).toEqual([])
    })

    const reader = (over: Partial<Role> = {}) =>
      roleOf({ scope: [scopeRule({ schemas: ['shop'], tables: ['people', 'mails'] })], ...over })

    async function denied(client: mysql.Connection, sql: string): Promise<unknown> {
      return client.query(sql).then(
        () => null,
        (error: { errno?: number }) => error.errno,
      )
    }

    it('do what the grant names and nothing else, without columns whose mask is a constant', async () => {
      yard.masks = [maskLine('people', 'tax', { strategy: 'null' }), maskLine('people', 'mail', { strategy: 'email' })]
      const account = await openAccount(yard, ground, reader())
      expect(account).toMatchObject({ user: expect.stringMatching(/^sp_alicesmi_[a-z2-7]{16}$/), findings: [] })
      const client = await ground.connect(account)
      await client.query('SELECT id, name, mail FROM shop.people')
      await client.query('SELECT id, mail FROM shop.mails')
      for (const sql of [
        'SELECT tax FROM shop.people',
        'SELECT IF(FALSE, tax, NULL) FROM shop.people',
        'SELECT * FROM shop.people',
        'SELECT id FROM shop.a',
        'CALL shop.taxes()',
        "INSERT INTO shop.people (name) VALUES ('x')",
        'CREATE TABLE shop.mine (a int)',
        'SELECT * FROM mysql.user',
        'CREATE USER x',
      ]) {
        expect(DENIED.has(await denied(client, sql)), sql).toBe(true)
      }
      client.destroy()
    })

    it('show definitions as before, of columns too that are not granted', async () => {
      yard.masks = [maskLine('people', 'tax', { strategy: 'null' })]
      const client = await ground.connect(await openAccount(yard, ground, reader()))
      const [columns] = await client.query<mysql.RowDataPacket[]>('SHOW COLUMNS FROM shop.people')
      expect(columns.map(({ Field }) => Field)).toEqual(['id', 'name', 'mail', 'tax'])
      const [[created]] = (await client.query('SHOW CREATE TABLE shop.people')) as unknown as [[Record<string, string>]]
      expect(created['Create Table']).toContain('`tax` varchar(20)')
      const constraints = 'SELECT COUNT(*) FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_NAME = '
      expect(await oneValue(client, `${constraints}'people'`)).toBe(2)
      client.destroy()
    })

    it('log in as the proxy does, twice at most, over TLS alone, and keep no password in clear', async () => {
      const account = await openAccount(yard, ground, reader())
      const options = { clientCapabilities: 0, database: 'shop', collation: 45, connectAttrs: [] }
      const two = await Promise.all([1, 2].map(() => loginMysql(ground.target, account, options)))
      await expect(loginMysql(ground.target, account, options)).rejects.toMatchObject({ detail: /1226/ })
      const plain = { ...ground.target, tls: { mode: 'disable', ca: null, serverName: null } } as const
      for (const { socket } of two) socket.destroy()
      await expect(loginMysql(plain, account, options)).rejects.toMatchObject({ code: 'SP-UPSTREAM' })
      const shown = JSON.stringify((await ground.root.query('SELECT * FROM mysql.user'))[0])
      expect(shown).not.toContain(account.password)
    })

    it('are ended in mid-statement and gone, and their role with the grant', async () => {
      const account = await openAccount(yard, ground, reader())
      const client = await ground.connect(account)
      const asleep = client.query('SELECT SLEEP(30)').catch((error: { code?: string }) => error.code)
      await expect
        .poll(() =>
          oneValue(
            ground.root,
            `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = '${account.user}' AND INFO LIKE '%SLEEP%'`,
          ),
        )
        .toBe(1)
      await yard.accounts.close(account.id)
      expect(String(await asleep)).toMatch(/LOST|QUERY_INTERRUPTED|CONNECTION_KILLED|ECONNRESET/)
      expect(await oursOn(ground)).toEqual([expect.stringMatching(/^sp__/)])
      await yard.accounts.dropGrant('g1')
      expect(await oursOn(ground)).toEqual([])
      expect(yard.timings.map(([what]) => what)).toEqual(['stopped', 'dropped'])
      client.destroy()
    })

    it('end together, many in a second', async () => {
      const accounts = await Promise.all(Array.from({ length: 20 }, () => openAccount(yard, ground, reader())))
      const clients = await Promise.all(accounts.map((account) => ground.connect(account)))
      const begun = performance.now()
      const ended = await yard.accounts.dropGrant('g1')
      expect(performance.now() - begun).toBeLessThan(5_000)
      expect(ended.every(({ droppedMs }) => droppedMs !== null)).toBe(true)
      for (const client of clients) await expect(client.query('SELECT 1')).rejects.toThrow()
    })

    it('keep a name with a pattern in it to the one database', async () => {
      const scope = [scopeRule({ databases: ['un_der%'], schemas: ['un_der%'], verbs: ['read', 'ddl'] })]
      const client = await ground.connect(await openAccount(yard, ground, roleOf({ scope })))
      await client.query('CREATE TABLE `un_der%`.made (a int)')
      await client.query('DROP TABLE `un_der%`.made')
      expect(DENIED.has(await denied(client, 'CREATE TABLE unXder1.made (a int)'))).toBe(true)
      client.destroy()
    })

    it('are not made where the admin account can not hand on what the grant names', async () => {
      const scope = [scopeRule({ databases: ['unXder1'], schemas: ['unXder1'], verbs: ['ddl'] })]
      ground.catalog = { ...ground.catalog, schemas: new Set([...ground.catalog.schemas, 'unXder1']) }
      await expect(openAccount(yard, ground, roleOf({ scope }))).rejects.toMatchObject({ code: 'SP-ACCOUNT' })
      expect(notesOf(yard.notes, 'orphaned')).toEqual([])
      await yard.engine.sweep(ground.target, SETTINGS, new Set())
    })

    it('come with what everybody may do as findings', async () => {
      await ground.root.query("CREATE USER everyone@'%'")
      const everybody =
        family.name === 'MySQL'
          ? ['GRANT SELECT ON depot.a TO everyone', "SET GLOBAL mandatory_roles = 'everyone'"]
          : ['GRANT SELECT ON depot.a TO PUBLIC']
      for (const sql of everybody) await ground.root.query(sql)
      try {
        const { findings } = await openAccount(yard, ground, reader({ call: ['shop.taxes'] }))
        expect(findings).toEqual([
          expect.stringContaining('select on depot.a'),
          expect.stringMatching(/^routines run with the rights of their definers: shop.taxes \(/),
        ])
      } finally {
        await ground.root.query(
          family.name === 'MySQL' ? "SET GLOBAL mandatory_roles = ''" : 'REVOKE SELECT ON depot.a FROM PUBLIC',
        )
        await ground.root.query('DROP USER everyone')
      }
    })

    it('hand views and events that they made to the owner, and stay locked where nobody takes what they made', async () => {
      const role = roleOf({ unrestricted: true, scope: [] })
      const account = await openAccount(yard, ground, role, 'g2')
      const client = await ground.connect(account)
      await client.query(
        `CREATE VIEW shop.made AS SELECT id, 'a\\\\b''c' AS q FROM shop.people WHERE name <> 'x\\\\' WITH LOCAL CHECK OPTION`,
      )
      await client.query("CREATE EVENT shop.nightly ON SCHEDULE EVERY 1 DAY DISABLE COMMENT 'it''s' DO SELECT 1")
      const before = await oneValue(client, 'SELECT q FROM shop.made')
      client.destroy()
      await yard.accounts.close(account.id)
      expect(notesOf(yard.notes, 'orphaned')).toMatchObject([
        { why: expect.stringContaining('no owner is configured') },
      ])
      expect(await oursOn(ground)).toContain(account.user)
      await expect(ground.connect(account)).rejects.toThrow(/locked/)
      const failed = await yard.engine.drop(ground.target, [account.user], { ...SETTINGS, ownerRole: OWNER })
      expect([...failed]).toEqual([])
      const definers = 'SELECT DEFINER AS d FROM information_schema.'
      expect(await oneValue(ground.root, `${definers}VIEWS WHERE TABLE_NAME = 'made'`)).toBe(`${OWNER}@%`)
      expect(await oneValue(ground.root, `${definers}EVENTS WHERE EVENT_NAME = 'nightly'`)).toBe(`${OWNER}@%`)
      await ground.root.query(`GRANT SELECT ON shop.* TO ${OWNER}`)
      expect(await oneValue(ground.root, 'SELECT q FROM shop.made')).toBe(before)
      for (const sql of ['DROP VIEW shop.made', 'DROP EVENT shop.nightly']) await ground.root.query(sql)
    })

    it('are found again by their mark, those of other installations never', async () => {
      const account = await openAccount(yard, ground, reader())
      expect(await yard.engine.found(ground.target, SETTINGS)).toEqual([account.user])
      expect(await yard.engine.found(ground.target, { ...SETTINGS, marker: 'another' })).toEqual([])
    })

    it('and what else a look at the target finds', async () => {
      const before = await findingsOn(ground)
      expect(before).toEqual(
        expect.arrayContaining([
          'mysql.tls_optional require_secure_transport',
          'mysql.powerful_anywhere `app`@`%`',
          'mysql.standing_account `app`@`%`',
          'mysql.powerful_definer procedure shop.taxes',
        ]),
      )
      expect(before.filter((one) => one.includes('sallyport_admin') || one.includes('sp_'))).toEqual([])
      const made = [
        "CREATE USER ''@'10.%'",
        "CREATE USER dave@'10.%' IDENTIFIED BY 'x1-Y-z'",
        "CREATE USER eve@'10.%'",
        "GRANT SELECT ON depot.* TO ''@'10.%'",
        'SET GLOBAL local_infile = ON',
      ]
      for (const sql of made) await ground.root.query(sql)
      const since = (await findingsOn(ground)).filter((one) => !before.includes(one))
      expect(since).toEqual(
        expect.arrayContaining([
          'mysql.anonymous_account ``@`10.%`',
          'mysql.no_password `eve`@`10.%`',
          'mysql.standing_account `dave`@`10.%`',
          'mysql.open_database depot',
        ]),
      )
      for (const sql of ["DROP USER ''@'10.%'", "DROP USER dave@'10.%', eve@'10.%'"]) await ground.root.query(sql)
      await ground.root.query('SET GLOBAL local_infile = OFF')
    })

    it('and what a watch sees change, whoever is connected past the proxy above all', async () => {
      const password = 'x1-Y-z'
      const past = await watched(ground, async () => {
        await openAccount(yard, ground, reader())
        await ground.root.query(`CREATE USER dave@'%' IDENTIFIED BY '${password}'`)
        await ground.root.query("GRANT SELECT (id) ON shop.people TO dave@'%'")
        await ground.connect({ user: 'dave', password })
      })
      expect(past).toEqual([
        expect.stringMatching(/^posture.finding: account dave@% is new: .*; password of .*; open; TLS not demanded/),
        'posture.finding: grant dave@%: column shop.people.id is new: Select',
        expect.stringMatching(/^bypass.login: dave is connected from .* past the proxy$/),
      ])
      expect(await watched(ground, async () => void (await ground.root.query("DROP USER dave@'%'")))).toHaveLength(2)
    })

    describe.each(['before', 'behind'] as const)('of a process that died', (when) => {
      it(`${when} any of its messages are gone after the next run of the janitor`, async () => {
        for (let count = 1, done = false; !done; count++) {
          const dying = makeYard(ground)
          const relay = await startRelay(ground.target.port, { count, when })
          const target = { ...ground.target, port: relay.port }
          try {
            const account = await openAccount(dying, { target }, reader())
            await dying.accounts.close(account.id)
            done = !relay.isCut()
          } catch (error) {
            expect(error).toMatchObject({ code: expect.stringMatching(/^SP-(UPSTREAM|ACCOUNT)$/) })
          }
          await relay.close()
          await dying.engine.close()
          const next = makeYard(ground, dying.ledger)
          // A message that was sent before the end may be carried out behind the first run.
          await expect
            .poll(async () => {
              await next.accounts.clean([ground.target])
              return oursOn(ground)
            })
            .toEqual([])
          expect([...dying.ledger.entries.values()].filter(({ state }) => state !== 'dropped')).toEqual([])
          await next.engine.close()
          expect(count).toBeLessThan(100)
        }
      }, 60_000)
    })

    describe.each(ROLES)('of a role that %s', (_name, role) => {
      const statements = [...ORACLE_STATEMENTS, ...(family.name === 'MySQL' ? MYSQL_STATEMENTS : MARIADB_STATEMENTS)]

      it('may do each thing that the proxy lets through', async () => {
        ground.catalog = await readMysqlCatalog(ground.target)
        yard.masks = MASKS
        const judge = judgeOf(ground.catalog, 'shop', true)
        const client = await ground.connect(await openAccount(yard, ground, role))
        await client.query('USE shop')
        let allowed = 0
        const wrong: string[] = []
        for (const text of statements) {
          const one = judge.judge(text, role, MASKS)
          if (one.code !== null) continue
          allowed++
          await client.query('START TRANSACTION')
          const errno = await denied(client, one.sql)
          await client.query('ROLLBACK')
          const beyond = family.name === 'MariaDB' && ASKED_BEYOND.some((form) => form.test(one.sql))
          if (DENIED.has(errno) && !beyond) wrong.push(`${String(errno)} ${one.sql}`)
        }
        expect(wrong).toEqual([])
        expect(allowed).toBeGreaterThan(60)
        client.destroy()
      })
    })
  })
}
