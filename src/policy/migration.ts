import { createHash } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import type { Dialect } from '../sql/catalog.ts'
import type { Facts, StatementFacts, StatementKind } from '../sql/facts.ts'
import { unsafeFunction } from './functions.ts'
import type { MigrationPlan, PlannedStatement } from './grant.ts'
import { hiddenShow } from './kinds.ts'
import { piecesOf } from './script.ts'
import { judgeSetting } from './settings.ts'
import { hiddenSystemUse } from './system_relations.ts'

/** A longer script is several migrations. */
const STATEMENTS_MAX = 2000

/** A script as it is approved, and what each of its statements means against the catalog of that moment. */
interface ParsedScript {
  readonly plan: MigrationPlan
  readonly statements: readonly StatementFacts[]
}

/**
 * Takes a script apart. `analyze` reads one text in the dialect, with `compared` in its context. Rejects (`SP-REQUEST`)
 * what can't be compared when it runs, with the number of the statement.
 */
export function parseScript(script: string, dialect: Dialect, analyze: (text: string) => Facts): ParsedScript {
  const parts = piecesOf(script, dialect).flatMap((piece) => statementsOf(piece, analyze))
  if (parts.length === 0) throw new SallyportError('SP-REQUEST', 'the script has no statement')
  if (parts.length > STATEMENTS_MAX)
    throw new SallyportError('SP-REQUEST', `the script has ${parts.length} statements; ${STATEMENTS_MAX} is the most`)
  for (const [index, { facts }] of parts.entries()) {
    const why = unplannable(facts)
    if (why !== null) throw new SallyportError('SP-REQUEST', `statement ${index + 1} of the script ${why}`)
  }
  const statements = parts.map(({ planned }) => planned)
  return { plan: { digest: planDigest(statements), statements }, statements: parts.map(({ facts }) => facts) }
}

/** SHA-256 over the statements as compared, hex. */
export function planDigest(statements: readonly PlannedStatement[]): string {
  return createHash('sha256')
    .update(JSON.stringify(statements.map(({ compared }) => compared)))
    .digest('hex')
}

interface Part {
  readonly planned: PlannedStatement
  readonly facts: StatementFacts
}

function statementsOf(piece: string, analyze: (text: string) => Facts): readonly Part[] {
  const { text, statements } = analyze(piece)
  return statements.map((facts) => {
    const { start, end } = facts.span
    return { facts, planned: { text: text.slice(start, end).trim(), compared: facts.compared ?? '' } }
  })
}

/** Kinds whose text does not say what they do, or that have no place in a script which runs once, from begin to end. */
const UNPLANNABLE: Partial<Record<StatementKind, string>> = {
  rollback: 'takes back what was approved: leave ROLLBACK out',
  rollback_to: 'takes back what was approved: leave ROLLBACK TO out',
  copy: 'is a COPY, whose rows are no part of the script: use INSERT',
  load_data: 'reads its rows from a file: use INSERT',
  prepare: 'prepares a statement: write the statement itself',
  execute: 'runs a prepared statement: write the statement itself',
  declare_cursor: 'declares a cursor, which a script can not follow',
  fetch: 'fetches from a cursor, which a script can not follow',
  handler: 'reads through HANDLER: use SELECT',
  two_phase: 'leaves a transaction behind for another session to end',
  kill: 'ends another session',
}

