import type { AccessControl, Caller, PolicyChange, PolicyDecision } from '../access/control.ts'
import {
  type Change,
  changePolicy,
  decidePolicy,
  inForce,
  inForceAt,
  noteFilePolicy,
} from '../access/policy_versions.ts'
import type { ReadTx } from '../access/ports.ts'
import type { PolicyKind, PolicyVersion } from '../access/records.ts'
import type { Act } from '../access/transition.ts'
import { SallyportError } from '../errors.ts'
import { all, given, page } from './listing.ts'
import { acting, actOf, type ControlDeps, notFound, transact } from './running.ts'

type PolicyOperations = Pick<AccessControl, 'policies' | 'policy' | 'policyVersions' | 'putPolicy' | 'decidePolicy'>

export function policyOperations(deps: ControlDeps): PolicyOperations {
  return {
    policies: (caller, query) =>
      acting(deps, caller, 'policy.read', 'policies', () =>
        deps.store.read((tx) => {
          const state = query.state ?? 'in_force'
          const keep = (version: PolicyVersion) =>
            version.state === state && (state !== 'in_force' || version.body !== null)
          return page(tx.policies, given({ kind: query.kind }), query, keep)
        }),
      ),
    policy: (caller, kind, name, at) =>
      acting(deps, caller, 'policy.read', `${kind}/${name}`, () =>
        deps.store.read(async (tx) => {
          const versions = await versionsOf(tx, kind, name)
          const found = at === undefined ? inForce(versions) : inForceAt(versions, at)
          if (found === undefined || found.body === null) throw notFound(kind, name)
          return found
        }),
      ),
    policyVersions: (caller, kind, name, query) =>
      acting(deps, caller, 'policy.read', `${kind}/${name}`, () =>
        deps.store.read((tx) => page(tx.policies, { kind, name }, query)),
      ),
    putPolicy: (caller, input) =>
      acting(deps, caller, 'policy.write', `${input.kind}/${input.name}`, (act) => put(deps, caller, act, input)),
    decidePolicy: (caller, kind, name, number, input) =>
      acting(deps, caller, 'policy.approve', `${kind}/${name}@${number}`, (act) =>
        decide(deps, caller, act, `${kind}/${name}@${number}`, input),
      ),
  }
}

async function put(deps: ControlDeps, { identity }: Caller, act: Act, input: PolicyChange): Promise<PolicyVersion> {
  const digest = await checkedDigest(deps, input.kind, input.name, input.body)
  const { fourEyes } = deps.policy().settings
  return transact(deps, async (tx, apply) => {
    const versions = await versionsOf(tx, input.kind, input.name)
    const { version, transition } = changePolicy(act, identity, { ...input, digest }, versions, fourEyes)
    return (await apply(transition)).of('policies', version.id)
  })
}

/** What it is checked beside may have changed since it was proposed, so it is checked again. */
async function decide(
  deps: ControlDeps,
  { identity }: Caller,
  act: Act,
  id: string,
  input: PolicyDecision,
): Promise<PolicyVersion> {
  const proposed = await deps.store.read((tx) => tx.policies.get(id))
  if (proposed === undefined) throw notFound('version', id)
  if (input.decision === 'approve') await checkedDigest(deps, proposed.kind, proposed.name, proposed.body)
  return transact(deps, async (tx, apply) => {
    const version = await tx.policies.get(id)
    if (version === undefined) throw notFound('version', id)
    const versions = await versionsOf(tx, version.kind, version.name)
    return (await apply(decidePolicy(act, version, versions, identity, input))).of('policies', id)
  })
}

async function checkedDigest(deps: ControlDeps, kind: PolicyKind, name: string, body: unknown): Promise<string> {
  const { problems, digest } = await deps.checkPolicy(kind, name, body)
  if (problems.length === 0) return digest
  throw new SallyportError('SP-INPUT', problems.join('\n'))
}

function versionsOf(tx: ReadTx, kind: PolicyKind, name: string): Promise<readonly PolicyVersion[]> {
  return all(tx.policies, { kind, name })
}

/** Notes what the policy files say, each time that they are read: what is gone from them is gone from here. */
export async function noteFilePolicies(
  deps: ControlDeps,
  entries: readonly Pick<Change, 'kind' | 'name' | 'body' | 'digest'>[],
): Promise<void> {
  const act = actOf(deps, null)
  const present = new Set(entries.map(({ kind, name }) => `${kind}/${name}`))
  await transact(deps, async (tx, apply) => {
    const known = await all(tx.policies, { supersededAt: null })
    const gone = known.filter(
      ({ source, state, body, kind, name }) =>
        source === 'file' && state === 'in_force' && body !== null && !present.has(`${kind}/${name}`),
    )
    for (const entry of [...entries, ...gone.map(({ kind, name }) => ({ kind, name, body: null, digest: '' }))]) {
      const noted = noteFilePolicy(act, entry, await versionsOf(tx, entry.kind, entry.name))
      if (noted !== null) await apply(noted)
    }
  })
}
