import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { AccessControl, Caller, FromRefusal } from '../access/control.ts'
import { refOf } from '../access/person.ts'
import type { AccessPolicy } from '../access/policy.ts'
import type { WriteTx } from '../access/ports.ts'
import type { RefusalNote } from '../access/records.ts'
import { leastRole, narrowingOf, ownRefusal, refusalId } from '../access/refusals.ts'
import { type Act, FIRST_VERSION } from '../access/transition.ts'
import { asSallyportError } from '../errors.ts'
import { personKey } from '../identity/identity.ts'
import type { RefusedAccess } from '../session/ports.ts'
import { roleOptions } from './people_operations.ts'
import { submit } from './request_operations.ts'
import { acting, type ControlDeps } from './running.ts'

type RefusalOperations = Pick<AccessControl, 'refusal' | 'proposeFromRefusal' | 'createFromRefusal'>

/** Long enough to come back to it the next working day. */
const KEPT_MS = 3 * 86_400_000
/** Notes that wait to be stored; more are given no id, so that refusals can't fill the memory. */
const MAX_WAITING = 1000
/** Notes of one person a minute: a program that tries again and again needs no id for each, and may fill no store. */
const MAX_A_MINUTE = 30
const MINUTE_MS = 60_000
const MAX_COUNTED = 10_000

export function refusalOperations(deps: ControlDeps): RefusalOperations {
  return {
    refusal: (caller, id) => acting(deps, caller, 'refusal.read', id, (act) => noteOf(deps, caller, act, id)),
    proposeFromRefusal: (caller, id) =>
      acting(deps, caller, 'refusal.read', id, (act, policy) => propose(deps, caller, act, policy, id, null)),
    createFromRefusal: (caller, id, input) =>
      acting(deps, caller, 'request.create', id, (act, policy) => create(deps, caller, act, policy, id, input)),
  }
}

async function noteOf(deps: ControlDeps, { identity }: Caller, act: Act, id: string): Promise<RefusalNote> {
  const note = await deps.store.read((tx) => tx.refusals.get(id.trim().toLowerCase()))
  return ownRefusal(note, identity, act.now)
}

async function propose(
  deps: ControlDeps,
  caller: Caller,
  act: Act,
  policy: AccessPolicy,
  id: string,
  prefer: string | null,
) {
  const refusal = await noteOf(deps, caller, act, id)
  const options = await roleOptions(deps, caller, policy, refusal.target)
  const askable = options.filter(({ approval }) => approval !== 'none')
  const roles = askable.flatMap(({ role }) => policy.roles.get(role) ?? [])
  const role = leastRole(refusal, roles, prefer)
  return { refusal, role: role.name, narrowing: narrowingOf(refusal), parameters: Object.fromEntries(role.parameters) }
}

async function create(
  deps: ControlDeps,
  caller: Caller,
  act: Act,
  policy: AccessPolicy,
  id: string,
  input: FromRefusal,
) {
  const { refusal, role, narrowing } = await propose(deps, caller, act, policy, id, input.role)
  return submit(deps, caller, act, policy, {
    kind: 'standard',
    target: refusal.target,
    role,
    parameters: input.parameters,
    narrowing,
    durationMs: input.durationMs,
    start: null,
    reason: input.reason,
    ticket: input.ticket,
    plan: null,
    risks: [],
    extendsGrant: null,
    fromRefusal: refusal.id,
  })
}

/** The issuer is left out: what one person is told does not depend on where their provider runs. */
function digestOf({ person, target, database, role, code, statementSha256, needs }: RefusedAccess): Uint8Array {
  const { subject, email } = person
  const content = JSON.stringify([subject, email, target, database, role, code, statementSha256, needs])
  return createHash('sha256').update(content).digest()
}

/** Refused again, it is kept longer. What another provider's person of that name was refused stays theirs. */
async function keep(tx: WriteTx, note: RefusalNote): Promise<void> {
  const known = await tx.refusals.get(note.id)
  if (known === undefined) return tx.refusals.insert(note)
  if (personKey(known.person) === personKey(note.person)) await tx.refusals.update({ ...note, version: known.version })
}

/** Gives the id at once, and stores the note behind. */
export class RefusalNotes {
  readonly #deps: ControlDeps
  readonly #counted = new LRUCache<string, { readonly since: number; readonly notes: number }>({ max: MAX_COUNTED })
  #waiting: RefusalNote[] = []
  #writing: Promise<void> | null = null

  constructor(deps: ControlDeps) {
    this.#deps = deps
  }

  note(refused: RefusedAccess): string | null {
    if (this.#waiting.length >= MAX_WAITING || !this.#mayNote(personKey(refused.person))) return null
    const id = refusalId(digestOf(refused))
    const at = this.#deps.clock.now()
    const person = refOf(refused.person)
    this.#waiting.push({ ...refused, id, version: FIRST_VERSION, person, at, expiresAt: at + KEPT_MS })
    this.#writing ??= this.#write()
    return id
  }

  #mayNote(person: string): boolean {
    const now = this.#deps.clock.monotonic()
    const known = this.#counted.get(person)
    const counted = known !== undefined && now - known.since < MINUTE_MS ? known : { since: now, notes: 0 }
    this.#counted.set(person, { ...counted, notes: counted.notes + 1 })
    return counted.notes < MAX_A_MINUTE
  }

  /** Resolves when what was noted until now is stored, or could not be. */
  async settled(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    // What the same turn of the loop notes goes with it.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const notes = this.#waiting
      this.#waiting = []
      try {
        await this.#deps.store.write(async (tx) => {
          for (const note of notes) await keep(tx, note)
        })
      } catch (error) {
        this.#deps.failed('notes of refusals', asSallyportError(error))
      }
    }
    this.#writing = null
  }
}
