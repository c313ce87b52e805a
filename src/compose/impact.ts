import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import type { PolicyProposal, PolicyQuestions } from '../http/ports.ts'
import type { Grant } from '../policy/grant.ts'
import { recordsById } from '../reports/every_record.ts'
import type { ImpactPlace, ImpactPolicy, ImpactWorld } from './impact_judge.ts'
import type { ImpactCounts, ImpactNeeds, ImpactWork } from './impact_worker.ts'
import { configWith } from './policy_files.ts'
import type { QuestionsDeps } from './questions_part.ts'
import { catalogOf } from './scripts.ts'

/** The file beside this one, as it is called before and after compiling. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './impact_worker.ts' : './impact_worker.js', import.meta.url)
const WINDOW_MS = 30 * 86_400_000
/** Different statements; the rest counts as not known. */
const MAX_DISTINCT = 20_000
/** Databases whose catalogs are held for it at once. */
const MAX_PLACES = 20
const READ_MS = 10_000
const JUDGE_MS = 20_000
/** Reading, catalogs and judging together: within the time that a client waits. */
const DEADLINE_MS = 50_000
const HEAP_MIB = 1_024

export interface ImpactDeps extends QuestionsDeps {
  readonly configDir: string
  readonly resolve: Parameters<typeof configWith>[0]['resolve']
}

/** What a change would have done with the statements of the last 30 days. One question at a time. */
export function createImpact(deps: ImpactDeps): (proposal: PolicyProposal) => ReturnType<PolicyQuestions['impact']> {
  let asking = false
  return async (proposal) => {
    if (asking) throw new SallyportError('SP-RATE', 'another change is being looked at; try again in a minute')
    asking = true
    try {
      return await impactOf(deps, proposal)
    } finally {
      asking = false
    }
  }
}

async function impactOf(deps: ImpactDeps, { kind, name, body }: PolicyProposal) {
  const { live, clock } = deps
  const { config, problems } = await configWith(deps, kind, name, body)
  if (problems.length > 0) throw new SallyportError('SP-INPUT', problems.join('\n'))
  if (config === null) throw new SallyportError('SP-CONFIG', 'a secret of the configuration can not be read right now')
  const to = clock.now()
  const bounds = { maxDistinct: MAX_DISTINCT, readMs: READ_MS, judgeMs: JUDGE_MS }
  const work: ImpactWork = { path: live.config.node.audit.directory, from: to - WINDOW_MS, to, ...bounds }
  const counts = await inThread(work, (needs) => worldFor(deps, live.config, config, needs))
  return { ...counts, to }
}

async function inThread(work: ImpactWork, answer: (needs: ImpactNeeds) => Promise<ImpactWorld>): Promise<ImpactCounts> {
  const worker = new Worker(WORKER, { workerData: work, resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB } })
  const signal = AbortSignal.timeout(DEADLINE_MS)
  try {
    const [needs] = (await once(worker, 'message', { signal })) as [ImpactNeeds]
    worker.postMessage(await answer(needs))
    const [counts] = (await once(worker, 'message', { signal })) as [ImpactCounts]
    return counts
  } catch (cause) {
    if (cause instanceof SallyportError) throw cause
    const why = signal.aborted ? 'it took too long' : 'the audit log could not be read'
    throw new SallyportError('SP-INTERNAL', `what the change would have done is not known: ${why}`, { cause })
  } finally {
    await worker.terminate()
  }
}

async function worldFor(deps: ImpactDeps, before: Config, after: Config, needs: ImpactNeeds): Promise<ImpactWorld> {
  const records = await recordsById(deps.store, 'grants', needs.grantIds)
  const places = needs.places.slice(0, MAX_PLACES).map(([target, database]) => placeOf(deps, target, database))
  return {
    before: policyOf(before),
    after: policyOf(after),
    grants: new Map(records.map(({ id, grant }): [string, Grant] => [id, grant])),
    places: (await Promise.all(places)).filter((place) => place !== null),
  }
}

function policyOf({ roles, masking, grants }: Config): ImpactPolicy {
  return { roles, masking, fileGrants: new Map(grants.map((grant) => [grant.id, grant])) }
}

/** Null where there is no such target any more, or its catalog can't be had: its statements are not known then. */
async function placeOf(deps: ImpactDeps, name: string, recorded: string): Promise<ImpactPlace | null> {
  const target = deps.live.settings.targets.get(name)
  if (target === undefined) return null
  // A record of a session without a database has the target's name there.
  const named = recorded === name ? null : recorded
  try {
    const { catalog, database } = await catalogOf(deps, target, named)
    const defaultDatabase = target.engine === 'mysql' ? (named ?? (target.defaultDatabase || null)) : null
    return { target, recorded, database, defaultDatabase, catalog, limited: deps.live.makesAccounts(name) }
  } catch (error) {
    if (error instanceof SallyportError) return null
    throw error
  }
}
