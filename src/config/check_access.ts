import { matchesPattern } from '../policy/patterns.ts'
import { type Merged, type Place, problemAt } from './merge.ts'
import type { Path, Problem } from './problem.ts'

/** What approval rules and projects say of roles and targets: names that nothing is called by are slips. */
export function checkAccess(merged: Merged, problems: Problem[]): void {
  unique(merged.approvals, problems)
  unique(merged.projects, problems)
  unique(merged.reviews, problems)
  const roles = merged.roles.map(({ value }) => value.name)
  const targets = merged.targets.map(({ value }) => value.name)
  const rules = new Set(merged.approvals.map(({ value }) => value.name))
  for (const { value, at } of merged.roles) {
    if (value.approval === undefined || rules.has(value.approval)) continue
    problems.push(problemAt(at, ['approval'], `unknown approval rule ${value.approval}`))
  }
  checkRecording(merged, problems)
  checkSealing(merged, problems)
  for (const { value, at } of [...merged.approvals, ...merged.projects]) {
    checkPatterns(value.roles, roles, 'role', at, ['roles'], problems)
    checkPatterns(value.targets, targets, 'target', at, ['targets'], problems)
  }
}

/** No recording, no session: a role that nobody could use is a slip, and is said before anybody needs it. */
function checkRecording({ roles, node }: Merged, problems: Problem[]): void {
  if (node.value.audit.sealTo !== undefined) return
  for (const { value, at } of roles) {
    if (!value.recording) continue
    const what = 'recordings need node.audit.sealTo, the public key that they are sealed to (sallyport audit seal-key)'
    problems.push(problemAt(at, ['recording'], what))
  }
}

/** What should be sealed is not kept in clear instead. */
function checkSealing({ targets, node }: Merged, problems: Problem[]): void {
  if (node.value.audit.sealTo !== undefined) return
  for (const { value, at } of targets) {
    if (value.capture !== 'sealed') continue
    const what = 'sealed statements need node.audit.sealTo, the public key of who may read them'
    problems.push(problemAt(at, ['capture'], `${what} (sallyport audit seal-key)`))
  }
}

function checkPatterns(
  patterns: readonly string[],
  names: readonly string[],
  what: string,
  at: Place,
  below: Path,
  problems: Problem[],
): void {
  for (const [index, pattern] of patterns.entries()) {
    if (pattern.endsWith('*') || names.some((name) => matchesPattern(pattern, name))) continue
    problems.push(problemAt(at, [...below, index], `unknown ${what} ${pattern}`))
  }
}

function unique(
  entries: readonly { readonly value: { readonly name: string }; readonly at: Place }[],
  problems: Problem[],
): void {
  const seen = new Set<string>()
  for (const { value, at } of entries) {
    if (seen.has(value.name)) problems.push(problemAt(at, ['name'], `${value.name} stands twice`))
    seen.add(value.name)
  }
}
