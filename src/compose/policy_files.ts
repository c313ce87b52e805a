import type { PolicyKind, PolicyVersion } from '../access/records.ts'
import type { Config } from '../config/config.ts'
import { digestOf } from '../config/digest.ts'
import { checkConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import type { SecretResolver } from '../config/resolve.ts'
import { everyRecord } from '../store/snapshot.ts'
import type { SqlStore } from '../store/sql_store.ts'

/** The policy that was made over the API and is in force: it counts as a file that comes last. */
export function madeVersions(store: SqlStore): Promise<readonly PolicyVersion[]> {
  return store.read(async (tx) => {
    const standing = await everyRecord(tx.policies, { supersededAt: null })
    return standing.filter(({ source, state }) => source === 'api' && state === 'in_force')
  })
}

/** The name of what the files say as a whole. */
const FILES = 'policy-files'

/** What the files say of each piece of policy, for the versions that are kept. */
export function fileEntries({ tree }: Config, made: readonly PolicyVersion[]) {
  const fromApi = new Set(made.map(({ kind, name }) => `${kind}/${name}`))
  const sections: readonly (readonly [PolicyKind, Readonly<Record<string, unknown>>])[] = [
    ['role', tree.roles],
    ['approval', tree.approvals],
    ['project', tree.projects],
    ['grant', tree.grants],
    // Lines of masks and classes have no names of their own: the files' are kept as one piece.
    ['mask', { [FILES]: tree.masking }],
  ]
  return sections.flatMap(([kind, entries]) =>
    Object.entries(entries)
      .filter(([name]) => !fromApi.has(`${kind}/${name}`))
      .map(([name, body]) => ({ kind, name, body, digest: digestOf(body) })),
  )
}

/** What would be wrong with the configuration if this were in force; null deletes. */
export async function checkChange(
  from: { readonly configDir: string; readonly resolve: SecretResolver; readonly store: SqlStore },
  kind: PolicyKind,
  name: string,
  body: unknown,
): Promise<{ problems: readonly string[]; digest: string }> {
  const others = (await madeVersions(from.store)).filter((one) => one.kind !== kind || one.name !== name)
  const made = body === null ? others : [...others, proposed(kind, name, body)]
  const { problems } = await checkConfig(from.configDir, from.resolve, made)
  // A secret that can't be read right now says nothing of the policy.
  return { problems: problems.filter((one) => one.kind === 'wrong').map(formatProblem), digest: digestOf(body) }
}

function proposed(kind: PolicyKind, name: string, body: unknown): PolicyVersion {
  return {
    id: `${kind}/${name}@0`,
    version: 1,
    kind,
    name,
    number: 0,
    source: 'api',
    state: 'in_force',
    body,
    digest: '',
    author: null,
    approver: null,
    reason: '',
    at: 0,
    supersededAt: null,
  }
}
