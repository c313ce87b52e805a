import type { PolicyVersion } from '../access/records.ts'
import { SallyportError } from '../errors.ts'
import type { Classification } from '../policy/classification.ts'
import type { ColumnMask } from '../policy/masking_policy.ts'
import { type AccessConfig, buildAccess } from './build_access.ts'
import { buildStaticAccount, dynamicAccounts } from './build_accounts.ts'
import { buildAlerts } from './build_alerts.ts'
import { buildIncidents } from './build_incidents.ts'
import { buildAuthority, buildOidc } from './build_oidc.ts'
import { buildGrant, buildMask, buildRole } from './build_policy.ts'
import { buildSecrets } from './build_secrets.ts'
import { buildNode, buildTarget, loginsOf } from './build_world.ts'
import { checkReferences } from './check_references.ts'
import type { Config } from './config.ts'
import { digestOf } from './digest.ts'
import { madePolicy, type PieceOfPolicy, withoutPiece } from './made_policy.ts'
import { type Merged, merge, type Placed, treeOf } from './merge.ts'
import { formatProblem, type Problem } from './problem.ts'
import { readFiles } from './read_files.ts'
import { Resolver, type SecretResolver } from './resolve.ts'
import { accessSection } from './schema_access.ts'

/**
 * Reads every `*.yaml` of a directory as one configuration, with its secrets. Rejects with `SP-CONFIG`, whose detail
 * has a line `file:line: path: message` for each problem, so that all can be mended at once.
 */
export async function loadConfig(
  dir: string,
  secrets: SecretResolver,
  made: readonly PolicyVersion[] = [],
): Promise<Config> {
  const { config, problems } = await checkConfig(dir, secrets, made)
  if (config !== null && problems.length === 0) return config
  throw new SallyportError('SP-CONFIG', problems.map(formatProblem).join('\n'))
}

/**
 * The same, for `config check`: the problems as a list. The config is usable only where there is none. `made` are the
 * versions of policy that were made over the API; of those, what is in force counts as a file that comes last. `instead`
 * is a piece that the files are read without: to ask what another one in its place would be.
 */
export async function checkConfig(
  dir: string,
  secrets: SecretResolver,
  made: readonly PolicyVersion[] = [],
  instead: PieceOfPolicy | null = null,
): Promise<{ readonly config: Config | null; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = []
  const read = await readFiles(dir, problems)
  const written = instead === null ? read : read.map((file) => withoutPiece(file, instead))
  const fromApi = madePolicy(made, problems)
  const files = fromApi === null ? written : [...written, fromApi]
  if (problems.length > 0) return { config: null, problems }
  const merged = merge(files, problems)
  if (merged === null) return { config: null, problems }
  checkReferences(merged, problems)
  const resolver = new Resolver(dir, secrets, problems)
  resolver.settings = await buildSecrets(merged, resolver)
  const config = await build(merged, resolver)
  return { config, problems }
}

async function build(merged: Merged, resolver: Resolver): Promise<Config> {
  const tree = treeOf(merged)
  const [node, oidc, targets, masks] = await Promise.all([
    buildNode(merged, resolver),
    buildOidc(merged, resolver),
    Promise.all(merged.targets.map((target) => buildTarget(target, resolver))),
    buildMasks(merged, resolver),
  ])
  const standing = await byTarget(merged, (target) => buildStaticAccount(target, resolver))
  return {
    digest: digestOf(tree),
    tree,
    node,
    oidc,
    targets,
    staticAccounts: standing,
    dynamicAccounts: await byTarget(merged, dynamicAccounts),
    roles: new Map(merged.roles.map(({ value }) => [value.name, buildRole(value)])),
    grants: merged.grants.map(({ value }) => buildGrant(value)),
    masking: { digest: digestOf(tree.masking), masks, classification: buildClassification(merged) },
    secrets: resolver.settings,
    incidents: await buildIncidents(merged, resolver),
    authority: await buildAuthority(merged, resolver),
    access: accessOf(merged),
    alerts: buildAlerts(merged.alerts?.value),
    logins: new Map(merged.targets.map((target) => [target.value.name, loginsOf(target)])),
  }
}

function accessOf({ approvals, projects, access, reviews }: Merged): AccessConfig {
  const valuesOf = <T>(entries: readonly Placed<T>[]): T[] => entries.map(({ value }) => value)
  const section = access?.value ?? accessSection.parse({})
  return buildAccess(valuesOf(approvals), valuesOf(projects), section, valuesOf(reviews))
}

async function byTarget<T>(
  { targets }: Merged,
  build: (target: Merged['targets'][number]) => Promise<T | null> | T | null,
): Promise<ReadonlyMap<string, T>> {
  const built = new Map<string, T>()
  for (const target of targets) {
    const one = await build(target)
    if (one !== null) built.set(target.value.name, one)
  }
  return built
}

function buildClassification({ classIds, classified }: Merged): Classification {
  return {
    ids: new Map(classIds.map(({ value }) => [value.id, value.class])),
    columns: classified.map(({ value }) => value),
  }
}

async function buildMasks(merged: Merged, resolver: Resolver): Promise<ColumnMask[]> {
  const keys = new Map<string, Uint8Array>()
  for (const { value, at } of merged.keys) {
    const key = await resolver.key(value.reference, at)
    if (key !== null) keys.set(value.name, key)
  }
  return merged.masks.map(({ value }) => buildMask(value, keys)).filter((mask) => mask !== null)
}
