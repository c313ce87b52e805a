import type { PolicyKind, PolicyVersion } from '../access/records.ts'
import type { Config } from '../config/config.ts'
import { digestOf } from '../config/digest.ts'
import { checkConfig } from '../config/load.ts'
import { formatProblem, type Problem } from '../config/problem.ts'
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

interface Sources {
  readonly configDir: string
  readonly resolve: SecretResolver
  readonly store: SqlStore
}

async function madeWith(store: SqlStore, kind: PolicyKind, name: string, body: unknown) {
  const others = (await madeVersions(store)).filter((one) => one.kind !== kind || one.name !== name)
  return body === null ? others : [...others, proposed(kind, name, body)]
}

/**
 * The configuration as it would be if this were in force, in a file or by the API; null deletes. There is none where a
 * secret can't be read right now either: a mask without its key would be missing from it.
 */
export async function configWith(
  { configDir, resolve, store }: Sources,
  kind: PolicyKind,
  name: string,
  body: unknown,
): Promise<{ config: Config | null; problems: readonly string[] }> {
  const made = await madeWith(store, kind, name, body)
  const { config, problems } = await checkConfig(configDir, resolve, made, { kind, name })
  return { config: problems.length === 0 ? config : null, problems: wrongOf(problems) }
}

function wrongOf(problems: readonly Problem[]): readonly string[] {
  return problems.filter(({ kind }) => kind === 'wrong').map(formatProblem)
}

/** What would be wrong with the configuration if this were in force; null deletes. */
export async function checkChange(
  from: Sources,
  kind: PolicyKind,
  name: string,
  body: unknown,
): Promise<{ problems: readonly string[]; digest: string }> {
  const { problems } = await checkConfig(from.configDir, from.resolve, await madeWith(from.store, kind, name, body))
  // A secret that can't be read right now says nothing of the policy.
  return { problems: wrongOf(problems), digest: digestOf(body) }
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
