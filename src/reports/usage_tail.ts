import { linesBackwardIn, timeOf } from '../auditlog/log_lines.ts'

/** What the end of a log says of the use of grants: for counts that a killed process did not get to write. */

/** Far more than a process writes between two of its signs of life. */
const MAX_READ_BYTES = 268_435_456
const MAX_USES = 200_000

/** What one statement did to one table. */
export interface LoggedUse {
  readonly grantId: string
  readonly target: string
  readonly role: string
  readonly schema: string
  readonly table: string
  readonly verb: string
  readonly rows: number
  readonly at: number
  /** Columns of the table that it saw in clear. */
  readonly clear: readonly string[]
}

interface Shown {
  readonly time: number
  readonly metadata?: { readonly event_code?: string }
  readonly dst_endpoint?: { readonly svc_name?: string }
  readonly unmapped?: { readonly jit?: Jit }
}

interface Jit {
  readonly grant_id?: string | null
  readonly role?: string | null
  readonly decision?: { readonly effect?: string }
  readonly statement?: { readonly id?: string; readonly verbs?: readonly string[] }
  readonly statement_id?: string
  readonly outcome?: string
  readonly rows?: { readonly returned?: number }
  readonly objects?: readonly NamedObject[]
  readonly columns?: readonly NamedColumn[]
  readonly piece?: { readonly objects?: readonly NamedObject[]; readonly columns?: readonly NamedColumn[] }
}

interface NamedObject {
  readonly schema: string
  readonly name: string
  readonly access: string
}

interface NamedColumn {
  readonly schema: string
  readonly table: string
  readonly column: string
  readonly seen: string
}

export interface TailQuestion {
  /** From when on use is wanted, in milliseconds since the epoch. */
  readonly since: number
  /** What is less than this is not enough. */
  readonly atLeastSince: number
}

/** The use since a time, the last first. Null: it can't be said, since there is no log, or none that goes back so far. */
export function readUsageTail(directory: string, { since, atLeastSince }: TailQuestion): readonly LoggedUse[] | null {
  const uses: LoggedUse[] = []
  const rows = new Map<string, number>()
  const open = new Map<string, Shown>()
  let read = 0
  for (const { bytes } of linesBackwardIn(directory)) {
    read += bytes.length
    const time = timeOf(bytes)
    if (time !== null && time < since) return uses
    if (read > MAX_READ_BYTES || uses.length > MAX_USES) return time !== null && time < atLeastSince ? uses : null
    const record = JSON.parse(bytes.toString()) as Shown
    const jit = record.unmapped?.jit ?? {}
    const code = record.metadata?.event_code
    if (code === 'db.completion')
      rows.set(jit.statement?.id ?? '', jit.outcome === 'ok' ? (jit.rows?.returned ?? 0) : 0)
    if (code === 'db.decision' && jit.decision?.effect !== 'deny') {
      uses.push(...usesOf(record, jit, rows))
      open.set(jit.statement?.id ?? '', record)
    }
    // Pieces of a decision with many objects stand before it.
    const decision = code === 'db.statement.piece' ? open.get(jit.statement_id ?? '') : undefined
    if (decision && jit.piece)
      uses.push(...usesOf(decision, { ...decision.unmapped?.jit, ...withoutText(jit.piece) }, rows))
  }
  return null
}

function withoutText({ objects = [], columns = [] }: NonNullable<Jit['piece']>): Pick<Jit, 'objects' | 'columns'> {
  return { objects, columns }
}

/** One for each table and verb, as they are counted while a session lives. */
function usesOf(record: Shown, jit: Jit, rows: ReadonlyMap<string, number>): LoggedUse[] {
  const { grant_id: grantId, role, statement, objects = [], columns = [] } = jit
  if (!grantId) return []
  const about = { grantId, role: role ?? '', target: record.dst_endpoint?.svc_name ?? '', at: record.time }
  return objects.flatMap(({ schema, name: table, access }) => {
    const of = columns.filter((one) => one.seen === 'clear' && one.schema === schema && one.table === table)
    const done = access === 'read' ? ['read'] : (statement?.verbs ?? []).filter((verb) => verb !== 'read')
    const seen = { rows: rows.get(statement?.id ?? '') ?? 0, clear: of.map(({ column }) => column) }
    return done.map((verb) => ({ ...about, schema, table, verb, ...seen }))
  })
}
