import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BoundParameters, CutValue, ValueKeeper } from '../../src/audit/bound_values.ts'
import type { Target } from '../../src/session/ports.ts'
import { keptParameters } from '../../src/session/postgres/parameters.ts'
import { COLUMN_TYPE } from '../../src/wire/mysql/column-types.ts'
import type { Command } from '../../src/wire/mysql/command.ts'
import type { Bind } from '../../src/wire/postgres/bind.ts'
import type { ClientMessage } from '../../src/wire/postgres/client.ts'
import { play, type Step, targetOf, utf8, worldOf } from './fixture.ts'
import * as my from './mysql_story.ts'
import * as pg from './postgres_story.ts'

/** What the decisions of a story say of parameters, under a target's capture. */
function given(engine: Target['engine'], capture: Target['capture'], steps: readonly Step[]) {
  const made = worldOf(engine)
  const subject = { ...made.subject, target: targetOf(engine, { capture }) }
  const world = Object.assign(Object.create(made) as typeof made, { subject })
  const machine = engine === 'postgres' ? pg.machineOf(world) : my.machineOf(world)
  const events = play(world, machine, steps).flatMap((effect) => (effect.kind === 'record' ? [effect.event] : []))
  return events.flatMap((event) => (event.kind === 'decision' ? [event.parameters] : []))
}

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

function bound(values: Bind['values'], parameterFormats: Bind['parameterFormats'] = []): Bind {
  return { kind: 'bind', portal: '', statement: 's', parameterFormats, values, resultFormats: [] }
}

describe('the parameters of an execution in PostgreSQL', () => {
  const text = 'SELECT id FROM users WHERE name = $1 AND id = $2'
  const parse: ClientMessage = { kind: 'parse', name: 's', text, parameterTypes: [25, 0] }
  const values = [utf8('Jane'), hex('00000005')]
  const steps = (before: readonly ClientMessage[] = []): Step[] => [
    pg.client(parse, ...before, pg.SYNC),
    pg.server(
      pg.PARSED,
      ...(before.length > 0 ? [{ kind: 'parameterDescription', parameterTypes: [25, 23] } as const, pg.NO_DATA] : []),
      pg.ready(),
    ),
    pg.client(bound(values, [0, 1]), pg.execute(), pg.SYNC),
  ]
  const describe_: ClientMessage = { kind: 'describe', target: 'statement', name: 's' }

  it('are counted, with the types that are known', () => {
    const counted = { count: 2, types: ['text', null], values: null }
    expect(given('postgres', 'normalized', steps())).toEqual([counted])
    expect(given('postgres', 'normalized', steps([describe_]))).toEqual([{ ...counted, types: ['text', 'int4'] }])
  })

  it.each(['full', 'sealed'] as const)('are kept where the target keeps its statements: %s', (capture) => {
    const unread = { base64: 'AAAABQ==' }
    expect(given('postgres', capture, steps())).toEqual([{ count: 2, types: ['text', null], values: ['Jane', unread] }])
    const read = { count: 2, types: ['text', 'int4'], values: ['Jane', '5'] }
    expect(given('postgres', capture, steps([describe_]))).toEqual([read])
  })

  it.each<[number, string, unknown]>([
    [16, '01', 't'],
    [21, 'ffff', '-1'],
    [20, '7fffffffffffffff', '9223372036854775807'],
    [26, 'ffffffff', '4294967295'],
    [701, '3ff8000000000000', '1.5'],
    [1043, 'c3a9', 'é'],
    [3802, '01 7b7d', '{}'],
    [2950, '00112233445566778899aabbccddeeff', '00112233-4455-6677-8899-aabbccddeeff'],
    [1082, '00000001', '2000-01-02'],
    [1114, '0000000000000001', '2000-01-01T00:00:00.000001'],
    [1184, 'ffffffffffffffff', '1999-12-31T23:59:59.999999Z'],
    [1184, '7fffffffffffffff', { base64: 'f/////////8=' }],
    [23, '0005', { base64: 'AAU=' }],
    [17, '4142', { base64: 'QUI=' }],
    [1700, '0001', { base64: 'AAE=' }],
  ])('in binary, of type %i: %s', (oid, bytes, value) => {
    expect(keptParameters(bound([hex(bytes)], [1]), [oid]).values).toEqual([value])
  })
})

