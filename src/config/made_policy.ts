import type { PolicyVersion } from '../access/records.ts'
import type { Problem } from './problem.ts'
import { type ConfigFile, problemsOf } from './read_files.ts'
import { fileSchema } from './schema_file.ts'

/** What was made over the API stands beside the files, and after them: where order counts, theirs come first. */

const MADE = '(made over the API)'

/**
 * The API's policy in force as one file. An entry takes the name that it was made under, whatever its body says of that;
 * a mask and a classification are one line each, which have no name of their own.
 */
export function madePolicy(versions: readonly PolicyVersion[], problems: Problem[]): ConfigFile | null {
  const made = versions.filter(({ source, state, body }) => source === 'api' && state === 'in_force' && body !== null)
  if (made.length === 0) return null
  const named = (kind: PolicyVersion['kind'], key: 'name' | 'id') =>
    made.filter((version) => version.kind === kind).map(({ name, body }) => ({ ...(body as object), [key]: name }))
  const lines = (kind: PolicyVersion['kind']) => made.filter((version) => version.kind === kind).map(({ body }) => body)
  const content = {
    version: 1,
    roles: named('role', 'name'),
    approvals: named('approval', 'name'),
    projects: named('project', 'name'),
    grants: named('grant', 'id'),
    masking: { masks: lines('mask') },
    classification: { columns: lines('classification') },
  }
  const parsed = fileSchema.safeParse(content)
  const lineOf = () => 1
  if (parsed.success) return { file: MADE, content: parsed.data, lineOf }
  for (const issue of parsed.error.issues) problems.push(...problemsOf(issue, MADE, lineOf))
  return null
}

export type PieceOfPolicy = Pick<PolicyVersion, 'kind' | 'name'>

/** The file without a role, approval rule, project or grant. Lines of masks and classes have no names to go by. */
export function withoutPiece(file: ConfigFile, { kind, name }: PieceOfPolicy): ConfigFile {
  const { content } = file
  switch (kind) {
    case 'role':
      return { ...file, content: { ...content, roles: content.roles?.filter((one) => one.name !== name) } }
    case 'approval':
      return { ...file, content: { ...content, approvals: content.approvals?.filter((one) => one.name !== name) } }
    case 'project':
      return { ...file, content: { ...content, projects: content.projects?.filter((one) => one.name !== name) } }
    case 'grant':
      return { ...file, content: { ...content, grants: content.grants?.filter((one) => one.id !== name) } }
    case 'mask':
    case 'classification':
      return file
  }
}
