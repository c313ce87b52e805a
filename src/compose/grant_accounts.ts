import type { Logger } from 'pino'
import { asSallyportError } from '../errors.ts'
import type { LiveConfig } from '../live_config.ts'
import type { Grant } from '../policy/grant.ts'
import type { Clock } from '../session/ports.ts'
import type { StoreGrants } from '../store/store_grants.ts'
import type { LiveAccounts } from '../upstream/accounts_live.ts'

/** Grants that wait for their role at a time: of more, the first login makes it. */
const MAX_WAITING = 100

interface Deps {
  readonly grants: Pick<StoreGrants, 'snapshot' | 'leaseUntil' | 'onChange'>
  readonly live: Pick<LiveConfig, 'settings' | 'policy' | 'makesAccounts'>
  readonly accounts: Pick<LiveAccounts, 'prepare' | 'letGo'>
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
}

/**
 * Makes what the accounts of a grant share when it begins, so that the first login need not wait for that, and lets go of
 * it when it ends. Those that stand already are left to their logins. Gives the way to stop.
 */
export function followGrants(deps: Deps): () => void {
  const { grants, clock, log } = deps
  const standing = new Map<string, Grant>()
  const waiting: Grant[] = []
  let working = false
  const failed = (error: unknown) => {
    const { code, detail } = asSallyportError(error)
    log.warn({ code, detail }, 'what the accounts of a grant share could not be made; the first login tries again')
  }
  const work = async () => {
    if (working) return
    working = true
    for (let grant = waiting.shift(); grant; grant = waiting.shift()) await prepare(deps, grant).catch(failed)
    working = false
  }
  const look = (isFirst: boolean) => {
    // What this node has not heard of for long has not ended for that.
    if (clock.monotonic() >= grants.leaseUntil()) return
    const now = clock.now()
    const current = grants.snapshot().grants.filter(({ start, end }) => start <= now && now < end)
    const ids = new Set(current.map(({ id }) => id))
    for (const id of standing.keys()) {
      if (ids.has(id)) continue
      standing.delete(id)
      deps.accounts.letGo(id).catch(failed)
    }
    for (const grant of current) {
      if (standing.has(grant.id)) continue
      standing.set(grant.id, grant)
      if (!isFirst && waiting.length < MAX_WAITING) waiting.push(grant)
    }
    void work()
  }
  look(true)
  return grants.onChange(() => look(false))
}

/** For a session such as most are: in the database that clients are in who name none. */
async function prepare({ live, accounts }: Deps, grant: Grant): Promise<void> {
  const target = live.settings.targets.get(grant.target)
  const role = live.policy.roleOf(grant)
  if (!target || !role || !live.makesAccounts(target.name)) return
  const database = target.engine === 'postgres' ? target.defaultDatabase : ''
  await accounts.prepare({ id: '', person: '', database, role }, target, grant)
}
