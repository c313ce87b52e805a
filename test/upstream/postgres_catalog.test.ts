import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from '../../src/session/ports.ts'
import { type Catalog, type Relation, relationKey } from '../../src/sql/catalog.ts'
import { sampleTables, type TableSample } from '../../src/upstream/classify_samples.ts'
import { postgresFingerprint, readPostgresCatalog } from '../../src/upstream/postgres_catalog.ts'
import { describeEachPostgres } from '../servers/availability.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { DatabaseServer } from '../servers/process.ts'
import { liveTarget } from './target.ts'

const DATABASE = 'catalog_test'
const SETUP = `
  CREATE SCHEMA shop;
  CREATE SCHEMA "Odd ""Name";
  CREATE DOMAIN shop.short AS varchar(80) CHECK (VALUE <> '');
  CREATE DOMAIN shop.email AS shop.short CHECK (VALUE LIKE '%@%');
  CREATE TYPE shop.mood AS ENUM ('good', 'bad');
  CREATE TYPE shop.pair AS (a int, b text);
  CREATE TABLE shop.users (
    id int PRIMARY KEY, name text COLLATE "C", email shop.email UNIQUE, gone int, price numeric(10,2),
    tags text[], mood shop.mood, born date, note text, low int, high int,
    shout text GENERATED ALWAYS AS (upper(name) || email) STORED,
    CHECK (low < high)
  );
  ALTER TABLE shop.users DROP COLUMN gone;
  CREATE UNIQUE INDEX ON shop.users ((lower(note)));
  CREATE TABLE shop.orders (region int, nr int, buyer int REFERENCES shop.users, at timestamptz, PRIMARY KEY (nr, region));
  CREATE TABLE shop.ranges (r int4range, EXCLUDE USING gist (r WITH &&));
  CREATE TABLE shop.p (id int, at date, shout text) PARTITION BY RANGE (at);
  CREATE TABLE shop.p20 PARTITION OF shop.p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') PARTITION BY LIST (id);
  CREATE TABLE shop.p20_1 PARTITION OF shop.p20 FOR VALUES IN (1);
  CREATE TABLE shop.child (extra int) INHERITS (shop.users);
  CREATE VIEW shop.names AS SELECT u.name, count(*) AS n FROM shop.users u GROUP BY u.name;
  CREATE MATERIALIZED VIEW shop.cached AS SELECT id FROM shop.users;
  CREATE TABLE shop.ruled (a int);
  CREATE RULE also AS ON INSERT TO shop.ruled DO ALSO INSERT INTO shop.ranges VALUES (NULL);
  CREATE TABLE shop.guarded (a int);
  ALTER TABLE shop.guarded ENABLE ROW LEVEL SECURITY;
  CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER touched BEFORE INSERT ON shop.guarded FOR EACH ROW EXECUTE FUNCTION shop.touch();
  CREATE FUNCTION public.lower(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''x''';
  CREATE FUNCTION shop.same(text, text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
  CREATE OPERATOR shop.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = shop.same);
  CREATE SEQUENCE shop.numbers;
  COMMENT ON COLUMN shop.users.email IS 'of the person [class: pii.email, contact]';
  COMMENT ON COLUMN shop.users.note IS '1-4-2-free text';
  COMMENT ON COLUMN shop.users.born IS 'no class 1-2-3';
  CREATE TABLE "Odd ""Name"."T x" ("a b" "char");
  CREATE ROLE catalog_buyer; CREATE ROLE catalog_plain;
  GRANT USAGE ON SCHEMA shop TO catalog_buyer;
  ALTER ROLE catalog_buyer SET search_path = shop, "$user", "Odd ""Name", nowhere, public;
  ALTER DATABASE ${DATABASE} SET search_path = "$user", shop;
`

