import type { Config } from '../config/config.ts'
import { asSallyportError, type SallyportError } from '../errors.ts'
import { type PostureChange, type PostureSnapshot, postureChanges } from '../upstream/posture.ts'
import type { Installation } from '../upstream/target_posture.ts'

/** The default of `accounts.dynamic.marker`: a target may have had such accounts before. */
const DEFAULT_MARKER = 'sallyport_sessions'

/** What on the target belongs to this installation. */
export function installationOf(config: Config, target: string): Installation {
  const dynamic = config.dynamicAccounts.get(target)
  const made = dynamic === undefined ? [] : [dynamic.default, ...dynamic.byRole.values()]
  const standing = config.staticAccounts.get(target)
  const logins = standing === undefined ? [] : [standing.default, ...standing.byRole.values()]
  const names = [...made.flatMap(({ ownerRole }) => ownerRole ?? []), ...logins.map(({ user }) => user)]
  return {
    marker: dynamic?.default.marker ?? DEFAULT_MARKER,
    // An account whose secret could not be read has no name here.
    ours: [...new Set(names)].filter((name) => name !== ''),
  }
}

export interface TargetWatch {
  readonly look: () => Promise<PostureSnapshot>
  readonly everyMs: number
  /** What has changed since the last look that succeeded; never empty. */
  readonly changed: (changes: readonly PostureChange[]) => void
  readonly failed: (error: SallyportError) => void
}

/** Looks now and then every `everyMs`, one look after the other. Gives the way to stop, which waits for the last one. */
export function watchTarget({ look, everyMs, changed, failed }: TargetWatch): () => Promise<void> {
  let before: PostureSnapshot | null = null
  let timer: NodeJS.Timeout | null = null
  let stopped = false
  const once = async () => {
    try {
      const after = await look()
      const changes = before === null ? [] : postureChanges(before, after)
      before = after
      if (changes.length > 0 && !stopped) changed(changes)
    } catch (error) {
      failed(asSallyportError(error))
    }
    if (!stopped) timer = setTimeout(run, everyMs)
  }
  let looking = Promise.resolve()
  const run = () => {
    looking = once()
  }
  run()
  return async () => {
    stopped = true
    if (timer !== null) clearTimeout(timer)
    await looking
  }
}
