import { SallyportError } from '../errors.ts'
import type { Clock } from '../session/ports.ts'
import type { Finding, TargetPosture } from './report_ports.ts'

/** What the last look at each target found; in memory, since the next start looks again. */

/** Whoever asks for one gets the last look unless it is older than this. */
const FRESH_MS = 300_000

export interface PostureDeps {
  readonly targets: () => readonly string[]
  /** Looks at the target itself. Rejects with `SP-UPSTREAM`. */
  readonly look: (target: string) => Promise<readonly Finding[]>
  readonly clock: Clock
  readonly failed: (target: string, error: unknown) => void
}

export interface ShownPosture {
  readonly checkedAt: number | null
  readonly items: readonly (Omit<Finding, 'id'> & { readonly check: string })[]
}

export interface PostureLooks {
  /** Looks where the last look is old. Rejects with `SP-NOT-FOUND`, or `SP-UPSTREAM` where there was no look before. */
  findings(target: string): Promise<ShownPosture>
  /** The last looks, of all targets. */
  last(): readonly TargetPosture[]
  /** Looks at every target that was not looked at of late. Never rejects. */
  refresh(): Promise<void>
}

export function createPostureLooks({ targets, look, clock, failed }: PostureDeps): PostureLooks {
  const known = new Map<string, TargetPosture>()
  const running = new Map<string, Promise<void>>()
  const freshly = (target: string): Promise<void> => {
    const now = clock.now()
    if (now - (known.get(target)?.checkedAt ?? Number.NEGATIVE_INFINITY) < FRESH_MS) return Promise.resolve()
    const under = running.get(target)
    if (under) return under
    const next = look(target)
      .then((findings) => void known.set(target, { target, checkedAt: clock.now(), findings }))
      .finally(() => running.delete(target))
    running.set(target, next)
    return next
  }
  return {
    findings: async (target) => {
      if (!targets().includes(target)) throw new SallyportError('SP-NOT-FOUND', `there is no target ${target}`)
      try {
        await freshly(target)
      } catch (error) {
        // What was found before stands with its time.
        if (!known.has(target)) throw error
        failed(target, error)
      }
      return shown(known.get(target))
    },
    last: () => targets().map((target) => known.get(target) ?? { target, checkedAt: null, findings: [] }),
    refresh: async () => {
      await Promise.all(targets().map((target) => freshly(target).catch((error: unknown) => failed(target, error))))
    },
  }
}

function shown(posture: TargetPosture | undefined): ShownPosture {
  const items = (posture?.findings ?? []).map(({ id, ...finding }) => ({ check: id, ...finding }))
  return { checkedAt: posture?.checkedAt ?? null, items }
}
