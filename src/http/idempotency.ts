import { createHash } from 'node:crypto'
import { asSallyportError, SallyportError } from '../errors.ts'
import { type Identity, personKey } from '../identity/identity.ts'
import type { ApiDeps } from './ports.ts'
import { ApiRefusal, problemOf } from './problem.ts'

const KEY = /^[\x21-\x7e]{1,255}$/
/** How long an answer is kept, and a key can't mean another call. */
const KEPT_MS = 86_400_000
const CONFLICT = 409

export interface Replayable {
  readonly status: number
  /** JSON; null for none. */
  readonly body: string | null
}

export interface Keyed {
  readonly key: string
  readonly actor: Identity
  /** Method, path and body as they came. */
  readonly call: readonly (string | Uint8Array)[]
  readonly requestId: string
  /** The answer holds a secret: it is given once, and stored nowhere. */
  readonly once: boolean
}

type Deps = Pick<ApiDeps, 'store' | 'clock' | 'log'>

/**
 * Runs a call once for each key of a person. The key is taken before the call and the answer stored after: a crash in
 * between leaves it taken, so that nothing is done twice; the caller then looks what became of it.
 */
export async function once(
  keyed: Keyed,
  deps: Deps,
  run: () => Promise<Replayable>,
): Promise<Replayable & { replayed: boolean }> {
  if (!KEY.test(keyed.key)) throw new ApiRefusal('SP-INPUT', 'the Idempotency-Key is 1 to 255 printable characters')
  const id = hash([personKey(keyed.actor), '\0', keyed.key])
  const earlier = await take(id, hash(keyed.call), deps)
  if (earlier !== null) return { ...earlier, replayed: true }
  const answer = await run().catch(async (error: unknown) => {
    if (mayBeTriedAgain(error)) await forget(id, deps)
    else await keep(id, failed(error, keyed.requestId), deps)
    throw error
  })
  // It is done, and the caller hears so; what can't be noted leaves the key taken.
  await keep(id, keyed.once ? { status: answer.status, body: null } : answer, deps, keyed.once).catch(
    (error: unknown) =>
      deps.log.warn({ detail: asSallyportError(error).detail }, 'an answer could not be kept for its idempotency key'),
  )
  return { ...answer, replayed: false }
}

/** Null: the key is free, and taken now. */
async function take(id: string, bodySha256: string, { store, clock }: Deps): Promise<Replayable | null> {
  const now = clock.now()
  return store.write(async ({ answers }) => {
    const found = await answers.get(id)
    if (found !== undefined && now - found.at < KEPT_MS) {
      if (found.bodySha256 !== bodySha256) throw new ApiRefusal('SP-IDEMPOTENCY', 'the key was used for another call')
      if (found.status === null) throw new ApiRefusal('SP-IDEMPOTENCY', 'its first use is still under way', CONFLICT)
      if (found.answer === SHOWN_ONCE)
        throw new ApiRefusal('SP-IDEMPOTENCY', 'it was done; what it gave is shown once only', CONFLICT)
      return { status: found.status, body: found.answer }
    }
    if (found !== undefined) await answers.remove(id)
    await answers.insert({ id, version: 1, bodySha256, status: null, answer: null, at: now })
    return null
  })
}

/** Stands for an answer that is not kept; no JSON begins so. */
const SHOWN_ONCE = '-'

async function keep(id: string, { status, body }: Replayable, { store }: Deps, secret = false): Promise<void> {
  await store.write(async ({ answers }) => {
    const found = await answers.get(id)
    if (found !== undefined) await answers.update({ ...found, status, answer: secret ? SHOWN_ONCE : body })
  })
}

async function forget(id: string, { store }: Deps): Promise<void> {
  await store.write(({ answers }) => answers.remove(id))
}

/** Removes all answers that are no longer kept, a page in each transaction. */
export async function sweepAnswers({ store, clock }: Deps): Promise<void> {
  const to = clock.now() - KEPT_MS
  for (;;) {
    const old = await store.read(({ answers }) => answers.list({ where: { at: { to } } }))
    if (old.length === 0) return
    await store.write(async ({ answers }) => {
      for (const { id } of old) await answers.remove(id)
    })
  }
}

/** A lost race changed nothing: the same key may try again. */
function mayBeTriedAgain(error: unknown): boolean {
  return error instanceof SallyportError && error.code === 'SP-CONFLICT'
}

function failed(error: unknown, requestId: string): Replayable {
  const { status, body } = problemOf(error, requestId)
  return { status, body: JSON.stringify(body) }
}

function hash(parts: readonly (string | Uint8Array)[]): string {
  const digest = createHash('sha256')
  for (const part of parts) digest.update(part)
  return digest.digest('hex')
}
