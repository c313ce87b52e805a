import type { Connection } from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { generatedStatements } from '../../refused/generated.ts'
import { FAMILIES } from './families.ts'
import { type Person, type Stack, startStack } from './stack.ts'

/**
 * Two databases of one server that differ in masked values and in rows out of scope alone: a statement made at random has
 * to get the same answer in both, error or rows, in the same order (but in MariaDB, which leaves rows that sort alike in
 * an order of chance). More of them: INTERFERENCE_STATEMENTS, from another
 * seed: INTERFERENCE_SEED.
 */
const STATEMENTS = Number(process.env.INTERFERENCE_STATEMENTS ?? 300)
const SEED = Number(process.env.INTERFERENCE_SEED ?? 7)
const DATABASES = ['one', 'two'] as const

type Hidden = Readonly<Record<'y' | 's' | 'z' | 'v' | 'outside', readonly string[]>>

/** Where a mask keeps a part of a value the part is the same. */
const HIDDEN: Readonly<Record<(typeof DATABASES)[number], Hidden>> = {
  one: {
    y: ['5', '6', '5', '2'],
    s: ["'p-1'", "'x-1'", "'q-1'", 'NULL'],
    z: ['12', '13', '12', '21'],
    v: ['1', '2', '1'],
    outside: ["(3, 500, 7, 'p')", "(1, 501, 8, 'q')"],
  },
  two: {
    y: ['-1', 'NULL', '3', '9'],
    s: ["'p-2'", "'x-2'", "'q-0'", 'NULL'],
    z: ['19', '11', '10', '29'],
    v: ['NULL', '7', '-3'],
    outside: ["(NULL, 900, 9, 'x')", '(2, 901, 11, NULL)'],
  },
}

function fixture(database: keyof typeof HIDDEN): readonly string[] {
  const { y, s, z, v, outside } = HIDDEN[database]
  const t = (name: string) => `${database}.${name}`
  return [
    `CREATE DATABASE ${database}`,
    `CREATE TABLE ${t('a')} (id int PRIMARY KEY, x int, y int, s varchar(20), KEY (y), KEY (x))`,
    `CREATE TABLE ${t('b')} (id int, z int, x int, s varchar(20), KEY (x), KEY (z), KEY (s))`,
    `CREATE TABLE ${t('c')} (x int, w int NOT NULL, id int PRIMARY KEY, s varchar(20), KEY (x))`,
    `CREATE TABLE ${t('d')} (y int, x int, v int DEFAULT 3, KEY (v, x))`,
    `CREATE VIEW ${t('va')} AS SELECT id, x, y AS vy FROM ${t('a')} WHERE s IS NOT NULL`,
    `INSERT INTO ${t('a')} VALUES (1, 1, ${y[0]}, 'p'), (2, 1, ${y[1]}, 'q'), (3, 2, ${y[2]}, 'r'), (4, NULL, ${y[3]}, NULL)`,
    `INSERT INTO ${t('b')} VALUES (1, ${z[0]}, 1, ${s[0]}), (1, ${z[1]}, 2, ${s[1]}), (2, ${z[2]}, NULL, ${s[2]}), (5, ${z[3]}, 3, ${s[3]})`,
    `INSERT INTO ${t('c')} VALUES (1, 10, 1, 'p'), (2, 20, 2, 'q'), (2, 30, 4, NULL), (NULL, 1, 5, 'x'), ${outside.join(', ')}`,
    `INSERT INTO ${t('d')} VALUES (5, 1, ${v[0]}), (6, 2, ${v[1]}), (2, NULL, ${v[2]})`,
  ]
}

const SCHEMAS = { schemas: [...DATABASES] }
const WHERE = [{ column: 'w', op: '<', values: [100] }]
const WRITES = ['read', 'insert', 'update', 'delete']
const ROLES = [
  {
    name: 'reader',
    scope: [
      { ...SCHEMAS, tables: ['c'], verbs: ['read'], where: WHERE },
      { ...SCHEMAS, tables: ['*'], verbs: ['read'] },
    ],
  },
  {
    name: 'writer',
    scope: [
      { ...SCHEMAS, tables: ['c'], verbs: WRITES, where: WHERE },
      { ...SCHEMAS, tables: ['*'], verbs: WRITES },
    ],
  },
  { name: 'unlimited', unrestricted: true },
]
const MASKING = {
  masks: [
    { ...SCHEMAS, tables: ['a'], columns: ['y'], strategy: 'null' },
    { ...SCHEMAS, tables: ['b'], columns: ['s'], strategy: 'partial', keepFirst: 1 },
    { ...SCHEMAS, tables: ['b'], columns: ['z'], strategy: 'bucket', width: 10 },
    { ...SCHEMAS, tables: ['d'], columns: ['v'], strategy: 'null' },
  ],
}

/** As the client sees it: rows, or what was changed, or the error. */
async function answerTo(connection: Connection, sql: string, prepared: boolean): Promise<string> {
  const options = { sql, rowsAsArray: true }
  await connection.query('START TRANSACTION')
  try {
    const [rows] = await (prepared ? connection.execute(options) : connection.query(options))
    return JSON.stringify(rows)
  } catch (error) {
    const { errno, message } = error as { errno?: number; message: string }
    return `${errno} ${message.replaceAll(/\b(?:one|two)\b/g, '-')}`
  } finally {
    await connection.query('ROLLBACK')
  }
}

function orderless(answer: string, server: (typeof FAMILIES)[number]['name']): string {
  if (server === 'MySQL' || !answer.startsWith('[')) return answer
  return (JSON.parse(answer) as unknown[])
    .map((row) => JSON.stringify(row))
    .sort()
    .join()
}

for (const family of FAMILIES) {
  family.describe(`statements made at random on ${family.name}`, () => {
    let stack: Stack
    beforeAll(async () => {
      const proxy = { roles: ROLES, masking: MASKING }
      stack = await startStack(family.start, { fixture: DATABASES.flatMap(fixture), proxy })
    })
    afterAll(() => stack?.stop())

    async function told(person: Person): Promise<{ different: string[]; answered: number }> {
      const both = await Promise.all(DATABASES.map((database) => stack.connect(person, { database })))
      const different: string[] = []
      let answered = 0
      for (const [at, sql] of generatedStatements(SEED, STATEMENTS).entries()) {
        const [one = '', two = ''] = await Promise.all(
          both.map((connection) => answerTo(connection, sql, at % 2 === 1)),
        )
        if (one.startsWith('[') || one.startsWith('{')) answered++
        if (orderless(one, family.name) !== orderless(two, family.name))
          different.push(`${sql}\n  ${one.slice(0, 200)}\n  ${two.slice(0, 200)}`)
      }
      for (const connection of both) connection.destroy()
      return { different, answered }
    }

    it.each<Person>(['alice', 'bob'])('tell nothing that is hidden: %s', async (person) => {
      const { different, answered } = await told(person)
      expect(different).toEqual([])
      expect(answered).toBeGreaterThan(STATEMENTS / 15)
    })

    it('tell who sees everything the two databases apart', async () => {
      expect((await told('carol')).different.length).toBeGreaterThan(STATEMENTS / 15)
    })
  })
}