describeEachPostgres('the catalog as installed', (version) => {
  let server: DatabaseServer
  let target: Target
  let client: pg.Client
  let catalog: Catalog

  function clientOf(database: string): pg.ClientConfig {
    const { host, port, user, password, ca } = server
    return { host, port, user, password, database, ssl: { ca } }
  }

  async function admin(sql: string): Promise<void> {
    const session = new pg.Client(clientOf('postgres'))
    await session.connect()
    await session.query(sql)
    await session.end()
  }

  function relation(name: string, schema = 'shop'): Relation {
    return catalog.relations.get(relationKey(schema, name))!
  }

  function column(table: string, name: string) {
    return relation(table).columns.find((candidate) => candidate.name === name)!
  }

  beforeAll(async () => {
    server = await startPostgres({ version })
    target = liveTarget('postgres', server)
    await admin(`CREATE DATABASE ${DATABASE}`)
    client = new pg.Client(clientOf(DATABASE))
    await client.connect()
    await client.query(SETUP)
    catalog = await readPostgresCatalog(target, DATABASE)
  }, 120_000)

  afterAll(async () => {
    await client?.end()
    await server?.stop()
  }, 60_000)

  describe('readPostgresCatalog', () => {
    it('knows the types that are not built in by their OID, and leaves out row types', () => {
      const types = [...(catalog.typesByOid ?? [])]
      const named = (name: string) => types.find(([, type]) => type.name === name && type.schema === 'shop')
      const [short, shortType] = named('short')!
      expect(shortType).toEqual({ schema: 'shop', name: 'short', kind: 'domain', base: 1043, element: 0 })
      expect(named('email')?.[1]).toMatchObject({ kind: 'domain', base: short })
      expect(named('_short')?.[1]).toMatchObject({ kind: 'array', base: 0, element: short })
      expect(named('mood')?.[1].kind).toBe('enum')
      expect(named('pair')?.[1].kind).toBe('composite')
      expect([named('users'), named('_users'), named('names')]).toEqual([undefined, undefined, undefined])
    })

    it('says what server and database it read', () => {
      expect(catalog).toMatchObject({ dialect: 'postgres', database: DATABASE, lowerCaseTableNames: 0 })
      expect(catalog.version).toMatch(/^1[5-8]\.\d+$/)
      expect(catalog.major).toBe(Number.parseInt(catalog.version, 10))
      expect(catalog.schemas).toContain('Odd "Name')
      expect(catalog.schemas).toContain('pg_catalog')
      expect([...catalog.schemas].some((name) => /^pg_(toast|temp)/.test(name))).toBe(false)
    })

    it('gives columns in order, without dropped ones', () => {
      const columns = relation('users').columns
      expect(columns.map((c) => c.name)).toEqual('id name email price tags mood born note low high shout'.split(' '))
      expect(columns.map((c) => c.ordinal)).toEqual([1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12])
      expect(catalog.relationsByOid.get(relation('users').oid)).toBe(relation('users'))
    })

    it('knows the classes that comments name, and sees a comment change', async () => {
      expect(column('users', 'email').classes).toEqual(['pii.email', 'contact'])
      expect(column('users', 'note').classes).toEqual(['1-4-2'])
      expect(column('users', 'born')).not.toHaveProperty('classes')
      const before = await postgresFingerprint(target, DATABASE)
      await client.query("COMMENT ON COLUMN shop.users.born IS '[class: pii.birth]'")
      expect(await postgresFingerprint(target, DATABASE)).not.toBe(before)
      await client.query("COMMENT ON COLUMN shop.users.born IS 'no class'")
    })

    it('gives samples of every table, and names alone of what may not be read', async () => {
      await client.query("INSERT INTO shop.users (id, email) VALUES (7, 'a@b.example')")
      const role = `sampler_${version}`
      await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'not-a-secret'; GRANT USAGE ON SCHEMA shop TO ${role}`)
      const samples = new Map<string, TableSample>()
      const take = (sample: TableSample) => samples.set(sample.table, sample)
      await sampleTables(target, DATABASE, catalog, take)
      const email = samples.get('users')?.columns.find((one) => one.column === 'email')
      expect(email).toEqual({ column: 'email', type: 'character varying(80)', values: ['a@b.example'] })
      expect(samples.has('names')).toBe(false)
      const narrow = { ...target, admin: { user: role, password: 'not-a-secret' } }
      await sampleTables(narrow, DATABASE, catalog, take)
      expect(samples.get('users')).toMatchObject({ read: false, columns: expect.arrayContaining([]) })
      expect(samples.get('users')?.columns.flatMap(({ values }) => values)).toEqual([])
      await client.query(`DELETE FROM shop.users; DROP OWNED BY ${role}; DROP ROLE ${role}`)
    })

    it('gives types that a cast takes, a domain as its base type', async () => {
      expect(column('users', 'email')).toMatchObject({ type: 'character varying(80)', typeOid: 1043 })
      expect(column('users', 'price').type).toBe('numeric(10,2)')
      expect(column('users', 'tags').type).toBe('text[]')
      expect(column('users', 'mood').type).toBe('shop.mood')
      expect(column('users', 'name').collation).toBe('pg_catalog."C"')
      expect(column('users', 'note').collation).toBeNull()
      const all = relation('users').columns.map(
        (c) => `NULL::${c.type}${c.collation === null ? '' : ` COLLATE ${c.collation}`}`,
      )
      await expect(client.query(`SELECT ${all.join(', ')}`)).resolves.toBeDefined()
    })

    it('knows what generated columns are computed from', async () => {
      expect(column('users', 'shout').generatedFrom).toEqual(['name', 'email'])
      if (catalog.major < 18) return
      await client.query(
        'ALTER TABLE shop.users ADD whisper text GENERATED ALWAYS AS (lower(name) || id::text) VIRTUAL',
      )
      const later = await readPostgresCatalog(target, DATABASE)
      const whisper = later.relations.get(relationKey('shop', 'users'))?.columns.at(-1)
      expect(whisper).toMatchObject({ name: 'whisper', generatedFrom: ['id', 'name'] })
      await client.query('ALTER TABLE shop.users DROP COLUMN whisper')
    })

    it('knows keys and the columns that constraints and index expressions use', () => {
      expect(relation('users').primaryKey).toEqual(['id'])
      expect(relation('orders').primaryKey).toEqual(['nr', 'region'])
      expect(relation('users').constrained).toEqual(['id', 'email', 'note', 'low', 'high'])
      expect(relation('orders').constrained).toEqual(['region', 'nr', 'buyer'])
      expect(relation('ranges').constrained).toEqual(['r'])
    })

    it('knows partitions and children by every ancestor', () => {
      expect(relation('p').kind).toBe('partitioned')
      expect(relation('p20_1').parents).toEqual([relationKey('shop', 'p20'), relationKey('shop', 'p')])
      expect(relation('child').parents).toEqual([relationKey('shop', 'users')])
      expect(relation('child').columns.find((c) => c.name === 'shout')?.generatedFrom).toEqual(['name', 'email'])
    })

    it('gives views with qualified names, and system relations without a text', () => {
      expect(relation('names')).toMatchObject({ kind: 'view', hasRules: false })
      expect(relation('names').definition).toMatch(/FROM shop\.users u/)
      expect(relation('cached').kind).toBe('materialized_view')
      expect(relation('cached').definition).toMatch(/FROM shop\.users/)
      expect(relation('users').definition).toBeNull()
      expect(relation('tables', 'information_schema')).toMatchObject({ kind: 'system', definition: null })
      expect(relation('pg_class', 'pg_catalog').kind).toBe('system')
      expect(relation('numbers').kind).toBe('sequence')
      expect(relation('T x', 'Odd "Name').columns).toMatchObject([{ name: 'a b', type: '"char"' }])
    })

    it('marks triggers, rules and row security', () => {
      expect(relation('ruled')).toMatchObject({ hasRules: true, hasTriggers: false, rowSecurity: false })
      expect(relation('guarded')).toMatchObject({ hasRules: false, hasTriggers: true, rowSecurity: true })
      // A foreign key is made of triggers too, which are the server's own.
      expect(relation('orders').hasTriggers).toBe(false)
    })

    it('lists functions, operators and types outside pg_catalog', () => {
      expect(catalog.functions.get('lower')).toEqual(['public'])
      expect(catalog.functions.get('touch')).toEqual(['shop'])
      expect([...catalog.operators]).toEqual([['===', ['shop']]])
      expect([...catalog.types.keys()].sort()).toEqual(['email', 'mood', 'pair', 'short'])
    })

    it('reads the same with no privilege but CONNECT', async () => {
      await client.query("CREATE ROLE reader LOGIN PASSWORD 'not-a-secret'")
      const admin = { user: 'reader', password: 'not-a-secret' }
      expect((await readPostgresCatalog({ ...target, admin }, DATABASE)).digest).toBe(catalog.digest)
      await client.query('DROP ROLE reader')
    })

    it('leaves out what trusted extensions bring, and nothing else', async () => {
      // The packaged 18 carries no extensions: there is nothing to leave out, and nothing may appear.
      if (version === 18) return expect(catalog.functions.get('citext_eq')).toBeUndefined()
      await client.query('CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION tablefunc SCHEMA public')
      const { functions, operators, types } = await readPostgresCatalog(target, DATABASE)
      expect(functions.get('citext_eq')).toBeUndefined()
      expect(functions.get('crosstab')).toEqual(['public'])
      expect([...operators.keys()]).toEqual(['==='])
      expect(types.get('citext')).toEqual(['public'])
      await client.query('DROP EXTENSION citext; DROP EXTENSION tablefunc')
    })

    it('finds the search path of an account', async () => {
      expect(catalog.searchPath).toEqual(['shop'])
      const buyer = await readPostgresCatalog(target, DATABASE, 'catalog_buyer')
      expect(buyer.searchPath).toEqual(['shop', 'public'])
      const plain = await readPostgresCatalog(target, DATABASE, 'catalog_plain')
      expect(plain.searchPath).toEqual([])
    })

    it('has a digest that follows the content alone', async () => {
      expect((await readPostgresCatalog(target, DATABASE)).digest).toBe(catalog.digest)
      await client.query('ALTER TABLE shop.p RENAME COLUMN shout TO call')
      expect((await readPostgresCatalog(target, DATABASE)).digest).not.toBe(catalog.digest)
    })

    it('refuses a database that is not there, without a word of the server', async () => {
      await expect(readPostgresCatalog(target, 'nowhere')).rejects.toMatchObject({
        code: 'SP-UPSTREAM',
        detail: 'the catalog could not be read from PostgreSQL (3D000)',
      })
    })
  })

  describe('postgresFingerprint', () => {
    const fingerprint = () => postgresFingerprint(target, DATABASE)

    it.each([
      'CREATE TEMP TABLE scratch (a int)',
      "INSERT INTO shop.users (id, email) VALUES (1, 'a@b')",
      'ANALYZE shop.users',
      'VACUUM shop.users',
      'BEGIN; ALTER TABLE shop.users ADD undone int; ROLLBACK',
    ])('stays through %s', async (statement) => {
      const before = await fingerprint()
      await client.query(statement)
      expect(await fingerprint()).toBe(before)
    })

    it.each([
      'ALTER TABLE shop.users ADD fresh int',
      'ALTER TABLE shop.users ALTER fresh TYPE bigint',
      'ALTER TABLE shop.users DROP COLUMN fresh',
      'CREATE OR REPLACE VIEW shop.names AS SELECT name, 1::bigint AS n FROM shop.users',
      "CREATE FUNCTION shop.fresh() RETURNS int LANGUAGE sql AS 'SELECT 1'",
      'ALTER TABLE shop.users ADD CHECK (id > 0)',
      'CREATE UNIQUE INDEX ON shop.users (born)',
      'ALTER TABLE shop.guarded DISABLE ROW LEVEL SECURITY',
      'ALTER TABLE shop.p DETACH PARTITION shop.p20',
      'CREATE TRIGGER again AFTER INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.touch()',
      'ALTER SCHEMA shop RENAME TO store',
      'ALTER SCHEMA store RENAME TO shop',
      'ALTER ROLE catalog_buyer SET search_path = public',
      'REVOKE USAGE ON SCHEMA shop FROM catalog_buyer',
      'DROP FUNCTION public.lower(int)',
    ])('changes with %s', async (statement) => {
      const before = await fingerprint()
      await client.query(statement)
      expect(await fingerprint()).not.toBe(before)
    })
  })
})
