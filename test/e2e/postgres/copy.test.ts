import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerMessage } from '../../../src/wire/postgres/server.ts'
import type { Section } from '../../servers/sallyport.ts'
import { grantOf, type Person, type PostgresStack, startPostgresStack } from '../stack.ts'
import { CLUB_SQL, OWNER, READER, SHOWN_IN_PART } from './club.ts'
import { auditOf, recordAfter } from './records.ts'
import { bind, cellsOf, errorOf, execute, kindsOf, parse, query, statusOf, sync, type Wire, wireOf } from './wire.ts'

/** COPY in both directions with a real server: what the proxy makes is compared byte for byte with what the server makes. */

const EXPORTER: Section = {
  name: 'exporter',
  scope: [
    {
      databases: ['postgres'],
      schemas: ['club'],
      tables: ['*'],
      exceptTables: ['safes'],
      verbs: ['read', 'export', 'insert'],
    },
  ],
}

/** A column of each common type, and the characters that COPY has to escape. */
const SAMPLES = [
  `CREATE TYPE club.colour AS ENUM ('red', 'sea, green')`,
  `CREATE TABLE club.samples (
     id int PRIMARY KEY, small smallint, large bigint, exact numeric(12,4), single real, precise double precision,
     flag boolean, words text, short varchar(40), fixed char(6), bytes bytea, day date, moment timestamptz, plain timestamp,
     clock time, span interval, code uuid, tree jsonb, raw json, address inet, bits bit varying(9), tags text[],
     numbers int[], range int4range, shape point, money money, colour club.colour, doc xml, search tsvector,
     doubled int GENERATED ALWAYS AS (id * 2) STORED, "odd ""name, here" text)`,
  `INSERT INTO club.samples VALUES
     (1, -2, 9007199254740993, 12.5000, 1.5, 0.1, true, E'tab\\there\\nline\\rreturn\\\\back\\b\\f\\v', 'a,b"c', 'pad',
      '\\xdeadbeef', '2020-02-29', '2020-02-29 12:34:56.789+02', '1999-12-31 23:59:59', '23:59:59.5', '1 year 2 days 03:04:05',
      '0190a2b4-0000-7000-8000-000000000001', '{"a": ["b\\\\c", null]}', '{ "x" : 1 }', '192.0.2.0/24', B'101', ARRAY['a,b', 'c"d', NULL, ''],
      '{1,2,NULL}', '[1,10)', '(1.5,-2)', '12.34', 'sea, green', '<a>x</a>', 'cat:1 dog', DEFAULT, 'plain'),
     (2, NULL, NULL, 'NaN', 'Infinity', '-0', NULL, '', '\\N', '', '\\x', 'infinity', '-infinity', NULL, NULL, NULL,
      NULL, 'null', NULL, '::1', B'', '{}', NULL, 'empty', NULL, NULL, 'red', NULL, NULL, DEFAULT, '\\.'),
     (3, 0, 0, 0, 0, 0, false, 'Zürich – 東京 😀', '"', ' x ', '\\x00', NULL, NULL, NULL, NULL, NULL,
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, DEFAULT, NULL)`,
  'CREATE TABLE club.taken (id int PRIMARY KEY, label text)',
  'CREATE TABLE club.single (word text)',
  `INSERT INTO club.single VALUES ('\\.'), (''), (NULL), ('a'), ('"'), ('x,y')`,
]

let stack: PostgresStack

beforeAll(async () => {
  stack = await startPostgresStack({
    setupSql: [...CLUB_SQL, ...SAMPLES],
    roles: [READER, EXPORTER, { ...OWNER, exports: true }],
    masking: SHOWN_IN_PART,
    grants: () => [grantOf('alice', 'exporter'), grantOf('bob', 'reader'), grantOf('carol', 'owner')],
  })
})
afterAll(() => stack?.stop())

async function as<T>(person: Person, run: (wire: Wire) => Promise<T>): Promise<T> {
  const wire = await wireOf(stack, person)
  try {
    return await run(wire)
  } finally {
    wire.end()
  }
}

