import { linesBackwardIn, timeOf } from '../auditlog/log_lines.ts'
import { LongTexts, type TextPiece } from './impact_texts.ts'

/** What people had run, as the log of record has it: each different statement once, with how often it came. */

export interface RecordedStatement {
  /** Of the newest record of it. */
  readonly eventId: string
  readonly time: number
  readonly issuer: string
  readonly subject: string
  readonly email: string | null
  readonly groups: readonly string[]
  readonly target: string
  readonly database: string
  readonly grantId: string
  readonly kind: string
  /** Normalised, `?` for each literal, unless it is `full`. */
  readonly text: string
  readonly full: boolean
  readonly allowed: boolean
  readonly code: string | null
  /** `access schema.name` of each, in order. */
  readonly objects: readonly string[]
  readonly digests: { readonly role: string; readonly masking: string; readonly catalog: string }
}

export interface ReadStatements {
  /** With the number of its records. */
  readonly statements: readonly (readonly [RecordedStatement, number])[]
  /** Records that could not be taken: without a whole text, or beyond what is looked at. */
  readonly left: number
  /** Back to when the log was read: the begin, unless time ran out before. */
  readonly from: number
}

export interface ReadBounds {
  readonly from: number
  readonly to: number
  readonly maxDistinct: number
  /** By this clock (milliseconds) reading ends. */
  readonly until: number
  readonly clock: () => number
}

const TEXT = Buffer.from('"event_code":"db.statement.text"')
const DECISION = Buffer.from('"event_code":"db.decision"')
/** How many lines are read between two looks at the clock. */
const LINES_PER_LOOK = 1_024

/** The newest first, so that what is left out is the oldest. */
export function readStatements(directory: string, { from, to, maxDistinct, until, clock }: ReadBounds): ReadStatements {
  const found = new Map<string, { readonly statement: RecordedStatement; count: number }>()
  const texts = new LongTexts<RecordedStatement>()
  let left = 0
  const add = (statement: RecordedStatement) => {
    const key = keyOf(statement)
    const known = found.get(key)
    if (known !== undefined) known.count++
    else if (found.size >= maxDistinct) left++
    else found.set(key, { statement, count: 1 })
  }
  let reached = from
  let lines = 0
  for (const { bytes } of linesBackwardIn(directory)) {
    const time = timeOf(bytes) ?? to
    if (time < from) break
    if (++lines % LINES_PER_LOOK === 0 && clock() > until) {
      reached = time
      break
    }
    if (bytes.includes(TEXT)) {
      const whole = texts.take((JSON.parse(bytes.toString()) as Shown).unmapped?.jit?.text ?? {})
      for (const statement of whole?.for ?? []) add({ ...statement, text: whole?.text ?? '' })
    }
    if (time >= to || !bytes.includes(DECISION)) continue
    const shown = statementOf(bytes.toString())
    if (shown === null) left++
    else if (shown.apart === null) add(shown.statement)
    else texts.wait(shown.apart, shown.statement)
  }
  left += texts.left
  return { statements: [...found.values()].map(({ statement, count }) => [statement, count]), left, from: reached }
}

/** What was decided otherwise, or under another policy, counts by itself. */
function keyOf({ grantId, target, database, text, allowed, digests, subject }: RecordedStatement): string {
  return JSON.stringify([grantId, subject, target, database, allowed, digests, text])
}

interface Shown {
  readonly time: number
  readonly status_code?: string
  readonly metadata: { readonly uid: string }
  readonly actor?: {
    readonly user?: {
      readonly uid?: string
      readonly email_addr?: string
      readonly groups?: readonly { name: string }[]
    }
    readonly session?: { readonly issuer?: string }
  }
  readonly dst_endpoint?: { readonly svc_name?: string }
  readonly database?: { readonly name?: string }
  readonly query_info?: { readonly query_string?: string }
  readonly unmapped?: {
    readonly jit?: {
      readonly grant_id?: string | null
      readonly decision?: { readonly effect?: string; readonly code?: string | null }
      readonly statement?: {
        readonly kind?: string
        readonly pieces?: number
        readonly capture?: string
        readonly text?: { readonly sha256: string }
      }
      readonly text?: TextPiece
      readonly objects?: readonly { readonly schema: string; readonly name: string; readonly access: string }[]
      readonly digests?: RecordedStatement['digests']
    }
  }
}

/** Null where the record does not say enough to ask again. `apart`: the hash of its text, which stands elsewhere. */
function statementOf(line: string): { readonly statement: RecordedStatement; readonly apart: string | null } | null {
  const { time, metadata, actor, dst_endpoint, database, query_info, unmapped } = JSON.parse(line) as Shown
  const { grant_id: grantId, decision, statement, objects, digests } = unmapped?.jit ?? {}
  const text = query_info?.query_string
  const subject = actor?.user?.uid
  if (!grantId || !text || !subject || !decision || !statement || !digests || statement.pieces !== 0) return null
  const recorded: RecordedStatement = {
    eventId: metadata.uid,
    time,
    issuer: actor?.session?.issuer ?? '',
    subject,
    email: actor?.user?.email_addr ?? null,
    groups: actor?.user?.groups?.map(({ name }) => name) ?? [],
    target: dst_endpoint?.svc_name ?? '',
    database: database?.name ?? '',
    grantId,
    kind: statement.kind ?? '',
    text,
    full: statement.capture === 'full',
    allowed: decision.effect === 'allow',
    code: decision.code ?? null,
    objects: objectNames(objects ?? []),
    digests,
  }
  return { statement: recorded, apart: statement.text?.sha256 ?? null }
}

export function objectNames(
  objects: readonly { readonly schema: string; readonly name: string; readonly access: string }[],
): readonly string[] {
  return [...new Set(objects.map(({ schema, name, access }) => `${access} ${schema}.${name}`))].sort()
}
