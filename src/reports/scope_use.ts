import type { UsageRecord } from '../access/records.ts'
import type { Narrowing } from '../policy/grant.ts'
import { coversNarrowing } from '../policy/narrow.ts'
import { matchesAny } from '../policy/patterns.ts'
import type { Role, ScopeRule } from '../policy/role.ts'
import type { Verb } from '../sql/facts.ts'
import { compared } from './order.ts'

/** What a grant lets a person do, beside what was done under it: by rule of the scope and verb. */

type Use = Pick<UsageRecord, 'schema' | 'table' | 'verb' | 'clear'>

/** Verbs that leave a line of use for each table. The others (a setting, a plan, a call) touch none by name. */
const COUNTED: readonly Verb[] = ['read', 'insert', 'update', 'delete', 'ddl']
const EVERYTHING: readonly string[] = ['*']

/** A rule of a scope with one of its verbs: the unit that is used or not. */
export interface GrantedUnit {
  readonly databases: readonly string[]
  readonly schemas: readonly string[]
  readonly tables: readonly string[]
  readonly verb: Verb
}

export function grantedUnits(role: Pick<Role, 'unrestricted' | 'scope'>): readonly GrantedUnit[] {
  if (role.unrestricted) {
    return COUNTED.map((verb) => ({ databases: EVERYTHING, schemas: EVERYTHING, tables: EVERYTHING, verb }))
  }
  return role.scope.flatMap(({ databases, schemas, tables, verbs }) =>
    COUNTED.filter((verb) => verbs.includes(verb)).map((verb) => ({ databases, schemas, tables, verb })),
  )
}

/** A unit is used as soon as its verb was done to one table that the rule covers. */
export function unusedUnits(role: Pick<Role, 'unrestricted' | 'scope'>, uses: readonly Use[]): readonly GrantedUnit[] {
  return grantedUnits(role).filter(({ schemas, tables, verb }) =>
    uses.every((use) => use.verb !== verb || !matchesAny(schemas, use.schema) || !matchesAny(tables, use.table)),
  )
}

/** The least that would have done: the tables with the verbs that were used. Which columns were, no line says. */
export function usedNarrowing(uses: readonly Use[]): Narrowing {
  const verbsOf = new Map<string, { schema: string; table: string; verbs: Set<Verb> }>()
  for (const { schema, table, verb } of uses) {
    const key = JSON.stringify([schema, table])
    const entry = verbsOf.get(key) ?? { schema, table, verbs: new Set() }
    verbsOf.set(key, entry)
    const known = COUNTED.find((one) => one === verb)
    if (known !== undefined) entry.verbs.add(known)
  }
  const alike = Map.groupBy(
    [...verbsOf.values()].filter(({ verbs }) => verbs.size > 0),
    ({ schema, verbs }) => JSON.stringify([schema, COUNTED.filter((verb) => verbs.has(verb))]),
  )
  return [...alike.entries()]
    .sort(([a], [b]) => compared(a, b))
    .map(([key, entries]) => {
      const [schema, verbs] = JSON.parse(key) as [string, Verb[]]
      const tables = entries.map(({ table }) => table).sort(compared)
      return { databases: EVERYTHING, schemas: [schema], tables, columns: null, verbs }
    })
}

/**
 * The narrowest role of the configuration that would have been enough and lies inside the one that was held; null where
 * there is none. Only what is certain counts: rules with row conditions or some of the columns might not have done.
 */
export function narrowerRole(held: Role, uses: readonly Use[], roles: Iterable<Role>): string | null {
  if (uses.length === 0) return null
  const needs = usedNarrowing(uses)
  const enough = [...roles].filter(
    (role) =>
      !role.unrestricted && role.name !== held.name && isInside(role, held) && isEnough(role, held, needs, uses),
  )
  const narrowest = enough.filter((one) => !enough.some((other) => other !== one && isSmaller(other, one)))
  return narrowest.map(({ name }) => name).sort(compared)[0] ?? null
}

function isEnough(role: Role, held: Role, needs: Narrowing, uses: readonly Use[]): boolean {
  const certain = role.scope
    .filter(({ columns, where, exceptTables, exceptColumns }) => {
      return columns === null && where.length === 0 && exceptTables.length === 0 && exceptColumns.length === 0
    })
    // Lines of use name no database.
    .map((rule) => ({ ...rule, databases: EVERYTHING }))
  const seesAsMuch = held.unmask.every((pattern) => role.unmask.includes(pattern))
  return coversNarrowing(certain, needs) && (seesAsMuch || uses.every(({ clear }) => clear === 0))
}

/** True where it gives less: something of the held role lies outside of it. */
function isInside(role: Role, held: Role): boolean {
  return isWithin(role, held) && (held.unrestricted || !coversNarrowing(role.scope, plain(held.scope)))
}

function isSmaller(one: Role, other: Role): boolean {
  return isWithin(one, other) && !isWithin(other, one)
}

function isWithin(inner: Role, outer: Role): boolean {
  if (outer.unrestricted) return true
  const bounded = outer.scope.some(({ where, exceptTables, exceptColumns }) => {
    return where.length > 0 || exceptTables.length > 0 || exceptColumns.length > 0
  })
  // What row conditions and exceptions take away is not compared: only an equal rule is known to lie inside.
  if (bounded) return inner.scope.every((rule) => outer.scope.some((other) => isSame(rule, other)))
  return (
    coversNarrowing(plain(outer.scope), plain(inner.scope)) &&
    inner.unmask.every((pattern) => outer.unmask.includes(pattern))
  )
}

function isSame(one: ScopeRule, other: ScopeRule): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function plain(scope: readonly ScopeRule[]): Narrowing {
  return scope.map(({ databases, schemas, tables, columns, verbs }) => ({ databases, schemas, tables, columns, verbs }))
}
