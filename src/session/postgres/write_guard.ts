import { SallyportError } from '../../errors.ts'
import type { StatementKind } from '../../sql/facts.ts'
import type { ClientMessage } from '../../wire/postgres/client.ts'
import { SYNC } from '../../wire/postgres/type-bytes.ts'
import type { Verdict } from '../verdict.ts'
import type { Owed, Run } from './pipeline.ts'
import { sendRefusedParse } from './refused_text.ts'
import { DROP_UNNAMED } from './registry.ts'
import type { SessionState } from './state.ts'

/**
 * `maxRowsChanged`: the Sync or the message that would make a write stay is kept back until the server has said how many
 * rows it changed. Where they are too many the server gets a text that it must refuse, in the same transaction, which
 * fails with it: the implicit one that a pipeline is up to its Sync ("Pipelining" of the protocol), or the client's own.
 */

const WRITES: ReadonlySet<StatementKind> = new Set(['insert', 'update', 'delete', 'merge'])
/** What can't make anything stay, sent behind a write whose rows are not counted yet. */
const HARMLESS: ReadonlySet<StatementKind> = new Set(['select', ...WRITES])
/** The client was told already. */
const TOLD = new Uint8Array(0)

/** True where the rows that the statement changes have to be counted before they stay. */
export function isCounted({ role, facts, decision }: Verdict): boolean {
  const [only] = facts.statements
  if (role.maxRowsChanged === 0 || !only || decision.effect === 'deny' || decision.verbatim) return false
  return WRITES.has(only.kind) || (only.kind === 'execute' && only.verbs.some((verb) => verb !== 'read'))
}

/** True where the message could make a write stay that is under way and not counted yet. */
export function waitsForCount({ pipeline, registry }: SessionState, message: ClientMessage): boolean {
  const { counted } = pipeline
  if (!counted || message.kind === 'terminate') return false
  if (counted.kind === 'query') return true
  if (message.kind !== 'execute') return ENDS.has(message.kind)
  const kind = registry.portal(message.portal)?.prepared.verdict.facts.statements[0]?.kind
  return kind === undefined || !HARMLESS.has(kind)
}

const ENDS: ReadonlySet<string> = new Set(['sync', 'query', 'functionCall'])

/** At the end of a command that changed `changed` rows: withheld where those are too many. */
export function judgeCount(run: Run, changed: number): void {
  const { maxRowsChanged } = run.verdict.role
  if (!run.counted || changed <= maxRowsChanged) return
  const detail = `the statement changed ${changed} rows, and the role allows ${maxRowsChanged}: it is rolled back`
  run.withheld = new SallyportError('SP-LIMIT-WRITE', detail)
}

/** After that end, and before the next answer of the server is looked at: the write may stay, or its transaction fails. */
export function settleCount(state: SessionState, front: Owed | undefined, run: Run): void {
  if (!front || !run.counted) return
  if (run.withheld) failTransaction(state, front)
  releaseSync(state, front)
}

/** The Sync of a simple query that was kept back: the server waits for it after an error too. */
export function releaseSync({ output }: SessionState, front: Owed): void {
  if (front.kind !== 'query' || !front.syncKept) return
  front.syncKept = false
  output.server(SYNC)
}

function failTransaction(state: SessionState, front: Owed): void {
  const { output, pipeline, registry } = state
  sendRefusedParse(output)
  if (front.kind === 'query') return
  // What the client sends up to its Sync is ignored, as after any error.
  state.skipping = true
  pipeline.push({ kind: 'refusal', error: TOLD, change: DROP_UNNAMED })
  registry.propose(DROP_UNNAMED)
}
