import type { Grant } from '../../src/policy/grant.ts'
import { type PrivilegesInput, privilegesOf } from '../../src/policy/privileges.ts'
import type { Role } from '../../src/policy/role.ts'
import type { AccountLedger, Credential, LeftAccount, LiveCredential, NewAccount } from '../../src/session/ports.ts'
import type { Catalog } from '../../src/sql/catalog.ts'
import type { AccountSettings } from '../../src/upstream/accounts.ts'
import type { AccountNote } from '../../src/upstream/accounts_endings.ts'

export const NODE = 'node-1'

export const SETTINGS: AccountSettings = {
  ttlMarginMs: 60_000,
  warm: 0,
  ownerRole: null,
  memberOf: [],
  marker: 'sallyport_sessions',
  host: '%',
  replicaWaitMs: 5_000,
}

/** A ledger in memory, as one of a store would be. */
export interface KeptLedger extends AccountLedger {
  readonly entries: Map<string, NewAccount & { state: string; node: string }>
  /** Of another node, or of a process before this one. */
  add(account: NewAccount, node: string): void
  live: Set<string>
  /** Nodes that are gone for good. */
  abandoned: Set<string>
}

export function keptLedger(): KeptLedger {
  const entries: KeptLedger['entries'] = new Map()
  const live = new Set<string>()
  const abandoned = new Set<string>()
  const state = async (name: string, to: string) => {
    const entry = entries.get(name)
    if (entry) entry.state = to
  }
  return {
    entries,
    live,
    abandoned,
    add: (account, node) => void entries.set(account.name, { ...account, state: 'creating', node }),
    note: async (account) => void entries.set(account.name, { ...account, state: 'creating', node: NODE }),
    made: (_target, name) => state(name, 'open'),
    closing: (_target, name) => state(name, 'closing'),
    dropped: (_target, name) => state(name, 'dropped'),
    failed: (_target, name) => state(name, 'orphaned'),
    left: async (target) =>
      [...entries.values()]
        .filter((one) => one.target === target && one.state !== 'dropped')
        .map(
          ({ state: _, ...one }): LeftAccount => ({
            ...one,
            inUse: live.has(one.sessionId),
            abandoned: abandoned.has(one.node),
          }),
        ),
  }
}

export function fixed(credential: Credential): LiveCredential {
  return rotated(credential)
}

/** Each in turn while the one before is refused. */
export function rotated(...credentials: readonly Credential[]): LiveCredential {
  return {
    candidates: async () => credentials,
    use: async (attempt, refused) => {
      for (const credential of credentials.slice(0, -1)) {
        try {
          return await attempt(credential)
        } catch (error) {
          if (!refused(error)) throw error
        }
      }
      return attempt(credentials.at(-1) as Credential)
    },
  }
}

/** Privileges by what the input says now. */
export function atHand(inputOf: (role: Role, grant: Grant) => PrivilegesInput) {
  return async (session: { readonly role: Role }, _target: unknown, grant: Grant) => {
    const input = inputOf(session.role, grant)
    return {
      key: `${input.role.digest}\0${JSON.stringify(input.masking.masks)}`,
      catalog: input.catalog,
      privilegesIn: async (catalog: Catalog) => privilegesOf({ ...input, catalog }),
    }
  }
}

export function notesOf(notes: readonly AccountNote[], kind: AccountNote['kind']): readonly AccountNote[] {
  return notes.filter((note) => note.kind === kind)
}
