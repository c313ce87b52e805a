import type { Identity } from '../identity/identity.ts'
import type { ColumnAccess } from '../policy/decision.ts'
import type { Grant } from '../policy/grant.ts'
import type { MaskingPolicy } from '../policy/masking_policy.ts'
import { narrowRole } from '../policy/narrow.ts'
import type { Role } from '../policy/role.ts'
import { type DryAnswer, dryRun } from '../session/dry_run.ts'
import { objectsOf } from '../session/objects.ts'
import type { Target } from '../session/ports.ts'
import type { Engine } from '../session/verdict.ts'
import type { Catalog } from '../sql/catalog.ts'
import { objectNames, type RecordedStatement } from './impact_log.ts'

/** One statement of the past under two policies. */

export interface ImpactPolicy {
  readonly roles: ReadonlyMap<string, Role>
  readonly masking: MaskingPolicy
  /** Grants of files by their id. */
  readonly fileGrants: ReadonlyMap<string, Grant>
}

export interface ImpactWorld {
  readonly before: ImpactPolicy
  readonly after: ImpactPolicy
  /** Of the store, by id: no change of policy touches them. */
  readonly grants: ReadonlyMap<string, Grant>
  readonly places: readonly ImpactPlace[]
}

/** A database that statements ran in. */
export interface ImpactPlace {
  readonly target: Target
  /** As records name it. */
  readonly recorded: string
  /** '' in MySQL. */
  readonly database: string
  readonly defaultDatabase: string | null
  readonly catalog: Catalog
  /** Sessions there have an account with what their grant allows alone. */
  readonly limited: boolean
}

/** These say nothing of what the policy allows: of the hour, of others, or of what is not known any more. */
const BY_STATE =
  /^SP-(?:GRANT-ENDED|LIMIT-.*|LOCKED|PLAN|CATALOG|STALE|NO-GRANT|INTERNAL|AUDIT|STORE|UPSTREAM|ACCOUNT|LOGIN.*)$/

export type Judged = 'unknown' | { readonly before: DryAnswer; readonly after: DryAnswer }

/**
 * Unknown where what was recorded could not have been this: the place or grant is not there any more, the names mean
 * something else by now, or under the very same policy and catalog the text without its values is decided otherwise.
 */
export function judgeAgain(
  recorded: RecordedStatement,
  world: ImpactWorld,
  place: ImpactPlace,
  engine: Engine,
): Judged {
  if (!recorded.allowed && BY_STATE.test(recorded.code ?? '')) return 'unknown'
  for (const text of textsOf(recorded, place)) {
    const statement = { ...recorded, text }
    const before = answerUnder(world.before, statement, world, place, engine)
    if (before === null || before === 'no_grant') return 'unknown'
    if (!isRecorded(statement, before)) continue
    const after = answerUnder(world.after, statement, world, place, engine)
    if (after === null || contradicts(statement, world, place, before)) return 'unknown'
    return { before, after: after === 'no_grant' ? GONE : after }
  }
  return 'unknown'
}

/** A text stands nearly everywhere that a literal does, a number where a type or a count takes no text. */
const STAND_INS = ["'0'", '1'] as const
/** A name in quotes may hold a question mark. */
const QUOTED_OR_MARK = /"[^"]*"|`[^`]*`|\?/g

/** What the statement may have been. MySQL reads `?` itself, as the parameter of a prepared statement. */
function textsOf({ text, full }: RecordedStatement, { catalog }: ImpactPlace): readonly string[] {
  if (full || !text.includes('?')) return [text]
  const filled = STAND_INS.map((literal) => text.replace(QUOTED_OR_MARK, (found) => (found === '?' ? literal : found)))
  return catalog.dialect === 'postgres' ? filled : [text, ...filled]
}

const GONE: DryAnswer = {
  ...{ allowed: false, code: 'SP-NO-GRANT', reason: 'the grant would be gone', sent: null },
  ...{ columns: [], fields: [], limits: null, facts: null },
}

function answerUnder(
  { roles, masking, fileGrants }: ImpactPolicy,
  statement: RecordedStatement,
  { grants, before }: ImpactWorld,
  { target, database, defaultDatabase, catalog, limited }: ImpactPlace,
  engine: Engine,
): DryAnswer | 'no_grant' | null {
  const grant = fileGrants.get(statement.grantId) ?? grants.get(statement.grantId)
  if (grant === undefined) return before.fileGrants.has(statement.grantId) ? 'no_grant' : null
  // A script is held to what was approved, not to what a role says of its statements.
  if (grant.plan !== null) return null
  const role = roles.get(grant.role)
  // As it stood when the statement ran: what time has done since is no matter of the policy.
  const standing = {
    ...grant,
    start: Math.min(grant.start, statement.time),
    end: Math.max(grant.end, statement.time + 1),
  }
  return dryRun({
    ...{ target, database, engine, catalog, masking, defaultDatabase, limited },
    identity: identityOf(statement),
    grant: standing,
    role: role && narrowRole(role, grant.narrowing),
    text: statement.text,
    now: statement.time,
    refusal: null,
    planDone: null,
  })
}

function identityOf({ issuer, subject, email, groups }: RecordedStatement): Identity {
  return {
    ...{ issuer, subject, email, name: null, groups, aliases: [], tokenId: null, expiresAt: Number.MAX_SAFE_INTEGER },
    ...{ authTime: null, acr: null, amr: [] },
  }
}

/** The text is read as it was then: of the same kind, about the same objects. */
function isRecorded(statement: RecordedStatement, { facts }: DryAnswer): boolean {
  const [only, ...others] = facts?.statements ?? []
  if (only === undefined || others.length > 0 || only.kind !== statement.kind) return false
  return objectNames(objectsOf(only)).join('\n') === statement.objects.join('\n')
}

function contradicts(
  { allowed, digests, grantId }: RecordedStatement,
  { before, grants }: ImpactWorld,
  { catalog }: ImpactPlace,
  answer: DryAnswer,
): boolean {
  if (answer.allowed === allowed) return false
  const grant = before.fileGrants.get(grantId) ?? grants.get(grantId)
  const role = grant && before.roles.get(grant.role)
  const narrowed = role && narrowRole(role, grant.narrowing)
  return (
    digests.role === narrowed?.digest && digests.masking === before.masking.digest && digests.catalog === catalog.digest
  )
}

export interface Difference {
  readonly denied: boolean
  readonly allowed: boolean
  /** `schema.table.column`. */
  readonly masked: readonly string[]
  readonly clear: readonly string[]
}

export function differenceOf(before: DryAnswer, after: DryAnswer): Difference {
  const both = before.allowed && after.allowed
  return {
    denied: before.allowed && !after.allowed,
    allowed: !before.allowed && after.allowed,
    masked: both ? turned(before.columns, after.columns) : [],
    clear: both ? turned(after.columns, before.columns) : [],
  }
}

/** Columns that are in clear in `from` alone, and masked in `to`. */
function turned(from: readonly ColumnAccess[], to: readonly ColumnAccess[]): readonly string[] {
  const inClear = namesOf(from, ['clear'])
  const stillClear = namesOf(to, ['clear'])
  const hidden = namesOf(to, ['masked', 'computed_masked'])
  return [...inClear].filter((name) => !stillClear.has(name) && hidden.has(name))
}

function namesOf(columns: readonly ColumnAccess[], seen: readonly ColumnAccess['seen'][]): ReadonlySet<string> {
  return new Set(
    columns.filter((one) => seen.includes(one.seen)).map(({ schema, table, column }) => `${schema}.${table}.${column}`),
  )
}
