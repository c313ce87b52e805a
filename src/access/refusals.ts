import { SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { Narrowing } from '../policy/grant.ts'
import { coversNarrowing } from '../policy/narrow.ts'
import { matchesAny, matchesAnyFolded } from '../policy/patterns.ts'
import type { Role, ScopeRule } from '../policy/role.ts'
import { isSelf } from './person.ts'
import type { RefusalNote } from './records.ts'

/** From a refusal to a request in one step. */

/** Letters and digits that nobody mistakes for one another, and that make no words. */
const ALPHABET = '23456789bcdfghjkmnpqrstvwxz'
const ID_CHARS = 8

/**
 * Eight characters, near 38 bits, of a digest over what was refused to whom: few enough to be typed, and the same each time,
 * so that who tries again is told the same. Knowing one helps nobody but the person who was refused.
 */
export function refusalId(digest: Uint8Array): string {
  return Array.from(digest.subarray(0, ID_CHARS), (byte) => ALPHABET[byte % ALPHABET.length]).join('')
}

/** What was refused to somebody else does not exist, as far as anybody can tell. Throws `SP-NOT-FOUND`. */
export function ownRefusal(note: RefusalNote | undefined, person: Identity, now: number): RefusalNote {
  if (note === undefined || !isSelf(note.person, person) || now >= note.expiresAt) {
    throw new SallyportError('SP-NOT-FOUND', 'there is no such refusal of yours, or it is too old')
  }
  return note
}

/**
 * The role with the least scope that would have let the statement through, of those that may be asked for. `prefer` is
 * taken where it does, since the person named it. Throws `SP-REQUEST`.
 */
export function leastRole(note: RefusalNote, roles: readonly Role[], prefer: string | null): Role {
  const enough = roles.filter((role) => covers(role, note))
  const named = enough.find(({ name }) => name === (prefer ?? (note.needs.length === 0 ? note.role : null)))
  if (named !== undefined) return named
  if (prefer !== null) throw new SallyportError('SP-REQUEST', `the role ${prefer} would not be enough`)
  const [least] = [...enough].sort(byScope)
  if (least === undefined) throw new SallyportError('SP-REQUEST', 'no role that you may ask for would be enough')
  return least
}

/** Null for a login, or where nothing can be taken away: rules that list columns as exceptions are narrowed to no more. */
export function narrowingOf({ needs }: RefusalNote): Narrowing | null {
  return needs.length === 0 ? null : needs
}

function covers(role: Role, { needs, clear }: RefusalNote): boolean {
  if (role.unrestricted) return true
  const inClear = clear.every((column) => isUnmasked(role, column))
  return (
    inClear && coversNarrowing(role.scope.map(asNarrowing), needs) && needs.every((need) => !isExcepted(role, need))
  )
}

function isUnmasked({ unmask }: Role, column: string): boolean {
  const [schema = '', table = '', name = ''] = column.split('.')
  return unmask.some((pattern) => {
    const [schemas = '', tables = '', columns = ''] = pattern.split('.')
    return matchesAny([schemas], schema) && matchesAny([tables], table) && matchesAnyFolded([columns], name)
  })
}

/** Rather takes a table or column for excepted: another role is proposed then, never one that would not do. */
function isExcepted({ scope }: Role, need: Narrowing[number]): boolean {
  return scope.some(
    ({ exceptTables, exceptColumns, schemas }) =>
      need.schemas.some((schema) => matchesAny(schemas, schema)) &&
      (need.tables.some((table) => matchesAnyFolded(exceptTables, table)) ||
        (need.columns ?? []).some((column) => matchesAnyFolded(exceptColumns, column))),
  )
}

function asNarrowing({ databases, schemas, tables, columns, verbs }: ScopeRule): Narrowing[number] {
  return { databases, schemas, tables, columns, verbs }
}

function byScope(one: Role, other: Role): number {
  if (one.unrestricted !== other.unrestricted) return one.unrestricted ? 1 : -1
  const [a, b] = [one.scope.map(asNarrowing), other.scope.map(asNarrowing)]
  const [aInB, bInA] = [coversNarrowing(b, a), coversNarrowing(a, b)]
  if (aInB !== bInA) return aInB ? -1 : 1
  return breadth(one) - breadth(other) || (one.name < other.name ? -1 : 1)
}

const VERB_WEIGHT = 10
const STAR_WEIGHT = 5

/** For roles of which neither contains the other: verbs weigh most, then stars, then masks that are lifted. */
function breadth({ scope, unmask, call }: Role): number {
  const verbs = new Set(scope.flatMap((rule) => rule.verbs)).size
  const stars = scope
    .flatMap(({ schemas, tables }) => [...schemas, ...tables])
    .filter((text) => text.endsWith('*')).length
  return verbs * VERB_WEIGHT + stars * STAR_WEIGHT + scope.length + unmask.length + call.length
}
