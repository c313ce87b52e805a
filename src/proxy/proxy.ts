import { createSecureContext, type SecureContext } from 'node:tls'
import { SallyportError } from '../errors.ts'
import type { ListenerSettings, ProxyContext } from './context.ts'
import { type Listening, listen, type Serve } from './listener.ts'

/** How often limits of time are looked at, in milliseconds. */
const TICK_MS = 500
const DRAIN_POLL_MS = 50

export interface Proxy {
  /** The listeners with the ports that they got. */
  readonly listening: readonly Listening[]
  readonly draining: boolean
  /**
   * No new sessions; each session ends when it is idle, and all of them when `timeoutMs` is over. Resolves when none
   * is left.
   */
  drain(timeoutMs: number): Promise<void>
  /** Ends every session at once. */
  stop(): void
  /** Ends the sessions whose grant no longer stands, each with the reason. */
  endWithoutGrant(): void
}

export type Fronts = Readonly<Record<'postgres' | 'mysql', Serve>>

export async function startProxy(
  context: ProxyContext,
  listeners: readonly ListenerSettings[],
  fronts: Fronts,
): Promise<Proxy> {
  const listening: Listening[] = []
  try {
    for (const settings of listeners) listening.push(await listen(context, settings, fronts[settings.engine]))
  } catch (error) {
    for (const open of listening) open.close()
    throw error
  }
  const ticking = setInterval(() => {
    // Looking is what makes the store notice that a grant has ended by its own, monotonic, clock.
    context.grants.snapshot()
    for (const session of context.sessions.all()) session.tick()
    // A lease runs out without a change that anybody could tell of.
    endWithoutGrant(context)
  }, TICK_MS)
  let draining = false
  const stop = () => {
    draining = true
    clearInterval(ticking)
    for (const open of listening) open.close()
    endAll(context)
  }
  return {
    listening,
    get draining() {
      return draining
    },
    drain: async (timeoutMs) => {
      draining = true
      for (const open of listening) open.close()
      await drained(context, timeoutMs)
      stop()
    },
    stop,
    endWithoutGrant: () => endWithoutGrant(context),
  }
}

function endWithoutGrant({ sessions }: ProxyContext): void {
  for (const session of sessions.all()) {
    const refusal = session.unfounded()
    if (refusal) session.end(refusal)
  }
}

function endAll(context: ProxyContext): void {
  for (const session of context.sessions.all())
    session.end(new SallyportError('SP-DRAIN', 'the proxy is shutting down'))
}

/** Ends each session once it is idle; after the deadline the caller ends the rest. */
function drained(context: ProxyContext, timeoutMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const deadline = context.clock.monotonic() + timeoutMs
  const poll = setInterval(() => {
    for (const session of context.sessions.all()) {
      if (session.idle()) session.end(new SallyportError('SP-DRAIN', 'the proxy is shutting down'))
    }
    if (context.sessions.size > 0 && context.clock.monotonic() < deadline) return
    clearInterval(poll)
    resolve()
  }, DRAIN_POLL_MS)
  return promise
}

/** One TLS context per listener, made anew when its certificate or key changed. */
export class SecureContexts {
  readonly #known = new Map<string, SecureContext>()

  /** `ca` are the authorities whose certificates clients are asked for; null where none are. */
  of({ tls }: ListenerSettings, ca: string | null = null): SecureContext {
    const key = `${tls.cert}\0${tls.key}\0${ca ?? ''}`
    let context = this.#known.get(key)
    if (!context) {
      context = createSecureContext({
        cert: tls.cert,
        key: tls.key,
        minVersion: 'TLSv1.2',
        honorCipherOrder: true,
        ...(ca === null ? {} : { ca }),
      })
      this.#known.set(key, context)
    }
    return context
  }

  /** After a reload: contexts of certificates that are no longer configured are dropped. */
  clear(): void {
    this.#known.clear()
  }
}
