import type { Credentials, LiveSessions, Locks, Refusals, Uses } from '../session/ports.ts'

/** What a proxy without a store answers: grants stand in files, and nothing else was ever issued, locked or noted. */

export const NO_CREDENTIALS: Credentials = { passwordsFor: () => [], certificate: () => null }
export const NO_LOCKS: Locks = { lockedBy: () => null }
export const NO_REFUSALS: Refusals = { note: () => null }
export const NO_USES: Uses = { note: () => undefined }
export const NO_LIVE_SESSIONS: LiveSessions = {
  opened: () => undefined,
  seen: () => undefined,
  closed: () => undefined,
}
