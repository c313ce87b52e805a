import { SallyportError } from '../../errors.ts'
import { COLUMN_TYPE } from '../../wire/mysql/column-types.ts'
import type { ParameterType } from '../../wire/mysql/parameters.ts'
import type { Run } from './exchange.ts'

const TEXT: ReadonlySet<number | undefined> = new Set([
  ...[COLUMN_TYPE.varString, COLUMN_TYPE.string, COLUMN_TYPE.varchar, COLUMN_TYPE.null],
  ...[COLUMN_TYPE.tinyBlob, COLUMN_TYPE.mediumBlob, COLUMN_TYPE.longBlob, COLUMN_TYPE.blob],
])

/**
 * Why what looks values up can't run with parameters of these types, or null. Both servers compare by the type that is
 * bound (MySQL prepares anew): as a number every text that begins with no digit is 0, so that one would ask for all.
 */
export function boundOtherwise({ facts, plan }: Run, types: readonly ParameterType[] | null): SallyportError | null {
  if (!plan?.lookups?.length) return null
  const wrong = facts.textParameters?.find((at) => !TEXT.has(types?.[at]?.type))
  if (wrong === undefined) return null
  return new SallyportError('SP-UNSUPPORTED', `parameter ${wrong + 1} looks text up and has to be bound as text`)
}
