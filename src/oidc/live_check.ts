import { randomInt } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { LiveCheckSettings, OidcSettings } from '../identity/settings.ts'
import type { Clock, LiveCheck } from '../session/ports.ts'
import type { Fetch } from './https_fetch.ts'
import { type Answer, askProvider } from './standing.ts'

/** Checks of many sessions spread over half an interval, so that they do not come at once. */
const JITTER = 0.5
const PERMILLE = 1000

export interface LiveCheckOptions {
  readonly clock: Clock
  readonly fetch?: Fetch
  /** 0 to 999. */
  readonly random?: () => number
  /** Told what each check gave, for the log; never with the token. */
  readonly checked?: (answer: Answer['kind'], detail: string) => void
}

interface Watch {
  readonly token: string
  readonly identity: Identity
  readonly listeners: Set<(why: SallyportError) => void>
  timer: NodeJS.Timeout | null
  failures: number
}

/**
 * Asks the provider about the person of each open session, every interval or so, with the token that they logged in by.
 * Sessions of one token are asked about once. `settings` is read before each check, so that a reload counts.
 */
export function createLiveCheck(settings: () => OidcSettings, options: LiveCheckOptions): LiveCheck {
  const watches = new Map<string, Watch>()
  return {
    watch: (token, identity, refused) => {
      const { liveCheck } = settings()
      // An issuer of workloads has nobody to ask about: its tokens are short-lived.
      if (liveCheck === null || identity.machine) return () => undefined
      const watch = watches.get(token) ?? { token, identity, listeners: new Set(), timer: null, failures: 0 }
      watches.set(token, watch)
      watch.listeners.add(refused)
      if (watch.timer === null) schedule(watch)
      return () => {
        watch.listeners.delete(refused)
        if (watch.listeners.size === 0) forget(watch)
      }
    },
  }

  function forget(watch: Watch): void {
    if (watch.timer !== null) clearTimeout(watch.timer)
    if (watches.get(watch.token) === watch) watches.delete(watch.token)
  }

  function schedule(watch: Watch): void {
    const { liveCheck } = settings()
    if (liveCheck === null) {
      forget(watch)
      return
    }
    const random = options.random?.() ?? randomInt(PERMILLE)
    const wait = liveCheck.intervalMs * (1 - JITTER / 2 + (JITTER * random) / PERMILLE)
    watch.timer = setTimeout(() => void check(watch, liveCheck), wait)
    watch.timer.unref()
  }

  async function check(watch: Watch, live: LiveCheckSettings): Promise<void> {
    const verdict = judge(watch, live, await answerOf(watch, live))
    // Whoever left while the provider was asked is nobody's business any more.
    if (watch.listeners.size === 0) return
    if (verdict === 'again') schedule(watch)
    else forget(watch)
    if (!(verdict instanceof SallyportError)) return
    for (const refused of [...watch.listeners]) refused(verdict)
  }

  async function answerOf(watch: Watch, live: LiveCheckSettings): Promise<Answer> {
    const oidc = settings()
    const skewMs = oidc.clockSkewSeconds * 1000
    if (options.clock.now() >= watch.identity.expiresAt - skewMs) return { kind: 'expired' }
    const answer = await askProvider(oidc, live, watch.token, watch.identity, options.fetch)
    options.checked?.(answer.kind, 'detail' in answer ? answer.detail : '')
    return answer
  }
}

function judge(watch: Watch, live: LiveCheckSettings, answer: Answer): SallyportError | 'again' | 'over' {
  switch (answer.kind) {
    case 'stands':
      watch.failures = 0
      return 'again'
    case 'refused':
      return new SallyportError('SP-REVOKED', 'the identity provider no longer stands by this login')
    case 'expired':
      return live.onExpiry === 'keep'
        ? 'over'
        : new SallyportError('SP-REVOKED', 'the token of this session has expired: log in again')
    case 'unreachable':
      watch.failures += 1
      if (live.onUnreachable === 'keep' || watch.failures < live.failures) return 'again'
      return new SallyportError(
        'SP-REVOKED',
        'the identity provider could not be asked whether this login still stands',
      )
  }
}
