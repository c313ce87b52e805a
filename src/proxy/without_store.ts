import type { Credentials, LiveCheck, Locks, Refusals } from '../session/ports.ts'

/** What a proxy without a store answers: grants stand in files, and nothing else was ever issued, locked or noted. */

export const NO_CREDENTIALS: Credentials = { passwordsFor: () => [], certificate: () => null }
export const NO_LOCKS: Locks = { lockedBy: () => null }
export const NO_REFUSALS: Refusals = { note: () => null }
export const NO_LIVE_CHECK: LiveCheck = { watch: () => () => undefined }
