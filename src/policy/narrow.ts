import { createHash } from 'node:crypto'
import type { Narrowing } from './grant.ts'
import { matchesAny } from './patterns.ts'
import type { Role, ScopeRule } from './role.ts'

type NarrowingRule = Narrowing[number]

/** How many narrowings of one role are remembered: more than there are grants in use. */
const REMEMBERED_MAX = 2048

interface Remembered {
  readonly byNarrowing: WeakMap<Narrowing, Role>
  readonly byDigest: Map<string, Role>
}

const remembered = new WeakMap<Role, Remembered>()

/**
 * The role with only that of its scope which one of the narrowing's rules covers too. What the role says beyond (row
 * conditions, exceptions, relatives) is judged by its whole scope still, which is kept beside: a rule that was narrowed
 * away still bounds what is left. Equal arguments give the same object, so that sessions share what was judged under it.
 */
export function narrowRole(role: Role, narrowing: Narrowing | null): Role {
  if (narrowing === null) return role
  const known = remembered.get(role) ?? { byNarrowing: new WeakMap(), byDigest: new Map() }
  remembered.set(role, known)
  const found = known.byNarrowing.get(narrowing) ?? byDigest(known, role, narrowing)
  known.byNarrowing.set(narrowing, found)
  return found
}

function byDigest({ byDigest: known }: Remembered, role: Role, narrowing: Narrowing): Role {
  const digest = digestWith(role, narrowing)
  const found = known.get(digest) ?? { ...(role.unrestricted ? restricted : within)(role, narrowing), digest }
  if (known.size >= REMEMBERED_MAX) known.clear()
  known.set(digest, found)
  return found
}

function within(role: Role, narrowing: Narrowing): Role {
  return {
    ...role,
    scope: role.scope.flatMap((rule) => narrowing.flatMap((by) => intersection(rule, by) ?? [])),
    narrowedFrom: role.narrowedFrom ?? role.scope,
    call: coveredCalls(role, narrowing),
  }
}

function coveredCalls({ call }: Role, narrowing: Narrowing): readonly string[] {
  return call.filter((routine) => narrowing.some((by) => coversRoutine(by, routine)))
}

/** What was everything becomes the narrowing itself: in clear as before, but understood statements alone. */
function restricted(role: Role, narrowing: Narrowing): Role {
  const scope = narrowing.map((by) => ({
    ...by,
    verbs: by.verbs.filter((verb) => verb !== 'export' || role.exports),
    exceptTables: [],
    exceptColumns: [],
    where: [],
  }))
  const call = coveredCalls(role, narrowing)
  return { ...role, unrestricted: false, exports: false, scope, call, unmask: ['*.*.*'] }
}

function digestWith(role: Role, narrowing: Narrowing): string {
  return createHash('sha256')
    .update(JSON.stringify([role.digest, narrowing.map(plainRule)]))
    .digest('hex')
}

/** With its fields in one order, wherever the narrowing came from. */
function plainRule({ databases, schemas, tables, columns, verbs }: NarrowingRule): NarrowingRule {
  return { databases, schemas, tables, columns, verbs }
}

function coversRoutine({ schemas, tables, verbs }: NarrowingRule, routine: string): boolean {
  const dot = routine.indexOf('.')
  const [schema, name] = [routine.slice(0, dot), routine.slice(dot + 1)]
  return verbs.includes('call') && matchesAny(schemas, schema) && matchesAny(tables, name)
}

/** Null where nothing is covered by both. */
function intersection<Rule extends ScopeRule | NarrowingRule>(rule: Rule, by: NarrowingRule): Rule | null {
  const databases = commonPatterns(rule.databases, by.databases)
  const schemas = commonPatterns(rule.schemas, by.schemas)
  const tables = commonPatterns(rule.tables, by.tables)
  const columns = commonColumns(rule.columns, by.columns)
  const verbs = rule.verbs.filter((verb) => by.verbs.includes(verb))
  const parts = [databases, schemas, tables, verbs, columns ?? ['*']]
  return parts.every(({ length }) => length > 0) ? { ...rule, databases, schemas, tables, columns, verbs } : null
}

function commonColumns(one: readonly string[] | null, other: readonly string[] | null): readonly string[] | null {
  if (one === null || other === null) return one ?? other
  return commonPatterns(one, other)
}

function commonPatterns(some: readonly string[], others: readonly string[]): readonly string[] {
  const common = some.flatMap((one) => others.flatMap((other) => commonPattern(one, other) ?? []))
  return [...new Set(common)]
}

/** Two patterns have names in common only where one contains the other. */
function commonPattern(one: string, other: string): string | null {
  if (containsPattern(one, other)) return other
  return containsPattern(other, one) ? one : null
}

/** True where each name that the inner pattern matches is matched by the outer one. */
function containsPattern(outer: string, inner: string): boolean {
  if (!outer.endsWith('*')) return outer === inner
  return inner.startsWith(outer.slice(0, -1))
}

function containsAll(outer: readonly string[], inner: readonly string[]): boolean {
  return inner.every((one) => outer.some((pattern) => containsPattern(pattern, one)))
}

/**
 * True where each of the asked rules lies, for each of its verbs, inside one rule of `outer`: nothing would be lost by
 * narrowing to `outer`. Rules that cover it only together don't count. Exceptions and row conditions are not looked at.
 */
export function coversNarrowing(outer: Narrowing, asked: Narrowing): boolean {
  return asked.every((rule) =>
    rule.verbs.every((verb) => outer.some((one) => coversRule(one, { ...rule, verbs: [verb] }))),
  )
}

function coversRule(outer: NarrowingRule, rule: NarrowingRule): boolean {
  return (
    containsAll(outer.databases, rule.databases) &&
    containsAll(outer.schemas, rule.schemas) &&
    containsAll(outer.tables, rule.tables) &&
    (outer.columns === null || (rule.columns !== null && containsAll(outer.columns, rule.columns))) &&
    rule.verbs.every((verb) => outer.verbs.includes(verb))
  )
}

/** What both narrowings leave: null takes nothing away. */
export function narrowFurther(one: Narrowing | null, other: Narrowing | null): Narrowing | null {
  if (one === null || other === null) return one ?? other
  return one.flatMap((rule) => other.flatMap((by) => intersection(rule, by) ?? []))
}