describe('the parameters of an execution in MySQL', () => {
  const text = 'SELECT id FROM users WHERE name = ? AND id = ?'
  const TYPES = [
    { type: COLUMN_TYPE.varString, flags: 0, name: '' },
    { type: COLUMN_TYPE.long, flags: 0, name: '' },
  ] as const
  const prepareOk = Uint8Array.from([0, 1, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0])
  const run = (first: Uint8Array | null): Command => ({
    kind: 'stmtExecute',
    statementId: 1,
    flags: 0,
    newTypes: true,
    parameters: [
      first === null
        ? { ...TYPES[0], raw: null, value: { kind: 'longData' } }
        : { ...TYPES[0], raw: Uint8Array.of(first.length, ...first), value: { kind: 'bytes', value: first } },
      { ...TYPES[1], raw: hex('05000000'), value: { kind: 'integer', value: 5n } },
    ],
    attributes: [],
  })
  const preparation: Step[] = [
    my.client(my.prepare(text)),
    my.server(prepareOk, my.column('?'), my.column('?'), my.column('users.id')),
  ]
  const steps = (...commands: readonly Command[]): Step[] => [...preparation, my.client(...commands)]
  const sent = (data: string): Command => ({
    kind: 'stmtSendLongData',
    statementId: 1,
    parameter: 0,
    data: utf8(data),
  })

  it('are counted with their types, or kept with their values', () => {
    const counted = { count: 2, types: ['varString', 'long'] }
    expect(given('mysql', 'normalized', steps(run(utf8('Jane'))))).toEqual([{ ...counted, values: null }])
    expect(given('mysql', 'full', steps(run(utf8('Jane'))))).toEqual([{ ...counted, values: ['Jane', '5'] }])
    expect(given('mysql', 'sealed', steps(run(hex('ff00'))))).toEqual([
      { ...counted, values: [{ base64: '/wA=' }, '5'] },
    ])
  })

  it('are kept where they came in pieces', () => {
    const [parameters] = given('mysql', 'full', steps(sent('Ja'), sent('ne'), run(null)))
    expect(parameters?.values).toEqual(['Jane', '5'])
    expect(given('mysql', 'normalized', steps(sent('Ja'), run(null)))[0]?.values).toBeNull()
  })
})

function kept(add: (keeper: ValueKeeper) => void): Pick<BoundParameters, 'values' | 'rest'> {
  const keeper = new ValueKeeper()
  add(keeper)
  return keeper.finish()
}

describe('what is kept of values', () => {
  it('is the begin, length and digest of a long one', () => {
    const long = Buffer.from('é'.repeat(50_000_000 / 2))
    const sha256 = createHash('sha256').update(long).digest('hex')
    const value = { text: 'é'.repeat(512), bytes: long.length, sha256 }
    expect(kept((keeper) => keeper.addText(long)).values).toEqual([value])
    const odd = Buffer.concat([Buffer.from('x'), long])
    expect(kept((keeper) => keeper.addText(odd)).values?.[0]).toMatchObject({ text: `x${'é'.repeat(511)}` })
    expect(kept((keeper) => keeper.addBytes(long)).values?.[0]).toMatchObject({
      base64: long.subarray(0, 1024).toString('base64'),
    })
    const cut = new CutValue()
    for (let at = 0; at < long.length; at += 1_000_003) cut.add(long.subarray(at, at + 1_000_003))
    expect(kept((keeper) => keeper.addCut(cut)).values).toEqual([value])
  })

  it('says of what came apart and was not kept that it was not', () => {
    expect(kept((keeper) => keeper.addCut(null)).values).toEqual([{ unread: true }])
  })

  it('is bounded for all values together, and what is beyond is counted and digested', () => {
    const value = Buffer.alloc(10_000, 'x')
    const { values, rest } = kept((keeper) => {
      for (let at = 0; at < 200; at++) keeper.addText(value)
      keeper.addNull()
    })
    const beyond = 201 - (values?.length ?? 0)
    const hash = createHash('sha256')
    for (let at = 1; at < beyond; at++) hash.update(hex('00002710')).update(value)
    hash.update(hex('ffffffff'))
    expect(rest).toEqual({ values: beyond, bytes: (beyond - 1) * 10_000, sha256: hash.digest('hex') })
    expect(JSON.stringify(values).length).toBeLessThan(1_200_000)
  })

  it('is each value as it was, where it is short', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const [value] = kept((keeper) => keeper.addText(bytes)).values ?? []
        const back = typeof value === 'string' ? Buffer.from(value) : Buffer.from(Object(value).base64, 'base64')
        expect(new Uint8Array(back)).toEqual(bytes)
      }),
    )
  })
})
