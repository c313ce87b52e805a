import type { AuditEvent } from '../audit/event.ts'
import type { SallyportError } from '../errors.ts'
import type { Permit } from '../policy/permit.ts'
import type { Effect } from './effects.ts'

/** Collects the effects of one step, in order. */
export class Output {
  #effects: Effect[] = []
  #ended = false

  /** The session is over: nothing may follow. */
  get ended(): boolean {
    return this.#ended
  }

  take(): Effect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  client(bytes: Uint8Array): void {
    this.#effects.push({ kind: 'client', bytes })
  }

  described(body: Uint8Array): void {
    this.#effects.push({ kind: 'described', body })
  }

  server(bytes: Uint8Array): void {
    this.#effects.push({ kind: 'server', bytes })
  }

  sql(permit: Permit, bytes: Uint8Array): void {
    this.#effects.push({ kind: 'sql', permit, bytes })
  }

  record(events: readonly AuditEvent[]): void {
    for (const event of events) this.#effects.push({ kind: 'record', event })
  }

  note(event: AuditEvent): void {
    this.#effects.push({ kind: 'note', event })
  }

  pace(ms: number): void {
    this.#effects.push({ kind: 'pace', ms })
  }

  cancel(sessionId: string, statementOnly: boolean): void {
    this.#effects.push({ kind: 'cancel', sessionId, statementOnly })
  }

  /** True where this step has cancelled the session. */
  cancels(sessionId: string): boolean {
    return this.#effects.some((effect) => effect.kind === 'cancel' && effect.sessionId === sessionId)
  }

  catalogStale(reason: string, certain = true): void {
    this.#effects.push({ kind: 'catalog_stale', reason, certain })
  }

  loginAgain(command: Uint8Array, sequence: number): void {
    this.#ended = true
    this.#effects.push({ kind: 'login_again', command, sequence })
  }

  end(cause: string, error: SallyportError | null): void {
    this.#ended = true
    this.#effects.push({ kind: 'end', cause, error })
  }
}
