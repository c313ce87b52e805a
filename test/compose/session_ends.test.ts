import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type SessionEnds, sessionEnder } from '../../src/compose/session_ends.ts'
import type { SallyportError } from '../../src/errors.ts'
import { Sessions } from '../../src/proxy/sessions.ts'
import { openStore } from '../../src/store/open_store.ts'
import type { SqlStore } from '../../src/store/sql_store.ts'
import { clockAt } from '../store/clock.ts'
import { ALICE, BOB } from '../store/records.ts'

const ISSUER = ALICE.issuer
const RECORD = {
  version: 1,
  target: 'orders',
  database: null,
  role: 'reader',
  grantId: 'g',
  databaseUser: null,
  clientAddress: '192.0.2.7',
  application: null,
  startedAt: 1,
  lastSeenAt: 1,
  lastStatement: null,
  endedAt: null,
}
const log = pino({ level: 'silent' })

let store: SqlStore
let nodes: readonly { readonly sessions: Sessions; readonly ends: SessionEnds }[]
let ended: string[]

beforeEach(async () => {
  store = await openStore({ kind: 'sqlite', dir: null }, { clock: clockAt(1_000).clock })
  ended = []
  nodes = ['node-1', 'node-2'].map((node) => {
    const sessions = new Sessions()
    return { sessions, ends: sessionEnder({ store, sessions, node, log }) }
  })
})
afterEach(async () => {
  for (const { ends } of nodes) ends.close()
  await store.close()
})

async function opened(id: string, at: 0 | 1, person: typeof ALICE, sid: string | null): Promise<void> {
  const { sessions } = nodes[at]!
  const named = sid === null ? {} : { sid }
  sessions.add({
    id,
    person,
    ...named,
    unfounded: () => null,
    target: 'orders',
    number: sessions.newNumber(),
    cancelKey: sessions.newKey(0),
    cancelStatement: () => undefined,
    end: ({ code, detail }: SallyportError) => void ended.push(`${id} ${code} ${detail}`),
    tick: () => undefined,
    idle: () => true,
  })
  const node = `node-${at + 1}`
  await store.write((tx) => tx.sessions.insert({ ...RECORD, id, node, person, ...named }).then(() => undefined))
}

const endedIds = () => [...new Set(ended.map((line) => line.split(' ')[0]))].sort()

it('a logout by the session with the provider ends what was opened under it, on every node', async () => {
  await opened('here', 0, ALICE, 'sid-1')
  await opened('there', 1, ALICE, 'sid-1')
  await opened('other-login', 1, ALICE, 'sid-2')
  await opened('by-password', 1, ALICE, null)
  await opened('other-issuer', 1, { ...BOB, issuer: 'https://other.example.test' }, 'sid-1')
  nodes[0]?.ends.endOf({ issuer: ISSUER, subject: null, sid: 'sid-1' })
  await vi.waitFor(() => expect(endedIds()).toEqual(['here', 'there']))
  expect(ended[0]).toMatch(/SP-REVOKED the session was ended by the identity provider/)
  const marked = await store.read((tx) => tx.sessions.get('other-login'))
  expect(marked?.endAsked).toBeUndefined()
})

it('a logout of the person ends all that they have open, and one that names nobody nothing', async () => {
  await opened('here', 0, ALICE, 'sid-1')
  await opened('there', 1, ALICE, null)
  await opened('of-bob', 1, BOB, 'sid-3')
  nodes[1]?.ends.endOf({ issuer: ISSUER, subject: null, sid: null })
  nodes[1]?.ends.endOf({ issuer: ISSUER, subject: ALICE.subject, sid: 'sid-3' })
  await vi.waitFor(() => expect(endedIds()).toEqual(['here', 'there']))
})
