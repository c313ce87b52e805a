import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import type { SallyportError } from '../errors.ts'
import { type Person, personKey } from '../identity/identity.ts'

/** A session as others may reach it: to cancel what it runs, or to end it. */
export interface LiveSession {
  readonly id: string
  readonly person: Person
  /** The person's session at the identity provider, where the login named it. */
  readonly sid?: string | undefined
  /** Why it has to end, or null. */
  readonly unfounded: () => SallyportError | null
  readonly target: string
  /** The number that its client knows it by: PostgreSQL's process id, MySQL's connection id. */
  readonly number: number
  readonly cancelKey: Uint8Array
  readonly cancelStatement: (statementOnly: boolean) => void
  readonly end: (error: SallyportError) => void
  readonly tick: () => void
  readonly idle: () => boolean
}

/** Numbers are this node's and worker's: `node` 7 bits, `worker` 4 bits, the rest counts. */
const NODE_SHIFT = 24
const WORKER_SHIFT = 20
const COUNTER_MASK = (1 << WORKER_SHIFT) - 1
const KEY_BYTES_3_0 = 4
const KEY_BYTES_3_2 = 32

/** The live sessions of this process, with the numbers and keys that it issued. */
export class Sessions {
  readonly #byId = new Map<string, LiveSession>()
  readonly #byNumber = new Map<number, LiveSession>()
  /** MySQL: by the number that the database itself gave, which is that of one server; by session id. */
  readonly #serverNumbers = new Map<string, number>()
  readonly #prefix: number
  #counter = randomInt(1, COUNTER_MASK)

  constructor(node = 0, worker = 0) {
    this.#prefix = ((node & 0x7f) << NODE_SHIFT) | ((worker & 0x0f) << WORKER_SHIFT)
  }

  /** A number that no live session has; it says nothing about the database's own. */
  newNumber(): number {
    do this.#counter = (this.#counter + 1) & COUNTER_MASK
    while (this.#counter === 0 || this.#byNumber.has(this.#prefix | this.#counter))
    return this.#prefix | this.#counter
  }

  /** Protocol 3.0 has room for 4 secret bytes, 3.2 for as many as one likes. */
  newKey(minor: number): Uint8Array {
    return randomBytes(minor >= 2 ? KEY_BYTES_3_2 : KEY_BYTES_3_0)
  }

  add(session: LiveSession): void {
    this.#byId.set(session.id, session)
    this.#byNumber.set(session.number, session)
  }

  remove(id: string): void {
    const session = this.#byId.get(id)
    if (!session) return
    this.#byId.delete(id)
    this.#byNumber.delete(session.number)
    this.#serverNumbers.delete(id)
  }

  /** A live session is known to its database by another number than to its client, who may learn of both. */
  knownAs(id: string, serverNumber: number): void {
    if (this.#byId.has(id)) this.#serverNumbers.set(id, serverNumber)
  }

  /** The sessions of a person on a target. */
  of(person: Person, target: string): LiveSession[] {
    const key = personKey(person)
    return this.all().filter((session) => personKey(session.person) === key && session.target === target)
  }

  /** The one of a person's sessions on a target that a number means, ours or the database's; undefined for none or two. */
  meant(person: Person, target: string, number: number): LiveSession | undefined {
    const own = this.of(person, target)
    const found = own.filter((one) => one.number === number || this.#serverNumbers.get(one.id) === number)
    return found.length === 1 ? found[0] : undefined
  }

  get(id: string): LiveSession | undefined {
    return this.#byId.get(id)
  }

  /** The session whose number and key were shown, or undefined; the key is compared in constant time. */
  byCancelKey(number: number, key: Uint8Array): LiveSession | undefined {
    const session = this.#byNumber.get(number)
    if (!session || session.cancelKey.length !== key.length) return undefined
    return timingSafeEqual(session.cancelKey, key) ? session : undefined
  }

  get size(): number {
    return this.#byId.size
  }

  tick(target: string): void {
    for (const session of this.#byId.values()) if (session.target === target) session.tick()
  }

  all(): LiveSession[] {
    return [...this.#byId.values()]
  }
}
