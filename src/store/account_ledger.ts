import type { WriteTx } from '../access/ports.ts'
import type { AccountRecord, NodeRecord } from '../access/records.ts'
import { SallyportError } from '../errors.ts'
import type { AccountLedger, Clock, LeftAccount } from '../session/ports.ts'
import { GroupedWrites } from './grouped_writes.ts'
import { BEAT_EVERY_MS, isSeen, notSeenForMs } from './nodes.ts'
import { everyRecord } from './snapshot.ts'
import type { SqlStore } from './sql_store.ts'

/** A login may take so long from the noting of its account to its session. Milliseconds. */
const LOGIN_WITHIN_MS = 60_000
/** What is known of dropped accounts is let go of after so long. Milliseconds. */
const DROPPED_KEPT_MS = 7 * 24 * 60 * 60 * 1_000
/** And so many at a time. */
const MAX_LET_GO = 200

export interface AccountLedgerDeps {
  readonly store: SqlStore
  readonly clock: Clock
  readonly node: string
  /** When this process began, by its own clock. */
  readonly startedAt: number
  /** For how long a node that is cut off from the store goes on; all nodes are configured alike. */
  readonly leaseMs: number
  /** Whether a session of this node lives. */
  readonly isLive: (sessionId: string) => boolean
}

/** The accounts of all nodes, in the store. */
export function createAccountLedger(deps: AccountLedgerDeps): AccountLedger {
  const { store, clock, node } = deps
  const writes = new GroupedWrites(store)
  /** When this node last noted it, in monotonic milliseconds: a login that is under way has no session yet. */
  const notedAt = new Map<string, number>()
  const change = (id: string, of: (record: AccountRecord) => Partial<AccountRecord>) =>
    writes.write(async (tx) => {
      const record = await tx.accounts.get(id)
      if (!record) throw new SallyportError('SP-NOT-FOUND', `account ${id} was never noted`)
      await tx.accounts.update({ ...record, ...of(record) })
    })
  return {
    note: async (account) => {
      const id = idOf(account.target, account.name)
      notedAt.set(id, clock.monotonic())
      await writes.write(async (tx) => {
        const known = await tx.accounts.get(id)
        const { target, name, sessionId, grantId, expiresAt } = account
        const now = { target, name, sessionId, grantId, expiresAt, node }
        if (known) await tx.accounts.update({ ...known, ...now })
        else await tx.accounts.insert({ id, version: 1, ...now, ...unmade(clock.now()) })
      })
    },
    made: (target, name) => change(idOf(target, name), () => ({ state: 'open' })),
    closing: (target, name) => change(idOf(target, name), () => ({ state: 'closing' })),
    dropped: async (target, name) => {
      notedAt.delete(idOf(target, name))
      await change(idOf(target, name), () => ({ state: 'dropped', droppedAt: clock.now() }))
    },
    failed: (target, name, why) =>
      change(idOf(target, name), ({ attempts }) => ({ state: 'orphaned', attempts: attempts + 1, lastError: why })),
    left: async (target) => {
      await writes.write((tx) => letGoOfDropped(tx, clock.now()))
      return left(deps, target, (id) => clock.monotonic() - (notedAt.get(id) ?? -LOGIN_WITHIN_MS) < LOGIN_WITHIN_MS)
    },
  }
}

function idOf(target: string, name: string): string {
  return `${target}/${name}`
}

function unmade(createdAt: number) {
  return { state: 'creating', createdAt, attempts: 0, lastError: null, droppedAt: null } as const
}

async function left(
  deps: AccountLedgerDeps,
  target: string,
  loggingIn: (id: string) => boolean,
): Promise<readonly LeftAccount[]> {
  return deps.store.read(async (tx) => {
    const accounts = await everyRecord(tx.accounts, { target, state: ['creating', 'open', 'closing', 'orphaned'] })
    const nodes = new Map((await everyRecord(tx.nodes, {})).map((record) => [record.id, record]))
    const found: LeftAccount[] = []
    for (const account of accounts) {
      const { name, sessionId, grantId, expiresAt, node } = account
      const own = node === deps.node
      const from = nodes.get(node)
      const inUse = own
        ? usedHere(deps, account, loggingIn(account.id))
        : usedElsewhere(deps, account, from) && (await tx.sessions.get(sessionId))?.endedAt == null
      found.push({
        target,
        name,
        sessionId,
        grantId,
        expiresAt,
        node,
        inUse,
        abandoned: isAbandoned(deps, account, from),
      })
    }
    return found
  })
}

/** Of a time before this process began nothing lives. */
function usedHere(
  { startedAt, isLive }: AccountLedgerDeps,
  { state, sessionId, createdAt }: AccountRecord,
  loggingIn: boolean,
): boolean {
  if (state === 'closing' || state === 'orphaned' || createdAt < startedAt) return false
  return sessionId === '' || loggingIn || isLive(sessionId)
}

/** As far as is known: a session of another node is in the store a few seconds after it began. */
function usedElsewhere(
  deps: AccountLedgerDeps,
  { state, createdAt }: AccountRecord,
  node: NodeRecord | undefined,
): boolean {
  if (state === 'orphaned' || node === undefined) return false
  return isSeen(node, deps) && createdAt >= node.startedAt
}

/** A node that is cut off may let its sessions run until its lease is over, also when it isn't seen any more. */
function isAbandoned(deps: AccountLedgerDeps, { createdAt }: AccountRecord, node: NodeRecord | undefined): boolean {
  if (node === undefined || createdAt < node.startedAt) return true
  return !isSeen(node, deps) && notSeenForMs(node, deps) >= deps.leaseMs + BEAT_EVERY_MS
}

async function letGoOfDropped(tx: WriteTx, now: number): Promise<void> {
  const where = { state: 'dropped', expiresAt: { to: now - DROPPED_KEPT_MS } }
  for (const { id } of await tx.accounts.list({ where, limit: MAX_LET_GO })) await tx.accounts.remove(id)
}
