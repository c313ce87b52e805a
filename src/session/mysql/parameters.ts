import { type BoundParameters, CutValue, LISTED_TYPES, ValueKeeper } from '../../audit/bound_values.ts'
import type { BinaryValue } from '../../wire/mysql/binary-value.ts'
import { COLUMN_TYPE } from '../../wire/mysql/column-types.ts'
import type { ComStmtSendLongData } from '../../wire/mysql/com-stmt.ts'
import { bulkValues, type ComStmtBulkExecute } from '../../wire/mysql/com-stmt-bulk-execute.ts'
import type { ComStmtExecute } from '../../wire/mysql/com-stmt-execute.ts'
import type { ParameterType } from '../../wire/mysql/parameters.ts'
import { keepsValues } from '../capture.ts'
import type { Prepared } from './exchange.ts'
import type { SessionState } from './state.ts'

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(COLUMN_TYPE).map(([name, type]) => [type, name]))

/** Values that came apart and are kept at once in a session; of more than these no record says what they were. */
const MAX_LONG_VALUES = 1_000

type SentApart = ReadonlyMap<number, CutValue | null> | undefined

/** What the record of an execution says of its parameters: their values only where the target keeps them. */
export function givenParameters(
  { subject }: SessionState,
  command: ComStmtExecute | ComStmtBulkExecute,
  prepared: Prepared,
  sent: SentApart,
): BoundParameters | undefined {
  const types = prepared.types ?? []
  const isBulk = command.kind === 'stmtBulkExecute'
  if (prepared.parameterCount === 0) return undefined
  if (keepsValues(subject)) return isBulk ? keptRows(command, types) : keptParameters(command, sent)
  prepared.counted ??= countedParameters(types)
  return isBulk ? { ...prepared.counted, rows: command.rows } : prepared.counted
}

/** A piece of a value on its way to the next execution. */
export function takeLongData({ longData, subject }: SessionState, command: ComStmtSendLongData): void {
  const { statementId, parameter, data } = command
  const sent = longData.get(statementId) ?? new Map<number, CutValue | null>()
  longData.set(statementId, sent)
  const known = sent.get(parameter)
  const isKept = known === undefined && keepsValues(subject) && keptIn(longData) < MAX_LONG_VALUES
  const value = known ?? (isKept ? new CutValue() : null)
  value?.add(data)
  sent.set(parameter, value)
}

function keptIn(longData: SessionState['longData']): number {
  let kept = 0
  for (const values of longData.values()) kept += values.size
  return kept
}

/** How many there are, and of which types; the same for each execution of a statement, until it binds others. */
function countedParameters(types: readonly ParameterType[]): BoundParameters {
  const listed = types.slice(0, LISTED_TYPES).map(({ type }) => NAMES.get(type) ?? `type ${type}`)
  return { count: types.length, types: listed, values: null }
}

/** With what they were bound to; `sent` is what came apart. */
function keptParameters({ parameters }: ComStmtExecute, sent: SentApart): BoundParameters {
  const keeper = new ValueKeeper()
  for (const [at, { value }] of parameters.entries()) {
    if (value.kind === 'longData') keeper.addCut(sent?.get(at) ?? null)
    else addValue(keeper, value)
  }
  return { ...countedParameters(parameters), ...keeper.finish() }
}

/** Of MariaDB's execution with many rows: those of all rows, one row after the other. */
function keptRows({ rows, values }: ComStmtBulkExecute, types: readonly ParameterType[]): BoundParameters {
  const keeper = new ValueKeeper()
  for (const value of bulkValues(values, types)) addValue(keeper, value)
  return { ...countedParameters(types), rows, ...keeper.finish() }
}

function addValue(keeper: ValueKeeper, value: BinaryValue | { readonly kind: 'null' }): void {
  switch (value.kind) {
    case 'integer':
    case 'float':
      return keeper.addWritten(String(value.value))
    case 'temporal':
      return keeper.addWritten(value.text)
    // A character set, or none, is the column's: what reads as UTF-8 is taken for text.
    case 'bytes':
      return keeper.addText(value.value)
    case 'null':
      return keeper.addNull()
  }
}
