import type { BoundParameters } from '../../audit/bound_values.ts'
import type { ColumnDefinition } from '../../wire/mysql/column.ts'
import type { ParameterType } from '../../wire/mysql/parameters.ts'
import { ResponseMachine, type ResponseTo } from '../../wire/mysql/response.ts'
import type { StatementRun } from '../run.ts'
import type { Verdict } from '../verdict.ts'
import type { Aside } from './aside.ts'
import type { ResultShape, ShownField } from './result_shape.ts'
import type { SessionState } from './state.ts'
import type { WriteGuard } from './write_guard.ts'

export type Run = StatementRun<ResultShape>

export interface Prepared {
  readonly text: string
  readonly verdict: Verdict
  parameterCount: number
  types: readonly ParameterType[] | null
  /** What the record of an execution says of its parameters where no values are kept. */
  counted?: BoundParameters
  /** An open cursor's run and shape, between COM_STMT_EXECUTE and the last COM_STMT_FETCH. */
  cursor: Run | null
}

/** One command and its answer. The protocol is strictly by turns: there is one at a time. */
export interface Exchange {
  readonly to: ResponseTo
  /** Where in the answer the server is. */
  readonly response: ResponseMachine
  readonly runs: readonly Run[]
  /** The prepared statement that is executed or fetched from, or is being prepared. */
  readonly prepared: Prepared | null
  /** Applied when the server answers OK. */
  readonly onOk: ((statementId: number) => void) | null
  /** The proxy's own statement, of whose answer the client gets nothing. */
  readonly aside: Aside | null
  /** The write is undone where it changed too many rows. */
  readonly guard: WriteGuard | null
  /** Of the run whose result is due. */
  index: number
  /** Of the result that is being described. */
  columns: ColumnDefinition[]
  /** The same as the client is told of them. */
  fields: ShownField[]
  /** Number of the next packet to the client. */
  sequence: number
  /** The client has its last packet; what the server still sends of its answer is dropped. */
  told: boolean
}

export function newExchange(
  to: ResponseTo,
  { capabilities, extended }: Pick<SessionState, 'capabilities' | 'extended'>,
  sequence: number,
  fields: Partial<Pick<Exchange, 'runs' | 'prepared' | 'onOk' | 'aside' | 'guard'>> = {},
): Exchange {
  return {
    to,
    response: new ResponseMachine(to, capabilities, extended),
    runs: fields.runs ?? [],
    prepared: fields.prepared ?? null,
    onOk: fields.onOk ?? null,
    aside: fields.aside ?? null,
    guard: fields.guard ?? null,
    index: 0,
    columns: [],
    fields: [],
    sequence,
    told: false,
  }
}