function dataOf(messages: readonly ServerMessage[]): string {
  const data = messages.flatMap((message) => (message.kind === 'copyData' ? [Buffer.from(message.data)] : []))
  return Buffer.concat(data).toString('latin1')
}

const tagOf = (messages: readonly ServerMessage[]) => messages.find(({ kind }) => kind === 'commandComplete')
const headOf = (messages: readonly ServerMessage[]) => messages.find(({ kind }) => kind === 'copyOutResponse')

async function inStep(wire: Wire): Promise<void> {
  expect(cellsOf(await wire.ask(query('SELECT 41 + 1')))).toEqual([['42']])
}

const TABLES = [
  'club.samples',
  'club.single',
  '(SELECT * FROM club.samples ORDER BY id DESC)',
  '(SELECT 1 AS a, NULL AS b)',
]
const OPTIONS = [
  '',
  'CSV HEADER',
  `(FORMAT csv, DELIMITER ';', QUOTE '''', ESCAPE '\\', NULL 'nil', FORCE_QUOTE *)`,
  `(HEADER, DELIMITER ',', NULL '')`,
  `(FORMAT csv, HEADER, NULL 'a')`,
  '(FORMAT binary)',
]

describe('COPY TO STDOUT of a narrow role with the verb export', () => {
  it.each(TABLES.flatMap((table) => OPTIONS.map((options) => `COPY ${table} TO STDOUT ${options}`)))(
    'is what the server itself gives: %s',
    async (text) => {
      const [ours, own] = await Promise.all([
        as('alice', (wire) => wire.ask(query(text))),
        as('carol', (wire) => wire.ask(query(text))),
      ])
      expect(dataOf(ours)).toBe(dataOf(own))
      expect(kindsOf(ours)).toEqual(kindsOf(own))
      expect([headOf(ours), tagOf(ours)]).toEqual([headOf(own), tagOf(own)])
      expect(tagOf(ours)).toBeDefined()
    },
  )

  it('is masked, and masked columns give nothing away in binary either', async () => {
    await as('alice', async (wire) => {
      const text = await wire.ask(query('COPY club.members (id, name, email, phone, born, dues) TO STDOUT'))
      expect(dataOf(text)).toMatch(/^1\tAnchor One\t/)
      const binary = await wire.ask(query('COPY (SELECT * FROM ONLY club.members) TO STDOUT (FORMAT binary)'))
      expect(tagOf(binary)).toMatchObject({ tag: 'COPY 3' })
      expect(`${dataOf(text)}${dataOf(binary)}`).not.toMatch(/CANARY-MAIL|CANARY-TEL-\d{3}|1911-01-11|9110/)
      await inStep(wire)
    })
  })

  it('works by the extended protocol and in a transaction', async () => {
    await as('alice', async (wire) => {
      await wire.ask(query('BEGIN'))
      const statement = { kind: 'describe', target: 'statement', name: '' } as const
      const answer = await wire.ask(parse('COPY club.single TO STDOUT'), statement, bind(), execute(), sync)
      expect(kindsOf(answer).filter((kind) => kind !== 'copyData')).toEqual([
        'parseComplete',
        'parameterDescription',
        'noData',
        'bindComplete',
        'copyOutResponse',
        'copyDone',
        'commandComplete',
        'readyForQuery',
      ])
      expect(statusOf(answer)).toBe('T')
      const failing = await wire.ask(query('COPY (SELECT 1 / (id - 2) FROM club.samples ORDER BY id) TO STDOUT'))
      expect([errorOf(failing).C, statusOf(failing)]).toEqual(['22012', 'E'])
      await wire.ask(query('ROLLBACK'))
      await inStep(wire)
    })
  })

  it('is recorded once, with the verb and what left', async () => {
    const from = auditOf(stack).length
    await as('alice', (wire) => wire.ask(query('COPY club.single TO STDOUT')))
    const completion = await recordAfter(stack, from, ({ unmapped: { jit } }) => jit.rows?.returned === 6)
    expect(completion.unmapped.jit.statement?.kind).toBe('copy')
    const decisions = auditOf(stack)
      .slice(from)
      .filter(({ unmapped: { jit } }) => jit.decision?.effect === 'allow')
    expect(
      decisions.map(({ unmapped: { jit } }) => [jit.statement?.kind, jit.objects?.map(({ name }) => name)]),
    ).toEqual([['copy', ['single']]])
    expect(JSON.stringify(decisions)).toContain('export')
  })

  it.each([
    ['bob', 'COPY club.boats TO STDOUT', 'SP-EXPORT'],
    ['alice', 'COPY club.safes TO STDOUT', 'SP-EXPORT'],
    ['alice', 'SELECT 1; COPY club.boats TO STDOUT', 'SP-MULTI'],
    ['alice', `COPY club.boats TO '/tmp/boats'`, 'SP-EXPORT'],
    ['alice', `COPY club.boats TO PROGRAM 'cat'`, 'SP-EXPORT'],
  ] as const)('%s is refused %s', async (person, text, code) => {
    await as(person, async (wire) => {
      const answer = await wire.ask(query(text))
      expect(kindsOf(answer)).toEqual(['errorResponse', 'readyForQuery'])
      expect(errorOf(answer).M).toContain(code)
      await inStep(wire)
    })
  })
})

