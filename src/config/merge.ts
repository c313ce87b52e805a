import type { ConfigTree } from './digest.ts'
import { type Path, type Problem, pathText } from './problem.ts'
import type { ConfigFile } from './read_files.ts'
import type {
  AccessSection,
  AlertsSection,
  ApprovalSection,
  CertificatesSection,
  ClassificationSection,
  FileContent,
  GrantSection,
  GroupsSection,
  IncidentsSection,
  MaskingSection,
  NodeSection,
  OidcSection,
  ProjectSection,
  ReviewSection,
  RoleSection,
  SecretsSection,
  TargetSection,
} from './schema_file.ts'

/** An entry of a list, with the place that it stands at. */
export interface Placed<T> {
  readonly value: T
  readonly at: Place
}

export interface Place {
  readonly file: ConfigFile
  readonly path: Path
}

/** All files as one. */
export interface Merged {
  readonly node: Placed<NodeSection>
  readonly oidc: Placed<OidcSection>
  readonly groups: readonly Placed<GroupsSection[number]>[]
  readonly targets: readonly Placed<TargetSection>[]
  readonly roles: readonly Placed<RoleSection>[]
  readonly grants: readonly Placed<GrantSection>[]
  readonly keys: readonly Placed<{ readonly name: string; readonly reference: string }>[]
  readonly masks: readonly Placed<MaskingSection['masks'][number]>[]
  readonly classIds: readonly Placed<{ readonly id: string; readonly class: string }>[]
  readonly classified: readonly Placed<ClassificationSection['columns'][number]>[]
  readonly secrets: Placed<SecretsSection> | null
  readonly incidents: Placed<IncidentsSection> | null
  readonly certificates: Placed<CertificatesSection> | null
  readonly approvals: readonly Placed<ApprovalSection>[]
  readonly projects: readonly Placed<ProjectSection>[]
  readonly access: Placed<AccessSection> | null
  readonly reviews: readonly Placed<ReviewSection>[]
  readonly alerts: Placed<AlertsSection> | null
}

/** Null where `node` or `oidc` is missing or stands twice: the problems say so. */
export function merge(files: readonly ConfigFile[], problems: Problem[]): Merged | null {
  const node = only(files, 'node', problems)
  const oidc = only(files, 'oidc', problems)
  if (node === null || oidc === null) return null
  return {
    node,
    oidc,
    groups: listed(files, (content) => content.groups, ['groups']),
    targets: listed(files, (content) => content.targets, ['targets']),
    roles: listed(files, (content) => content.roles, ['roles']),
    grants: listed(files, (content) => content.grants, ['grants']),
    keys: files.flatMap((file) =>
      Object.entries(file.content.masking?.keys ?? {}).map(([name, reference]) => ({
        value: { name, reference },
        at: { file, path: ['masking', 'keys', name] },
      })),
    ),
    masks: listed(files, (content) => content.masking?.masks, ['masking', 'masks']),
    classIds: files.flatMap((file) =>
      Object.entries(file.content.classification?.ids ?? {}).map(([id, name]) => ({
        value: { id, class: name },
        at: { file, path: ['classification', 'ids', id] },
      })),
    ),
    classified: listed(files, (content) => content.classification?.columns, ['classification', 'columns']),
    secrets: atMostOne(files, 'secrets', problems),
    incidents: atMostOne(files, 'incidents', problems),
    certificates: atMostOne(files, 'certificates', problems),
    approvals: listed(files, (content) => content.approvals, ['approvals']),
    projects: listed(files, (content) => content.projects, ['projects']),
    access: atMostOne(files, 'access', problems),
    reviews: listed(files, (content) => content.reviews, ['reviews']),
    alerts: atMostOne(files, 'alerts', problems),
  }
}

/** A problem at a place, or at a path below it. */
export function problemAt(place: Place, below: Path, message: string, kind: Problem['kind'] = 'wrong'): Problem {
  const path = [...place.path, ...below]
  return { kind, file: place.file.file, line: place.file.lineOf(path), path: pathText(path), message }
}

/** What the digest and differences are taken of. Secrets stand in it as references. */
export function treeOf(merged: Merged): ConfigTree {
  const byName = <T>(entries: readonly Placed<T>[], nameOf: (value: T) => string) =>
    Object.fromEntries(entries.map(({ value }) => [nameOf(value), value]))
  return {
    node: merged.node.value,
    oidc: merged.oidc.value,
    groups: byName(merged.groups, (group) => group.name),
    targets: byName(merged.targets, (target) => target.name),
    roles: byName(merged.roles, (role) => role.name),
    grants: byName(merged.grants, (grant) => grant.id),
    masking: {
      keys: Object.fromEntries(merged.keys.map(({ value }) => [value.name, value.reference])),
      masks: merged.masks.map(({ value }) => value),
      ...classificationTree(merged),
    },
    secrets: merged.secrets?.value ?? {},
    incidents: merged.incidents?.value ?? {},
    certificates: merged.certificates?.value ?? {},
    approvals: byName(merged.approvals, (rule) => rule.name),
    approvalOrder: merged.approvals.map(({ value }) => value.name),
    projects: byName(merged.projects, (project) => project.name),
    access: merged.access?.value ?? {},
    reviews: byName(merged.reviews, (review) => review.name),
    ...(merged.alerts && { alerts: merged.alerts.value }),
  }
}

/** Part of the masking policy, since masks may name classes; left out where nothing is classified. */
function classificationTree({ classIds, classified }: Merged): object {
  if (classIds.length === 0 && classified.length === 0) return {}
  const ids = Object.fromEntries(classIds.map(({ value }) => [value.id, value.class]))
  return { classification: { ids, columns: classified.map(({ value }) => value) } }
}

function only<K extends 'node' | 'oidc' | 'secrets' | 'incidents' | 'certificates' | 'access' | 'alerts'>(
  files: readonly ConfigFile[],
  section: K,
  problems: Problem[],
): Placed<NonNullable<FileContent[K]>> | null {
  const found = files.filter((file) => file.content[section] !== undefined)
  const [file, second] = found
  const value = file?.content[section]
  if (second !== undefined) {
    problems.push(problemAt({ file: second, path: [section] }, [], `stands in ${file?.file} already`))
    return null
  }
  if (file === undefined || value === undefined) {
    const where = files[0]?.file ?? '(none)'
    problems.push({ kind: 'wrong', file: where, line: 1, path: section, message: 'no file has this section' })
    return null
  }
  return { value, at: { file, path: [section] } }
}

function atMostOne<K extends 'secrets' | 'incidents' | 'certificates' | 'access' | 'alerts'>(
  files: readonly ConfigFile[],
  section: K,
  problems: Problem[],
): Placed<NonNullable<FileContent[K]>> | null {
  return files.some((file) => file.content[section] !== undefined) ? only(files, section, problems) : null
}

function listed<T>(
  files: readonly ConfigFile[],
  list: (content: FileContent) => readonly T[] | undefined,
  path: Path,
): Placed<T>[] {
  return files.flatMap((file) =>
    (list(file.content) ?? []).map((value, index) => ({ value, at: { file, path: [...path, index] } })),
  )
}