function unplannable({ kind, opaque, compared }: StatementFacts): string | null {
  const refused = UNPLANNABLE[kind]
  if (refused) return refused
  if (opaque?.code === 'SP-SYNTAX' || compared === undefined) return `can't be read: ${opaque?.reason ?? 'unknown'}`
  if (/(?:^| )(?:\$\d+|\?)(?: |$)/.test(compared.replaceAll(/'(?:[^']|'')*'|"[^"]*"|`[^`]*`/g, "''")))
    return 'has a parameter, whose value is no part of the script: write the value'
  return null
}

/**
 * What ends, begins and marks transactions, and lets go of what a driver prepared; and USE, which clients send by themselves:
 * `PlanRuns` looks at what names mean before a statement of the script.
 */
const CONTROL: ReadonlySet<StatementKind> = new Set([
  'use',
  'begin',
  'commit',
  'rollback',
  'savepoint',
  'release',
  'rollback_to',
  'set_transaction',
  'deallocate',
  'close_cursor',
  'unlisten',
])

/** Settings that tools make around a script: how long to wait, what is told and how values look. */
const TOOL_SETTINGS: ReadonlySet<string> = new Set([
  ...['lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'application_name'],
  ...[
    'client_min_messages',
    'extra_float_digits',
    'datestyle',
    'intervalstyle',
    'timezone',
    'time_zone',
    'client_encoding',
  ],
  ...['standard_conforming_strings', 'bytea_output', 'escape_string_warning', 'transaction', 'transaction_isolation'],
  ...['tx_isolation', 'names', 'character_set', 'character_set_client', 'character_set_connection', 'autocommit'],
  ...['character_set_results', 'collation_connection', 'sql_mode', 'lock_wait_timeout', 'innodb_lock_wait_timeout'],
  ...['net_write_timeout', 'net_read_timeout', 'wait_timeout', 'interactive_timeout', 'max_execution_time'],
  ...['max_statement_time', 'sql_notes', 'sql_warnings', 'sql_safe_updates', 'session_track_schema'],
  ...['session_track_system_variables', 'session_track_state_change', 'session_track_transaction_info'],
])

/**
 * What may run around an approved script without being in it, since it changes no data and no definitions: control of
 * transactions, the settings above, SHOW, and SELECT of nothing but the system's catalogs and built-in functions.
 */
export function isHarmless(statement: StatementFacts, dialect: Dialect): boolean {
  const { kind, settings, uses, functions, inner, into, opaque, output } = statement
  if (opaque || inner || into) return false
  const safe = unsafeFunction(dialect, [], functions) === null && uses.every((use) => isCatalog(use, dialect))
  if (CONTROL.has(kind)) return true
  if (kind === 'set' || kind === 'reset')
    return safe && settings.length > 0 && settings.every((change) => isToolSetting(dialect, change))
  if (kind === 'show') return hiddenShow(statement, dialect) === null
  return kind === 'select' && safe && settings.length === 0 && output !== null && statement.verbs.every(isRead)
}

function isToolSetting(dialect: Dialect, change: StatementFacts['settings'][number]): boolean {
  return TOOL_SETTINGS.has(change.name.toLowerCase()) && judgeSetting(dialect, change) === null
}

/** What holds values of other people's rows or credentials is no part of what tools look at, whatever the role is. */
function isCatalog(use: StatementFacts['uses'][number], dialect: Dialect): boolean {
  const { relation, role, locked } = use
  return relation.kind === 'system' && role === 'read' && !locked && hiddenSystemUse(dialect, use) === null
}

function isRead(verb: StatementFacts['verbs'][number]): boolean {
  return verb === 'read'
}

const texts = new WeakMap<MigrationPlan, ReadonlySet<string>>()

/** True where the statement stands in the plan, at any place. */
export function isInPlan(plan: MigrationPlan, { compared }: StatementFacts): boolean {
  let known = texts.get(plan)
  if (!known) {
    known = new Set(plan.statements.map((statement) => statement.compared))
    texts.set(plan, known)
  }
  return compared !== undefined && known.has(compared)
}

type PlanMatch =
  /** It is the next of the plan. */
  | { readonly kind: 'next' }
  /** It is no part of the plan, and need not be. */
  | { readonly kind: 'around' }
  | { readonly kind: 'deviates'; readonly reason: string }

/** Whether the statement may run when `done` statements of the plan have. */
export function matchPlan(plan: MigrationPlan, done: number, statement: StatementFacts, dialect: Dialect): PlanMatch {
  const expected = plan.statements[done]
  if (expected && statement.compared === expected.compared) return { kind: 'next' }
  if (isHarmless(statement, dialect)) return { kind: 'around' }
  return { kind: 'deviates', reason: deviation(plan, done, statement) }
}

function deviation({ statements }: MigrationPlan, done: number, { compared }: StatementFacts): string {
  const expected = statements[done]
  if (!expected) return `all ${statements.length} statements of the approved script have run`
  const place = `statement ${done + 1} of ${statements.length} of the approved script is next`
  return compared === undefined ? place : `${place}: ${firstDifference(expected.compared, compared)}`
}

/** Literals are not quoted: the reason stands in the audit log. */
function firstDifference(expected: string, sent: string): string {
  let at = 0
  while (at < expected.length && expected[at] === sent[at]) at++
  const inLiteral = (expected.slice(0, at).match(/'/g)?.length ?? 0) % 2 === 1
  const number = expected.slice(0, at).split(' ').length
  if (at === expected.length) return `it goes on after its end, with ${wordAt(sent, at + 1)}`
  if (at === sent.length) return `it ends before ${wordAt(expected, at + 1)}`
  if (inLiteral) return `word ${number} or one behind it is another literal`
  return `word ${number} should be ${wordAt(expected, at)}, and is ${wordAt(sent, at)}`
}

function wordAt(text: string, at: number): string {
  const start = text.lastIndexOf(' ', at - 1) + 1
  const end = text.indexOf(' ', start)
  const word = text.slice(start, end === -1 ? text.length : end)
  return /^[A-Za-z_][\w$]*$/.test(word) || /^[(),;.=*<>+-]$/.test(word) ? word : 'a literal or name'
}

type PlanOutcome = 'running' | 'ran_as_approved' | 'deviated' | 'failed' | 'incomplete'

/** What came of a script: a statement that was refused ran nowhere, but the evidence says that it was tried. */
export function planOutcome(
  plan: MigrationPlan,
  progress: {
    readonly done: number
    readonly deviations: number
    readonly lastFailed: boolean
    readonly ended: boolean
  },
): PlanOutcome {
  const all = progress.done >= plan.statements.length
  if (progress.deviations > 0) return 'deviated'
  if (all) return 'ran_as_approved'
  if (!progress.ended) return 'running'
  return progress.lastFailed ? 'failed' : 'incomplete'
}
