import { type AccessEvent, type Actor, accessEvent } from '../audit/access_event.ts'
import type { Grant } from '../policy/grant.ts'
import type { AccountLedger, AccountSession, AuditLog, Clock, NewAccount } from '../session/ports.ts'

interface AccountRecordsDeps {
  readonly ledger: AccountLedger
  readonly audit: Pick<AuditLog, 'append'>
  readonly grants: { snapshot(): { readonly grants: readonly Grant[] } }
  readonly clock: Clock
  readonly newId: () => string
  /** Told of an end that could not be recorded: nobody's account lives on for that. */
  readonly failed: (error: unknown) => void
}

interface AccountRecords {
  readonly ledger: AccountLedger
  /** While `work` runs, accounts of the session are recorded as its person's. */
  during<T>(session: AccountSession, work: () => Promise<T>): Promise<T>
}

/** The ledger of accounts with the audit log before it: no account is made that is not on record. */
export function recordAccounts(deps: AccountRecordsDeps): AccountRecords {
  const { ledger, audit, failed } = deps
  /** By name, until they are gone: what was said of them. */
  const made = new Map<string, AccessEvent>()
  const holders = new Map<string, Actor>()
  const create = async (account: NewAccount) => {
    const event = createdEvent(deps, account, holders.get(account.sessionId) ?? null)
    await audit.append([event])
    made.set(account.name, event)
  }
  return {
    ledger: {
      ...boundTo(ledger),
      note: async (account) => {
        // What is noted again was made ahead, or goes on under the next grant.
        if (!made.has(account.name)) await create(account)
        await ledger.note(account)
      },
      dropped: async (target, name) => {
        const before = made.get(name)
        made.delete(name)
        if (before !== undefined) audit.append([droppedEvent(deps, before)]).catch(failed)
        await ledger.dropped(target, name)
      },
      failed: async (target, name, why) => {
        // From now on it is the janitor's, which says what became of it.
        made.delete(name)
        await ledger.failed(target, name, why)
      },
    },
    during: async (session, work) => {
      const { id, holder } = session
      if (holder !== undefined) holders.set(id, holder)
      try {
        return await work()
      } finally {
        holders.delete(id)
      }
    },
  }
}

function boundTo(ledger: AccountLedger): AccountLedger {
  return {
    note: (account) => ledger.note(account),
    made: (target, name) => ledger.made(target, name),
    closing: (target, name) => ledger.closing(target, name),
    dropped: (target, name) => ledger.dropped(target, name),
    failed: (target, name, why) => ledger.failed(target, name, why),
    left: (target) => ledger.left(target),
  }
}

function createdEvent(
  { grants, clock, newId }: AccountRecordsDeps,
  { target, name, sessionId, grantId, expiresAt }: NewAccount,
  holder: Actor | null,
): AccessEvent {
  const grant = grants.snapshot().grants.find(({ id }) => id === grantId)
  const detail = { account: name, session: sessionId === '' ? null : sessionId, expiresAt }
  const about = { target, grantId, role: grant?.role ?? null, requestId: grant?.requestId ?? null }
  const stamp = { id: newId(), time: clock.now() }
  const person = holder ?? holderOf(grant)
  return accessEvent('account.created', { type: 'account', id: name }, stamp, { ...about, person, detail })
}

/** Of one that is made ahead: a grant that is a person's says whose, one by email or group does not. */
function holderOf(grant: Grant | undefined): Actor | null {
  if (grant === undefined || !('subject' in grant.principal) || grant.principal.issuer === null) return null
  const { issuer, subject } = grant.principal
  return { issuer, subject, email: null, name: null }
}

function droppedEvent({ clock, newId }: AccountRecordsDeps, { entity, detail, ...created }: AccessEvent): AccessEvent {
  const { target, grantId, role, requestId, person } = created
  const about = {
    target,
    grantId,
    role,
    requestId,
    person,
    detail: { account: detail.account, session: detail.session },
  }
  return accessEvent('account.dropped', entity, { id: newId(), time: clock.now() }, about)
}
