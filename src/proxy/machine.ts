import type { SallyportError } from '../errors.ts'
import type { Effect } from '../session/effects.ts'

/** A protocol's session after its login: what the runner needs of it. Times are milliseconds since the epoch. */
export interface Machine {
  onClient(chunk: Uint8Array, now: number): Effect[]
  onServer(chunk: Uint8Array, now: number): Effect[]
  onTick(now: number): Effect[]
  end(error: SallyportError): Effect[]
  /** Completions of what was running when a connection broke. */
  abandoned(now: number): Effect[]
  readonly idle: boolean
  /** A cancel of this session, whoever asked for it, has reached the database or never will. */
  cancelled?(): void
}
