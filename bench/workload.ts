import type { EngineName } from './endpoint.ts'

const ROWS = 300_000
const POINTS = 1000

/** What every endpoint of an engine is asked. `id` finds one row; the tables of a pair differ in one thing alone. */
export interface Workload {
  readonly setup: readonly string[]
  /** The schema, or in MySQL the database, that holds the tables. */
  readonly schema: string
  readonly point: string
  /** The same row by the same key: with a masked column, under a row condition, and under one that has to be fenced. */
  readonly points: Readonly<Record<'masked' | 'filtered' | 'fenced', string>>
  readonly bulk: string
  readonly bulkMasked: string
  readonly millionRows: string
  /** A statement that differs from every other one by its number. */
  readonly unseen: (serial: number) => string
}

export function workloadOf(engine: EngineName): Workload {
  return engine === 'postgres' ? POSTGRES : MYSQL
}

/** Once the tables are there the statements are the same SQL in both families, but for the parameter's form. */
function statements(schema: string, parameter: string) {
  return {
    schema,
    point: `SELECT id, name, amount FROM ${schema}.points WHERE id = ${parameter}`,
    points: {
      masked: `SELECT id, email, amount FROM ${schema}.people WHERE id = ${parameter}`,
      filtered: `SELECT id, name, amount FROM ${schema}.shares WHERE id = ${parameter}`,
      fenced: `SELECT id, name, amount FROM ${schema}.shares WHERE id + 0 = ${parameter}`,
    },
    bulk: `SELECT * FROM ${schema}.plain`,
    bulkMasked: `SELECT * FROM ${schema}.personal`,
    unseen: (serial: number) =>
      `SELECT id, name AS n${serial}, amount + ${serial} AS more FROM ${schema}.points WHERE id = ${serial % POINTS} AND amount > 0`,
  }
}

const POSTGRES: Workload = {
  ...statements('public', '$1'),
  setup: [
    'CREATE TABLE public.points (id int PRIMARY KEY, name text NOT NULL, amount int NOT NULL)',
    `INSERT INTO public.points SELECT i, 'name ' || i, i * 7 FROM generate_series(1, ${POINTS}) i`,
    'CREATE TABLE public.plain (id int, email text, note text)',
    `INSERT INTO public.plain SELECT i, 'person' || i || '@mail.example', repeat('x', 60) FROM generate_series(1, ${ROWS}) i`,
    'CREATE TABLE public.personal AS SELECT * FROM public.plain',
    `CREATE TABLE public.people AS SELECT id, name, amount, name || '@mail.example' AS email FROM public.points`,
    'ALTER TABLE public.people ADD PRIMARY KEY (id)',
    'CREATE TABLE public.shares AS SELECT id, name, amount, id % 2 AS team FROM public.points',
    'ALTER TABLE public.shares ADD PRIMARY KEY (id)',
    'VACUUM ANALYZE',
  ],
  millionRows: 'SELECT i, i * 2 FROM generate_series(1, 1000000) AS g(i)',
}

const DIGITS = `(SELECT 0 AS d${' UNION ALL SELECT 1'.repeat(9)})`

/** Numbers from 1 by the order in which ten-row tables are joined: neither family has a series without recursion. */
function series(count: number): string {
  const tables = Array.from({ length: String(count).length }, (_, at) => `${DIGITS} AS t${at}`)
  return `SELECT ROW_NUMBER() OVER () AS i FROM ${tables.join(', ')} LIMIT ${count}`
}

const MYSQL: Workload = {
  ...statements('test', '?'),
  setup: [
    'CREATE TABLE test.points (id int PRIMARY KEY, name varchar(60) NOT NULL, amount int NOT NULL)',
    `INSERT INTO test.points SELECT i, concat('name ', i), i * 7 FROM (${series(POINTS)}) AS s`,
    'CREATE TABLE test.plain (id int, email varchar(60), note text)',
    `INSERT INTO test.plain SELECT i, concat('person', i, '@mail.example'), repeat('x', 60) FROM (${series(ROWS)}) AS s`,
    'CREATE TABLE test.personal LIKE test.plain',
    'INSERT INTO test.personal SELECT * FROM test.plain',
    'CREATE TABLE test.people (id int PRIMARY KEY, name varchar(60), amount int, email varchar(80))',
    `INSERT INTO test.people SELECT id, name, amount, concat(name, '@mail.example') FROM test.points`,
    'CREATE TABLE test.shares (id int PRIMARY KEY, name varchar(60), amount int, team int)',
    'INSERT INTO test.shares SELECT id, name, amount, id % 2 FROM test.points',
    'ANALYZE TABLE test.points, test.plain, test.personal, test.people, test.shares',
  ],
  millionRows: 'SELECT a.id, b.amount FROM test.points AS a, test.points AS b',
}
