import { accessEvent } from '../audit/access_event.ts'
import { asSallyportError } from '../errors.ts'
import type { LiveConfig } from '../live_config.ts'
import { createPostureLooks, type PostureLooks } from '../reports/posture_looks.ts'
import type { Target } from '../session/ports.ts'
import { everyRecord } from '../store/snapshot.ts'
import { type PostureChange, type PostureSnapshot, postureChanges } from '../upstream/posture.ts'
import { isRefusedLogin } from '../upstream/rotated_reads.ts'
import { type Installation, targetFindings, targetSnapshot } from '../upstream/target_posture.ts'
import type { Foundations } from './foundations.ts'
import { installationOf } from './target_watch.ts'

/** A node that was not seen for so long does not watch: another one does. Milliseconds. */
const SEEN_WITHIN_MS = 15_000
/** How often is looked whether a watch is due, or was configured. */
const ROUND_MS = 5_000

export interface PosturePart {
  readonly looks: PostureLooks
  stop(): Promise<void>
}

/** What the databases are like outside the proxy: findings for those who ask, and events where the targets are watched. */
export function composePosture(base: Foundations): PosturePart {
  const { live, clock, log } = base
  const failed = (target: string, error: unknown) => {
    const { code, detail } = asSallyportError(error)
    log.warn({ target, code, detail }, 'the posture of a target could not be looked at')
  }
  const looks = createPostureLooks({
    targets: () => live.config.targets.map(({ name }) => name),
    look: (name) => lookAt(live, name, targetFindings),
    clock,
    failed,
  })
  const watch = new Watch(base, looks, failed)
  return { looks, stop: () => watch.stop() }
}

/** With the admin login that is valid now. */
function lookAt<T>(
  live: LiveConfig,
  name: string,
  look: (target: Target, installation: Installation) => Promise<T>,
): Promise<T> {
  const { config } = live
  const target = config.targets.find((one) => one.name === name)
  if (target === undefined) return Promise.reject(new Error(`there is no target ${name}`))
  const installation = installationOf(config, name)
  return live.loginOf(target).use((admin) => look({ ...target, admin }, installation), isRefusedLogin)
}

/** Compares each look at a target with the one before. */
class Watch {
  readonly #base: Foundations
  readonly #looks: PostureLooks
  readonly #failed: (target: string, error: unknown) => void
  readonly #before = new Map<string, PostureSnapshot>()
  readonly #timer: NodeJS.Timeout
  #due = Number.NEGATIVE_INFINITY
  #running: Promise<void> | null = null

  constructor(base: Foundations, looks: PostureLooks, failed: (target: string, error: unknown) => void) {
    this.#base = base
    this.#looks = looks
    this.#failed = failed
    this.#timer = setInterval(() => this.#tick(), ROUND_MS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  #tick(): void {
    const { live, clock } = this.#base
    const every = live.config.node.postureEveryMs
    const now = clock.monotonic()
    if (every === null || now < this.#due || this.#running !== null) return
    this.#due = now + every
    this.#running = this.#round().finally(() => {
      this.#running = null
    })
  }

  async #round(): Promise<void> {
    await this.#looks.refresh()
    for (const { name } of this.#base.live.config.targets) {
      await this.#target(name).catch((error: unknown) => this.#failed(name, error))
    }
  }

  async #target(name: string): Promise<void> {
    const after = await lookAt(this.#base.live, name, targetSnapshot)
    const before = this.#before.get(name)
    this.#before.set(name, after)
    const changes = before === undefined ? [] : postureChanges(before, after)
    if (changes.length > 0 && (await this.#isFirstNode())) await this.#record(name, changes)
  }

  /** Every node looks, so that another can go on at once; one of them tells. */
  async #isFirstNode(): Promise<boolean> {
    const { stored, clock, live } = this.#base
    const nodes = await stored.store.read((tx) => everyRecord(tx.nodes, {}))
    const now = clock.now() - stored.store.skewMs()
    const [first] = nodes.filter(({ seenAt }) => now - seenAt < SEEN_WITHIN_MS).sort((a, b) => (a.id < b.id ? -1 : 1))
    return first === undefined || first.id === live.config.node.name
  }

  #record(target: string, changes: readonly PostureChange[]): Promise<void> {
    const { audit, ids, clock } = this.#base
    return audit.append(
      changes.map(({ activity, object, text }) => {
        const severity = activity === 'bypass.login' ? ('high' as const) : ('medium' as const)
        const about = { id: ids.uuid(), time: clock.now() }
        return accessEvent(activity, { type: 'target', id: target }, about, {
          severity,
          target,
          detail: { object, text },
        })
      }),
    )
  }
}
