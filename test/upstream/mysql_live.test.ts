import { once } from 'node:events'
import { TLSSocket } from 'node:tls'
import { type Connection, createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from '../../src/session/ports.ts'
import { type Catalog, type Relation, relationKey } from '../../src/sql/catalog.ts'
import { sampleTables, type TableSample } from '../../src/upstream/classify_samples.ts'
import { readMysqlCatalog } from '../../src/upstream/mysql_catalog.ts'
import { killMysql, loginMysql, type MysqlUpstream } from '../../src/upstream/mysql_login.ts'
import { describeWithMariadb, describeWithMysql } from '../servers/availability.ts'
import { startMariadb } from '../servers/mariadb.ts'
import { startMysql } from '../servers/mysql.ts'
import type { DatabaseServer } from '../servers/process.ts'
import { liveTarget, NO_TLS } from './target.ts'

const PASSWORD = 'not-a-secret'
const OPTIONS = { clientCapabilities: 0, database: 'shop_test', collation: 45, connectAttrs: [] } as const
const SETUP = [
  'CREATE DATABASE shop_test',
  `CREATE TABLE shop_test.users (
    id int PRIMARY KEY, name varchar(40) COLLATE utf8mb4_bin, email varchar(80) UNIQUE, price decimal(10,2) COMMENT 'in cents [class: money]',
    age int CHECK (age > 3), note varchar(40), born date,
    shout varchar(200) GENERATED ALWAYS AS (concat(upper(name), email)) STORED,
    CONSTRAINT odd CHECK (note <> '\`' OR born IS NULL)
  ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci`,
  `CREATE TABLE shop_test.orders (nr int, region int, buyer int, PRIMARY KEY (region, nr),
    FOREIGN KEY (buyer) REFERENCES shop_test.users (id))`,
  'CREATE VIEW shop_test.names AS SELECT upper(name) AS n FROM shop_test.users WHERE id > 3',
  `CREATE TABLE shop_test.spread (id int, region int, hidden int INVISIBLE, label varchar(20), PRIMARY KEY (id, region),
    KEY by_label (label, hidden), UNIQUE KEY twice (region, id)) PARTITION BY HASH (region) PARTITIONS 2`,
  'CREATE TABLE shop_test.keyed (id int PRIMARY KEY) PARTITION BY KEY () PARTITIONS 2',
  'CREATE TRIGGER shop_test.touched BEFORE INSERT ON shop_test.orders FOR EACH ROW SET NEW.region = 1',
  'CREATE FUNCTION shop_test.Twice(a int) RETURNS int DETERMINISTIC RETURN a * 2',
  `CREATE USER sha2_user@'%' IDENTIFIED BY '${PASSWORD}'`,
  `CREATE USER narrow@'%' IDENTIFIED BY '${PASSWORD}'`,
  "GRANT SELECT, SHOW VIEW ON shop_test.* TO narrow@'%'",
  "GRANT SELECT ON shop_test.* TO sha2_user@'%'",
]

const SERVERS = [
  { engine: 'MySQL', describeHere: describeWithMysql, start: startMysql },
  { engine: 'MariaDB', describeHere: describeWithMariadb, start: startMariadb },
] as const

describe.each(SERVERS)('$engine', ({ engine, describeHere, start }) => {
  describeHere('as installed', () => {
    let server: DatabaseServer
    let target: Target
    let client: Connection
    let catalog: Catalog

    beforeAll(async () => {
      server = await start()
      target = liveTarget('mysql', server)
      const { host, port, user, password, ca } = server
      client = await createConnection({ host, port, user, password, ssl: { ca } })
      for (const statement of SETUP) await client.query(statement)
      catalog = await readMysqlCatalog(target)
    }, 240_000)

    afterAll(async () => {
      client?.destroy()
      await server?.stop()
    }, 60_000)

    function relation(name: string): Relation {
      return catalog.relations.get(relationKey('shop_test', name))!
    }

    function column(table: string, name: string) {
      return relation(table).columns.find((candidate) => candidate.name === name)!
    }

    it('knows the classes that comments name', () => {
      expect(column('users', 'price').classes).toEqual(['money'])
      expect(column('users', 'name')).not.toHaveProperty('classes')
    })

    it('gives samples of every table', async () => {
      await client.query("INSERT INTO shop_test.users (id, email) VALUES (7, 'a@b.example')")
      const samples: TableSample[] = []
      await sampleTables(target, '', catalog, (sample) => samples.push(sample))
      const users = samples.find(({ schema, table }) => schema === 'shop_test' && table === 'users')
      expect(users?.columns.find((one) => one.column === 'email')?.values).toEqual(['a@b.example'])
      expect(samples.some(({ schema }) => schema === 'mysql')).toBe(false)
      await client.query('DELETE FROM shop_test.users')
    })

    it('says what server it read', () => {
      expect(catalog).toMatchObject({ dialect: engine.toLowerCase(), database: '', lowerCaseTableNames: 0 })
      expect(catalog.version).toMatch(engine === 'MySQL' ? /^\d+\.\d+\.\d+/ : /^\d+\.\d+\.\d+-MariaDB/)
      expect(catalog.sqlMode).toContain('STRICT_TRANS_TABLES')
      expect(catalog.sqlMode).not.toContain('IGNORE_SPACE')
      expect(catalog.schemas).toContain('shop_test')
    })

    it('gives columns with type, collation and sources', () => {
      expect(relation('users').columns.map((c) => c.ordinal)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
      expect(column('users', 'name')).toMatchObject({ type: 'varchar(40)', collation: 'utf8mb4_bin', typeOid: 0 })
      expect(column('users', 'email').collation).toMatch(/^utf8mb4_/)
      expect(column('users', 'id').collation).toBeNull()
      expect(column('users', 'price').type).toBe('decimal(10,2)')
      expect(column('users', 'shout').generatedFrom).toEqual(['name', 'email'])
    })

    it('knows keys, constraints, triggers, views and routines', () => {
      expect(relation('users')).toMatchObject({ kind: 'table', hasTriggers: false, primaryKey: ['id'] })
      expect(relation('users').constrained).toEqual(['id', 'email', 'age', 'note', 'born'])
      expect(relation('orders')).toMatchObject({ hasTriggers: true, primaryKey: ['region', 'nr'] })
      expect(relation('orders').constrained).toEqual(['nr', 'region', 'buyer'])
      expect(relation('orders').references).toEqual([
        { columns: ['buyer'], to: { schema: 'shop_test', name: 'users' }, theirs: ['id'] },
      ])
      expect(relation('users').references).toBeUndefined()
      expect(relation('names')).toMatchObject({ kind: 'view', hasTriggers: false })
      expect(relation('names').definition).toMatch(/from `shop_test`\.`users`/)
      expect(catalog.functions.get('twice')).toEqual(['shop_test'])
    })

    it('knows every index that may be used, partitions, invisible columns and how a view runs', () => {
      expect(relation('spread').indexes).toEqual([
        { name: 'by_label', columns: ['label', 'hidden'] },
        { name: 'PRIMARY', columns: ['id', 'region'], unique: true },
        { name: 'twice', columns: ['region', 'id'], unique: true },
      ])
      expect(relation('spread')).toMatchObject({ partitionedBy: ['region'], compared: ['id', 'region'] })
      expect(relation('spread').columns.flatMap((c) => (c.invisible ? [c.name] : []))).toEqual(['hidden'])
      expect(relation('keyed').partitionedBy).toEqual(['id'])
      expect(relation('names').view).toMatchObject({ invoker: false, check: 'none' })
      expect(relation('names').view?.definer).toMatch(/@/)
    })

    it('takes a MERGE table as a view that can not be followed', async () => {
      await client.query('CREATE TABLE shop_test.part (id int) ENGINE=MyISAM')
      await client.query('CREATE TABLE shop_test.merged (id int) ENGINE=MERGE UNION=(shop_test.part)')
      const found = (await readMysqlCatalog(target)).relations.get(relationKey('shop_test', 'merged'))
      expect(found).toMatchObject({ kind: 'view', definition: null })
      await client.query('DROP TABLE shop_test.merged, shop_test.part')
    })

    it('says which columns a constraint or generated column holds together', () => {
      expect(relation('users').together).toEqual([
        { columns: ['note', 'born'], compared: false },
        { columns: ['name', 'email'], compared: false },
      ])
      expect(relation('users').compared).toEqual(['id', 'email'])
      expect(relation('orders').together).toEqual([{ columns: ['nr', 'region'], compared: true }])
    })

    it('leaves out indexes that no hint may name, and keeps what they constrain and compute', async () => {
      const hidden = engine === 'MySQL' ? 'INVISIBLE' : 'IGNORED'
      await client.query(
        `CREATE TABLE shop_test.unseen (id int PRIMARY KEY, a int, b int, UNIQUE KEY sole (a) ${hidden})`,
      )
      if (engine === 'MySQL') await client.query('CREATE INDEX sums ON shop_test.unseen ((a + b), id)')
      const found = (await readMysqlCatalog(target)).relations.get(relationKey('shop_test', 'unseen'))
      expect(found?.compared).toEqual(['id', 'a'])
      const names = new Map(found?.indexes?.map(({ name, columns }) => [name, columns]))
      expect(names.has('sole')).toBe(false)
      if (engine === 'MySQL') expect(names.get('sums')).toEqual(['a', 'b', 'id'])
      await client.query('DROP TABLE shop_test.unseen')
    })

    it('finds information_schema in either case and nothing else', () => {
      const keys = ['information_schema', 'INFORMATION_SCHEMA'].flatMap((schema) =>
        ['tables', 'TABLES'].map((name) => relationKey(schema, name)),
      )
      expect(new Set(keys.map((key) => catalog.relations.get(key)?.kind))).toEqual(new Set(['system']))
      expect(catalog.relations.has(relationKey('shop_test', 'USERS'))).toBe(false)
      expect(catalog.relations.get(relationKey('mysql', 'proc'))?.kind ?? 'system').toBe('system')
    })

    it('has a digest that follows the content alone', async () => {
      expect((await readMysqlCatalog(target)).digest).toBe(catalog.digest)
      await client.query('CREATE TABLE shop_test.fresh (a int)')
      expect((await readMysqlCatalog(target)).digest).not.toBe(catalog.digest)
    })

    it('takes tables whose triggers are hidden from the reader as having some', async () => {
      const seen = await readMysqlCatalog({ ...target, admin: { user: 'narrow', password: PASSWORD } })
      expect(seen.relations.get(relationKey('shop_test', 'users'))?.hasTriggers).toBe(true)
      await client.query("GRANT TRIGGER ON shop_test.* TO narrow@'%'")
      const more = await readMysqlCatalog({ ...target, admin: { user: 'narrow', password: PASSWORD } })
      expect(more.relations.get(relationKey('shop_test', 'users'))?.hasTriggers).toBe(false)
    })

    it('verifies the certificate as the mode says, for catalog and login', async () => {
      const admin = { user: server.user, password: server.password }
      for (const tls of [
        { ...target.tls, serverName: 'db.example.test' },
        { ...target.tls, ca: null },
        { ...target.tls, ca: null, mode: 'verify-ca' },
      ] as const) {
        await expect(loginMysql({ ...target, tls }, admin, OPTIONS)).rejects.toMatchObject({ code: 'SP-UPSTREAM' })
        await expect(readMysqlCatalog({ ...target, tls })).rejects.toMatchObject({ code: 'SP-UPSTREAM' })
      }
      for (const tls of [
        { ...target.tls, mode: 'verify-ca' },
        { ...target.tls, ca: null, mode: 'require' },
      ] as const) {
        const upstream = await loginMysql({ ...target, tls }, admin, OPTIONS)
        expect(upstream.socket).toBeInstanceOf(TLSSocket)
        upstream.socket.destroy()
        await expect(readMysqlCatalog({ ...target, tls })).resolves.toBeDefined()
      }
      const address = { ...target, tls: { ...target.tls, serverName: null } }
      await expect(readMysqlCatalog(address)).rejects.toMatchObject({ code: 'SP-CONFIG' })
      const upstream = await loginMysql(address, admin, OPTIONS)
      upstream.socket.destroy()
    })

    it('logs in with and without the server’s memory of the password, over TLS and in clear', async () => {
      const user = { user: 'sha2_user', password: PASSWORD }
      for (const at of [{ ...target, tls: NO_TLS }, target]) {
        for (let round = 0; round < 2; round++) {
          const upstream = await loginMysql(at, user, OPTIONS)
          expect(await query(upstream, 'SELECT CURRENT_USER()')).toContain('sha2_user@%')
          upstream.socket.destroy()
        }
        await client.query('FLUSH PRIVILEGES')
      }
      const refused = loginMysql(target, { ...user, password: 'wrong' }, OPTIONS)
      await expect(refused).rejects.toMatchObject({ code: 'SP-UPSTREAM', detail: expect.stringContaining('1045') })
    })

    it('ends a statement and a session', async () => {
      const admin = { user: server.user, password: server.password }
      const upstream = await loginMysql(target, admin, OPTIONS)
      const slow = query(upstream, 'SELECT SLEEP(30), 1 FROM shop_test.orders RIGHT JOIN (SELECT 1) one ON 1 = 1')
      const ended = slow.then(() => true)
      // A KILL QUERY that arrives before its statement began does nothing.
      const kill = () => killMysql(target, admin, upstream.connectionId, true).then(() => false)
      while (!(await Promise.race([ended, kill()])));
      await killMysql(target, admin, upstream.connectionId, false)
      if (!upstream.socket.destroyed) await once(upstream.socket, 'close')
      await killMysql(target, admin, upstream.connectionId, false)
    })
  })
})

/** Sends one query and gives all of the answer, as Latin-1: up to an error or the second EOF, that of the rows. */
async function query({ socket }: MysqlUpstream, text: string): Promise<string> {
  const body = Buffer.from(`\x03${text}`)
  const header = Buffer.alloc(4)
  header.writeUIntLE(body.length, 0, 3)
  socket.write(Buffer.concat([header, body]))
  socket.resume()
  let answer = Buffer.alloc(0)
  while (!isWhole(answer)) answer = Buffer.concat([answer, (await once(socket, 'data'))[0]])
  return answer.toString('latin1')
}

function isWhole(answer: Buffer): boolean {
  let ends = 0
  for (let at = 0; at + 4 < answer.length; at += 4 + answer.readUIntLE(at, 3)) {
    if (answer[at + 4] === 0xff) return true
    if (answer[at + 4] === 0xfe) ends++
  }
  return ends === 2
}
