import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import type { Config } from '../config/config.ts'
import { checkConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { configJsonSchema } from '../config/schema_file.ts'
import { SallyportError } from '../errors.ts'
import type { Grant } from '../policy/grant.ts'
import type { ColumnMask } from '../policy/masking_policy.ts'
import type { Limits, Role, ScopeRule } from '../policy/role.ts'
import { readSecret } from '../secrets/resolve_secret.ts'
import { policyTestSchema } from './operator/policy_test_schema.ts'

type Print = (text: string) => void

/** 0: right. 1: wrong. Secrets and files that can't be read here are warnings, errors with `strict`. */
export async function check(dir: string, strict: boolean, out: Print, err: Print): Promise<number> {
  const { config, problems } = await checkConfig(dir, readSecret)
  const isError = (kind: string) => strict || kind === 'wrong'
  for (const problem of problems) {
    err(`${isError(problem.kind) ? 'error' : 'warning'}: ${formatProblem(problem)}\n`)
  }
  if (config === null || problems.some(({ kind }) => isError(kind))) return 1
  const { targets, roles, grants } = config
  out(`${dir}: ${targets.length} targets, ${roles.size} roles, ${grants.length} grants, digest ${config.digest}\n`)
  return 0
}

export interface Question {
  readonly person: string
  readonly target: string
  readonly groups: readonly string[]
  readonly now: number
}

/** Prints each grant that the person holds on the target. 0: one is active; 1: none is. */
export async function explain(dir: string, question: Question, out: Print): Promise<number> {
  const { config, problems } = await checkConfig(dir, readSecret)
  const wrong = problems.filter(({ kind }) => kind === 'wrong')
  if (config === null || wrong.length > 0) throw new SallyportError('SP-CONFIG', wrong.map(formatProblem).join('\n'))
  if (!config.targets.some(({ name }) => name === question.target)) {
    throw new SallyportError('SP-CONFIG', `unknown target ${question.target}`)
  }
  const groups = new Set([...question.groups, ...(config.oidc.groups.get(question.person.toLowerCase()) ?? [])])
  out(`${question.person} on ${question.target}, groups: ${[...groups].join(', ') || '(none)'}\n`)
  const held = config.grants.filter((grant) => grant.target === question.target && holds(grant, question, groups))
  for (const grant of held) out(grantText(grant, config, question.now))
  const active = held.filter((grant) => stateOf(grant, question.now) === 'active')
  if (active.length === 0) out('no active grant: the login is refused\n')
  if (active.length > 1) out(`several active grants: connect as person/${question.target}/role\n`)
  return active.length === 0 ? 1 : 0
}

export async function writeSchema(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'config.generated.json'), schemaText())
  await writeFile(join(dir, 'policy-test.generated.json'), policyTestSchemaText())
}

/** The text of `docs/schema/config.generated.json`. */
export function schemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`
}

/** The text of `docs/schema/policy-test.generated.json`. */
export function policyTestSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(policyTestSchema, { io: 'input' }), null, 2)}\n`
}

function holds({ principal }: Grant, { person }: Question, groups: ReadonlySet<string>): boolean {
  if ('group' in principal) return groups.has(principal.group)
  if ('email' in principal) return principal.email.toLowerCase() === person.toLowerCase()
  return principal.subject === person
}

function stateOf(grant: Grant, now: number): 'scheduled' | 'active' | 'ended' {
  if (now < grant.start) return 'scheduled'
  return now < grant.end ? 'active' : 'ended'
}

function grantText(grant: Grant, config: Config, now: number): string {
  const role = config.roles.get(grant.role)
  const span = `${new Date(grant.start).toISOString()} to ${new Date(grant.end).toISOString()}`
  const parameters = [...grant.parameters].map(([name, value]) => `${name}=${value}`).join(', ')
  const lines = [`grant ${grant.id}: ${stateOf(grant, now)}, ${span}, role ${grant.role}, reason: ${grant.reason}`]
  if (parameters !== '') lines.push(`  parameters: ${parameters}`)
  if (role !== undefined) lines.push(...roleText(role, config, grant.target))
  return `${lines.join('\n')}\n`
}

function roleText(role: Role, config: Config, target: string): string[] {
  if (role.unrestricted) return ['  unrestricted: everything, unmasked', ...limitTexts(role)]
  const masks = config.masking.masks.filter(({ targets }) => targets.some((pattern) => matches(pattern, target)))
  return [
    ...role.scope.map(scopeText),
    ...role.call.map((routine) => `  may call ${routine}`),
    ...masks.map(maskText),
    ...role.unmask.map((column) => `  sees in clear: ${column}`),
    ...limitTexts(role),
  ]
}

/** How each limit reads; the rest are times, and are said as such. */
const LIMIT_TEXTS: Readonly<Record<keyof Limits, string>> = {
  maxRowsPerResult: 'rows per result',
  maxBytesPerResult: 'bytes per result',
  maxRowsPerHour: 'rows per person and hour',
  maxBytesPerHour: 'bytes per person and hour',
  maxRowsPerDay: 'rows per grant and day',
  maxBytesPerDay: 'bytes per grant and day',
  maxRowsPerTableAndHour: 'rows of each table per person and hour',
  bulkReadRows: 'rows of a table per person and hour raise an alert',
  rowsPerSecond: 'rows per second and person',
  bytesPerSecond: 'bytes per second and person',
  maxSessions: 'sessions at once',
  maxStatements: 'statements at once',
  lockTimeoutMs: 'ms for a lock',
  statementTimeoutMs: 'ms for a statement',
  idleTimeoutMs: 'ms idle',
  idleInTransactionTimeoutMs: 'ms idle in a transaction',
}

function limitTexts({ limits }: Role): string[] {
  const set = Object.entries(LIMIT_TEXTS).flatMap(([key, text]) => {
    const value = limits[key as keyof Limits]
    return value === 0 ? [] : [`${value} ${text}`]
  })
  return set.length === 0 ? [] : [`  limits: ${set.join(', ')}`]
}

function scopeText(rule: ScopeRule): string {
  const places = `${rule.databases.join('|')}.${rule.schemas.join('|')}.${rule.tables.join('|')}`
  const columns = rule.columns === null ? '' : ` (${rule.columns.join(', ')})`
  const except = [...rule.exceptTables, ...rule.exceptColumns]
  const where = rule.where.map(({ column, op, value }) => `${column} ${op} ${valueText(value)}`.trim())
  return (
    `  may ${rule.verbs.join(', ')} ${places}${columns}` +
    (except.length === 0 ? '' : `, except ${except.join(', ')}`) +
    (where.length === 0 ? '' : `, rows where ${where.join(' and ')}`)
  )
}

function valueText(value: ScopeRule['where'][number]['value']): string {
  if (value === null) return ''
  return 'parameter' in value ? `:${value.parameter}` : value.join(', ')
}

function maskText({ schemas, tables, columns, rule }: ColumnMask): string {
  return `  masked (${rule.strategy}): ${schemas.join('|')}.${tables.join('|')}.${columns.join('|')}`
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name
}
