import type { SallyportError } from '../../errors.ts'
import type { StatementPlan } from '../../policy/decision.ts'
import type { StatementFacts } from '../../sql/facts.ts'
import type { ColumnDefinition } from '../../wire/mysql/column.ts'
import type { ParameterType } from '../../wire/mysql/parameters.ts'
import type { Execution } from '../gate.ts'
import type { Verdict } from '../verdict.ts'
import type { ResultShape } from './result_shape.ts'

/** One statement that was sent for execution, from its decision to its completion. */
export interface Run {
  readonly verdict: Verdict
  readonly facts: StatementFacts
  /** Null under an unrestricted role: the result passes as it is. */
  readonly plan: StatementPlan | null
  readonly execution: Execution
  /** Milliseconds since the epoch. */
  readonly started: number
  shape: ResultShape | null
  rows: number
  bytes: number
  rowsWithheld: number
  /** Set when the rest of the result is kept back: the client gets this error instead. */
  withheld: SallyportError | null
  /** Set when the proxy cancelled it: what the client is told in place of the server's error. */
  cancelled: SallyportError | null
  done: boolean
}

export interface Prepared {
  readonly text: string
  readonly verdict: Verdict
  parameterCount: number
  types: readonly ParameterType[] | null
  /** An open cursor's run and shape, between COM_STMT_EXECUTE and the last COM_STMT_FETCH. */
  cursor: Run | null
}

/** Where in the answer to a command the server is ("Command Phase"). */
export type Phase = 'first' | 'params' | 'paramsEnd' | 'columns' | 'columnsEnd' | 'rows'

/** One command and its answer. The protocol is strictly by turns: there is one at a time. */
export interface Exchange {
  readonly kind: 'simple' | 'statistics' | 'query' | 'prepare' | 'execute' | 'fetch'
  readonly runs: readonly Run[]
  /** The prepared statement that is executed or fetched from, or is being prepared. */
  readonly prepared: Prepared | null
  /** Applied when the server answers OK. */
  readonly onOk: ((statementId: number) => void) | null
  index: number
  phase: Phase
  left: number
  columnsAfterParams: number
  columns: ColumnDefinition[]
  /** Number of the next packet to the client. */
  sequence: number
  /** True while our packets to the client stand one to one with the server's to us, so that raw bytes may pass. */
  aligned: boolean
}

export function newExchange(
  kind: Exchange['kind'],
  sequence: number,
  fields: Partial<Pick<Exchange, 'runs' | 'prepared' | 'onOk' | 'phase'>> = {},
): Exchange {
  return {
    kind,
    runs: fields.runs ?? [],
    prepared: fields.prepared ?? null,
    onOk: fields.onOk ?? null,
    index: 0,
    phase: fields.phase ?? 'first',
    left: 0,
    columnsAfterParams: 0,
    columns: [],
    sequence,
    aligned: sequence === 1,
  }
}

export function newRun(
  verdict: Verdict,
  facts: StatementFacts,
  execution: Execution,
  plan: StatementPlan | null,
  started: number,
): Run {
  const counters = { rows: 0, bytes: 0, rowsWithheld: 0 }
  return {
    verdict,
    facts,
    plan,
    execution,
    started,
    shape: null,
    withheld: null,
    cancelled: null,
    done: false,
    ...counters,
  }
}
