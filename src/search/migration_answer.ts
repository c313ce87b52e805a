import { Bindings } from './bindings.ts'
import type { Database, Row } from './database.ts'
import { wholeEntries } from './events.ts'
import type { Cell, QuestionAnswer } from './questions.ts'
import type { Gathered } from './sources.ts'

/** Did a migration run the script that was approved? What the log says of it, statement by statement. */

const COLUMNS = ['time', 'email', 'session', 'step', 'outcome', 'rows', 'code', 'sha256', 'statement']
/** As `PlanRuns` words it in the reason of a decision. */
const STEP = /^statement (\d+) of (\d+) of the approved script ([0-9a-f]{16})/
const MAX_ROWS = 5000
const DIGEST_SHOWN = 16

interface Story {
  readonly steps: readonly {
    readonly step: number
    readonly of: number
    readonly digest: string
    readonly ok: boolean
  }[]
  /** The digest of the script that was approved, as its request has it. */
  readonly approved: string | null
  /** The last word of the grant on how far it came. */
  readonly progress: { readonly outcome?: unknown; readonly done?: unknown; readonly deviations?: unknown } | null
  readonly refused: number
}

export async function migrationAnswer(database: Database, gathered: Gathered, id: string): Promise<QuestionAnswer> {
  const grants = await grantsOf(database, gathered, id)
  const bind = new Bindings()
  const ids = bind.texts([...new Set([id, ...grants])])
  const keys = await database.rows(
    `SELECT "sequence", epoch_ms("time") AS ms FROM ${gathered.leads(bind)} WHERE "grant_id" IN (SELECT unnest(${ids})) OR ` +
      `"request_id" IN (SELECT unnest(${ids})) OR "entity" IN (SELECT unnest(${ids})) ORDER BY "sequence" LIMIT ${MAX_ROWS + 1}`,
    bind,
  )
  const rows = await wholeEntries(database, gathered, keys)
  const told = rows.slice(0, MAX_ROWS)
  const verdict = rows.length === 0 ? 'The log has nothing of this id.' : verdictOf(storyOf(told))
  const shown = told.filter(({ event }) => event === 'db.decision').map(lineOf)
  return {
    name: 'migration',
    verdict,
    columns: COLUMNS,
    rows: shown,
    cut: rows.length > MAX_ROWS,
    unreadable: gathered.unreadable,
  }
}

/** The grants of a request, where it is one. */
async function grantsOf(database: Database, gathered: Gathered, id: string): Promise<string[]> {
  const bind = new Bindings()
  const value = bind.text(id)
  const rows = await database.rows(
    `SELECT DISTINCT "grant_id", "request_id" FROM ${gathered.leads(bind)} WHERE "grant_id" = ${value} OR "request_id" = ${value}`,
    bind,
  )
  return rows.flatMap(({ grant_id, request_id }) => [grant_id, request_id]).filter((one) => typeof one === 'string')
}

function storyOf(rows: readonly Row[]): Story {
  const decisions = rows.filter(({ event }) => event === 'db.decision')
  const last = (name: string) => detailOf(rows.findLast(({ event }) => event === name))
  const created = last('request.amended') ?? last('request.created')
  const planDigest = created?.planDigest ?? last('request.created')?.planDigest
  return {
    steps: decisions.flatMap((row) => {
      const step = stepOf(row)
      return step === null ? [] : [{ ...step, ok: row.outcome === 'ok' || row.outcome === 'withheld' }]
    }),
    approved: typeof planDigest === 'string' ? planDigest : null,
    progress: last('grant.progress'),
    refused: decisions.filter(({ code }) => code === 'SP-PLAN').length,
  }
}

function verdictOf({ steps, approved, progress, refused }: Story): string {
  const [first] = steps
  if (first === undefined) return 'No statement of an approved script ran under it.'
  const digests = new Set(steps.map(({ digest }) => digest))
  if (approved !== null) digests.add(approved.slice(0, DIGEST_SHOWN))
  const ran = new Set(steps.filter(({ ok }) => ok).map(({ step }) => step)).size
  const deviations = Math.max(refused, Number(progress?.deviations ?? 0))
  const outcome = typeof progress?.outcome === 'string' ? progress.outcome : 'not said'
  const facts = `${ran} of ${first.of} statements ran, ${deviations} others were tried and refused; the grant says: ${outcome}`
  if (digests.size > 1) return `No: it ran another script than the one that was approved. ${facts}.`
  if (ran < first.of || outcome === 'failed' || outcome === 'incomplete') return `Not whole: ${facts}.`
  if (deviations > 0 || outcome === 'deviated') return `Yes, but something else was tried: ${facts}.`
  return `Yes: the script ran as approved. ${facts}${approved === null ? '; its request is not in this log' : ''}.`
}

function lineOf(row: Row): Cell[] {
  const step = stepOf(row)
  const values = { ...row, step: step === null ? null : `${step.step}/${step.of}` } as Readonly<Record<string, unknown>>
  return COLUMNS.map((name) => (values[name] ?? null) as Cell)
}

function stepOf({ message }: Row): { step: number; of: number; digest: string } | null {
  const [, step, of, digest] = STEP.exec(String(message ?? '')) ?? []
  return digest === undefined ? null : { step: Number(step), of: Number(of), digest }
}

function detailOf(row: Row | undefined): Readonly<Record<string, unknown>> | null {
  try {
    const detail: unknown = JSON.parse(String(row?.detail ?? 'null'))
    return typeof detail === 'object' ? (detail as Readonly<Record<string, unknown>> | null) : null
  } catch {
    return null
  }
}
