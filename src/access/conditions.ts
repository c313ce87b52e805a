import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js'

/** Conditions of approval rules: CEL over what is known of a request. */

/** What a condition is judged over. Absent: not known, which no condition can be built on. */
export interface ConditionFacts {
  readonly person: {
    readonly email?: string
    readonly name?: string
    readonly issuer: string
    readonly subject: string
  }
  readonly groups: readonly string[]
  readonly target: { readonly name: string; readonly engine: string; readonly labels: Readonly<Record<string, string>> }
  readonly role: string
  readonly kind: string
  readonly verbs: readonly string[]
  readonly durationMs: number
  readonly incident?: { readonly provider: string; readonly id: string }
  /** The classes that the scope touches. */
  readonly classification?: readonly string[]
  readonly risks?: readonly { readonly kind: string; readonly severity: string }[]
  readonly now: number
}

export interface Condition {
  readonly text: string
  /** Null: it can't be judged from these facts. */
  readonly judge: (facts: ConditionFacts, zone: string) => boolean | null
}

const ENVIRONMENT = new Environment({ unlistedVariablesAreDyn: false, limits: { maxAstNodes: 500 } })
  .registerVariable('person', { schema: { email: 'string', name: 'string', issuer: 'string', subject: 'string' } })
  .registerVariable('groups', 'list<string>')
  .registerVariable('target', { schema: { name: 'string', engine: 'string', labels: 'map<string, string>' } })
  .registerVariable('role', 'string')
  .registerVariable('kind', 'string')
  .registerVariable('verbs', 'list<string>')
  .registerVariable('duration', 'google.protobuf.Duration')
  .registerVariable('time', { schema: { hour: 'int', minute: 'int', weekday: 'int' } })
  .registerVariable('incident', { schema: { provider: 'string', id: 'string' } })
  .registerVariable('classification', 'list<string>')
  .registerVariable('risks', 'list<map<string, string>>')

/** Variables that may be absent: a condition that mentions one of them says nothing then, whatever else it says. */
const OPTIONAL = ['incident', 'classification', 'risks'] as const

/** A condition, or what is wrong with its text. */
export function compileCondition(text: string): Condition | { readonly error: string } {
  const checked = ENVIRONMENT.check(text)
  if (!checked.valid) return { error: firstLine(checked.error?.message ?? 'is not a CEL expression') }
  if (checked.type !== 'bool') return { error: `must be true or false, and is of type ${checked.type ?? 'unknown'}` }
  const run = ENVIRONMENT.parse(text)
  const mentioned = OPTIONAL.filter((name) => mentions(run.ast, name))
  return { text, judge: (facts, zone) => judge(run, mentioned, facts, zone) }
}

function judge(
  run: ParseResult,
  mentioned: readonly (typeof OPTIONAL)[number][],
  facts: ConditionFacts,
  zone: string,
): boolean | null {
  if (mentioned.some((name) => facts[name] === undefined)) return null
  const { durationMs, now, ...plain } = facts
  try {
    const result: unknown = run({
      ...plain,
      duration: ENVIRONMENT.evaluate(`duration("${Math.floor(durationMs)}ms")`),
      time: timeIn(zone, now),
    })
    return typeof result === 'boolean' ? result : null
  } catch {
    return null
  }
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** Hour and minute of the day, and the day of the week from 1 for Monday, as a clock on the wall of that zone shows. */
export function timeIn(zone: string, now: number): { hour: bigint; minute: bigint; weekday: bigint } {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    weekday: 'short',
    hourCycle: 'h23',
  }).formatToParts(now)
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? ''
  return {
    hour: BigInt(part('hour')),
    minute: BigInt(part('minute')),
    weekday: BigInt(WEEKDAYS.indexOf(part('weekday')) + 1),
  }
}

export function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** A name that a macro binds counts as mentioned too: it is refused rather than judged. */
function mentions(node: ASTNode, name: string): boolean {
  if (node.op === 'id') return node.args === name
  const inner: readonly unknown[] = Array.isArray(node.args) ? node.args.flat(2) : [node.args]
  return inner.some((part) => isNode(part) && mentions(part, name))
}

function isNode(part: unknown): part is ASTNode {
  return typeof part === 'object' && part !== null && 'op' in part && 'args' in part
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text
}
