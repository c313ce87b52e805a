import type { Logger } from 'pino'
import type { SessionRecord } from '../access/records.ts'
import { asSallyportError, SallyportError } from '../errors.ts'
import { type Person, personKey } from '../identity/identity.ts'
import type { Sessions } from '../proxy/sessions.ts'
import { everyRecord } from '../store/snapshot.ts'
import type { SqlStore } from '../store/sql_store.ts'

export interface SessionEnds {
  /** Ends a session, on whichever node it lives. */
  readonly end: (session: SessionRecord, by: string, reason: string) => Promise<void>
  /** Ends what a person has open, since the identity provider says that they have logged out. */
  readonly endOf: (who: {
    readonly issuer: string
    readonly subject: string | null
    readonly sid: string | null
  }) => void
  close(): void
}

interface Deps {
  readonly store: SqlStore
  readonly sessions: Sessions
  readonly node: string
  readonly log: Logger
}

/** A session of this node ends at once; one of another node is marked in the store, and that node ends it. */
export function sessionEnder(deps: Deps): SessionEnds {
  const { store, sessions, node, log } = deps
  const failed = (error: unknown) => {
    const { code, detail } = asSallyportError(error)
    log.warn({ code, detail }, 'a session could not be ended')
  }
  const end = async (session: SessionRecord, by: string, reason: string) => {
    const here = sessions.get(session.id)
    if (here) here.end(new SallyportError('SP-REVOKED', `the session was ended by ${by}: ${reason}`))
    else
      await store.write(async (tx) => {
        const stored = await tx.sessions.get(session.id)
        if (stored && stored.endedAt === null) await tx.sessions.update({ ...stored, endAsked: { by, reason } })
      })
  }
  const endMarked = async () => {
    const own = await store.read((tx) => everyRecord(tx.sessions, { node, endedAt: null }))
    for (const { id, endAsked } of own) {
      if (endAsked)
        sessions
          .get(id)
          ?.end(new SallyportError('SP-REVOKED', `the session was ended by ${endAsked.by}: ${endAsked.reason}`))
    }
  }
  const stop = store.onChange(({ what }) => {
    if (what === 'sessions' && sessions.size > 0) endMarked().catch(failed)
  })
  return {
    end,
    endOf: ({ issuer, subject, sid }) => {
      if (subject !== null) endAll(deps, { issuer, subject }, end).catch(failed)
      else if (sid !== null) endOfLogin(deps, { issuer, sid }, end).catch(failed)
    },
    close: stop,
  }
}

const PROVIDER = 'the identity provider'
const LOGGED_OUT = 'the person has logged out there'

/** Only a session with the provider is named. Those of this node at once, also those that the store has not yet. */
async function endOfLogin(
  { store, sessions }: Deps,
  { issuer, sid }: { readonly issuer: string; readonly sid: string },
  end: SessionEnds['end'],
): Promise<void> {
  for (const session of sessions.all()) {
    if (session.person.issuer !== issuer || session.sid !== sid) continue
    session.end(new SallyportError('SP-REVOKED', `the session was ended by ${PROVIDER}: ${LOGGED_OUT}`))
  }
  const open = await store.read((tx) => everyRecord(tx.sessions, { endedAt: null }))
  const named = open.filter((session) => session.person.issuer === issuer && session.sid === sid)
  await Promise.all(named.map((session) => end(session, PROVIDER, LOGGED_OUT)))
}

async function endAll({ store }: Deps, person: Person, end: SessionEnds['end']): Promise<void> {
  const open = await store.read((tx) => everyRecord(tx.sessions, { person: personKey(person), endedAt: null }))
  await Promise.all(open.map((session) => end(session, PROVIDER, LOGGED_OUT)))
}
