import { beforeEach, expect, it } from 'vitest'
import type { AccountEngine } from '../../src/upstream/accounts.ts'
import { type AccountNote, Endings } from '../../src/upstream/accounts_endings.ts'
import { type KeptLedger, keptLedger, notesOf, SETTINGS } from './accounts_fixture.ts'
import { targetOf } from './target.ts'

/** How accounts end together, and what happens where a step fails. */

const target = targetOf({ engine: 'postgres', port: 1 })
const place = { target, loginTarget: target, settings: SETTINGS }

let calls: string[]
let notes: AccountNote[]
let ledger: KeptLedger

beforeEach(() => {
  calls = []
  notes = []
  ledger = keptLedger()
})

function endings(over: Partial<AccountEngine> = {}, gone: string[] = []): Endings {
  const engine: AccountEngine = {
    prepare: async () => [],
    create: async () => {},
    stop: async (_target, names) => void calls.push(`stop ${names.join(' ')}`),
    drop: async (_target, names) => {
      calls.push(`drop ${names.join(' ')}`)
      return new Map()
    },
    found: async () => [],
    sweep: async () => {},
    close: async () => {},
    ...over,
  }
  return new Endings({
    engineOf: () => engine,
    ledger,
    clock: { now: () => 0, monotonic: () => 0 },
    report: (note) => void notes.push(note),
    observe: (what) => void calls.push(what),
    gone: (name) => void gone.push(name),
  })
}

function note(...names: readonly string[]): void {
  for (const name of names) ledger.add({ target: 'shop', name, sessionId: 's', grantId: 'g', expiresAt: 0 }, 'node-1')
}

it('ends those together that are asked for in one turn, and stops all before it drops any', async () => {
  note('a', 'b', 'c')
  const all = endings()
  await Promise.all(['a', 'b', 'c'].map((name) => all.end(place, name)))
  expect(calls.filter((call) => call.includes(' '))).toEqual(['stop a b c', 'drop a b c'])
  expect([...ledger.entries.values()].map(({ state }) => state)).toEqual(['dropped', 'dropped', 'dropped'])
})

it('keeps nobody alive for a ledger that can not be reached', async () => {
  const away = async (): Promise<void> => {
    throw new Error('away')
  }
  Object.assign(ledger, { closing: away, dropped: away })
  const gone: string[] = []
  expect(await endings({}, gone).end(place, 'a')).toEqual({ name: 'a', stoppedMs: 0, droppedMs: 0 })
  expect(gone).toEqual(['a'])
  expect(notesOf(notes, 'failed')).toHaveLength(2)
})

it.each([
  ['stop', { name: 'a', stoppedMs: null, droppedMs: null }],
  ['drop', { name: 'a', stoppedMs: 0, droppedMs: null }],
] as const)('says what failed, and leaves it to the janitor: %s', async (step, expected) => {
  note('a')
  const fail = async (): Promise<never> => {
    throw new Error('away')
  }
  expect(await endings({ [step]: fail }).end(place, 'a')).toEqual(expected)
  expect(ledger.entries.get('a')?.state).toBe('orphaned')
  expect(notesOf(notes, 'orphaned')).toHaveLength(1)
})

it('tells of those alone that could not be dropped', async () => {
  note('a', 'b')
  const all = endings({ drop: async () => new Map([['b', '2BP01 owns things']]) })
  const ended = await Promise.all(['a', 'b'].map((name) => all.end(place, name)))
  expect(ended.map(({ droppedMs }) => droppedMs)).toEqual([0, null])
  expect(notesOf(notes, 'orphaned')).toEqual([
    { kind: 'orphaned', target: 'shop', name: 'b', why: '2BP01 owns things' },
  ])
})
