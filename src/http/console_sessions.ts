import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Identity } from '../identity/identity.ts'
import type { Clock } from '../session/ports.ts'
import type { LoggedOut } from './ports.ts'

const MAX_SESSIONS = 10_000
const TOKEN_BYTES = 32

/** A browser that has logged in. */
export interface ConsoleSession {
  readonly identity: Identity
  readonly csrfToken: string
  /** The session at the provider, where it names one. */
  readonly sid: string | null
  readonly endsAt: number
}

/**
 * Sessions of browsers, in memory: a restart logs everybody out, and a copy of the store logs nobody in. Kept by the
 * hash of the cookie. A session never outlives the token that it was made from.
 */
export class ConsoleSessions {
  readonly #sessions = new LRUCache<string, ConsoleSession>({ max: MAX_SESSIONS })
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Gives the cookie's value. */
  open(
    identity: Identity,
    sid: string | null,
    maxMs: number,
  ): { readonly cookie: string; readonly session: ConsoleSession } {
    const cookie = randomBytes(TOKEN_BYTES).toString('base64url')
    const session = {
      identity,
      sid,
      csrfToken: randomBytes(TOKEN_BYTES).toString('base64url'),
      endsAt: Math.min(identity.expiresAt, this.#clock.now() + maxMs),
    }
    this.#sessions.set(keyOf(cookie), session)
    return { cookie, session }
  }

  find(cookie: string): ConsoleSession | null {
    const key = keyOf(cookie)
    const session = this.#sessions.get(key)
    if (session === undefined) return null
    if (this.#clock.now() < session.endsAt) return session
    this.#sessions.delete(key)
    return null
  }

  close(cookie: string): void {
    this.#sessions.delete(keyOf(cookie))
  }

  /** A logout that the provider told of ends the session that it names, or all of the person. */
  closeAll({ issuer, subject, sid }: LoggedOut): number {
    const ended = [...this.#sessions.entries()].filter(
      ([, session]) =>
        session.identity.issuer === issuer &&
        (subject === null || session.identity.subject === subject) &&
        (sid === null || session.sid === null || session.sid === sid) &&
        (subject !== null || (sid !== null && session.sid !== null)),
    )
    for (const [key] of ended) this.#sessions.delete(key)
    return ended.length
  }
}

export function sameText(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}

function keyOf(cookie: string): string {
  return createHash('sha256').update(cookie).digest('base64url')
}