describe.each(['alice', 'carol'] as const)('COPY FROM STDIN of %s', (person) => {
  const base = person === 'alice' ? 100 : 200

  it('takes rows in both protocols', async () => {
    await as(person, async (wire) => {
      const encoder = new TextEncoder()
      wire.send(query('COPY club.taken FROM STDIN'))
      await wire.read('copyInResponse')
      wire.send({ kind: 'copyData', data: encoder.encode(`${base + 1}\tone\n${base + 2}\t`) })
      const simple = await wire.ask({ kind: 'copyData', data: encoder.encode('two\n') }, { kind: 'copyDone' })
      expect(tagOf(simple)).toMatchObject({ tag: 'COPY 2' })
      wire.send(parse('COPY club.taken (id, label) FROM STDIN CSV'), bind(), execute(), sync)
      await wire.read('copyInResponse')
      const data = { kind: 'copyData', data: encoder.encode(`${base + 3},three\n`) } as const
      const extended = await wire.ask(data, { kind: 'copyDone' }, sync)
      expect([tagOf(extended), statusOf(extended)]).toMatchObject([{ tag: 'COPY 1' }, 'I'])
      await inStep(wire)
    })
  })

  it('stays in step where the data or the client fails', async () => {
    await as(person, async (wire) => {
      for (const text of ['x\tbad\n', '5000\tgood\n']) {
        wire.send(query('COPY club.taken FROM STDIN'))
        await wire.read('copyInResponse')
        wire.send({ kind: 'copyData', data: new TextEncoder().encode(text) })
        const failed = await wire.ask({ kind: 'copyFail', reason: 'no more' })
        expect(errorOf(failed).C).toMatch(/^(22P02|57014)$/)
        await inStep(wire)
      }
    })
  })
})

describe('COPY of an unrestricted role', () => {
  it('goes several times in one message', async () => {
    await as('carol', async (wire) => {
      const text = 'COPY club.single TO STDOUT; COPY club.taken FROM STDIN; SELECT 1; COPY club.single TO STDOUT CSV'
      wire.send(query(text))
      await wire.read('copyInResponse')
      const rest = await wire.ask(
        { kind: 'copyData', data: new TextEncoder().encode('900\tx\n') },
        { kind: 'copyDone' },
      )
      expect(kindsOf(rest).filter((kind) => kind === 'commandComplete').length).toBe(3)
      await inStep(wire)
    })
  })

  it('calls functions by the fast path', async () => {
    await as('carol', async (wire) => {
      wire.send({ kind: 'functionCall', functionOid: 1598, argumentFormats: [], values: [], resultFormat: 0 })
      expect(kindsOf(await wire.read('readyForQuery'))).toEqual(['functionCallResponse', 'readyForQuery'])
      wire.send({ kind: 'functionCall', functionOid: 1, argumentFormats: [], values: [], resultFormat: 0 })
      expect(kindsOf(await wire.read('readyForQuery'))).toEqual(['errorResponse', 'readyForQuery'])
      await inStep(wire)
    })
  })
})
