import type { Gate, Subject } from '../gate.ts'
import type { Output } from '../output.ts'
import type { Names, Verdict } from '../verdict.ts'
import type { Exchange, Prepared } from './exchange.ts'

/** A warning of the proxy's own, shown by SHOW WARNINGS. */
export interface Warning {
  readonly code: number
  readonly message: string
}

/** What the two halves of a MySQL session share. */
export interface SessionState {
  readonly gate: Gate
  readonly subject: Subject
  readonly output: Output
  readonly capabilities: number
  readonly unrestricted: boolean
  /** The id of an own session by the number that its handshake gave, or null. */
  readonly ownSession: (number: number) => string | null
  names: Names
  /** Status flags of the last OK or EOF. */
  status: number
  current: Exchange | null
  /** By the server's statement id. */
  readonly statements: Map<number, Prepared>
  /** The id of the statement that the last PREPARE gave; null where it failed. */
  lastStatement: number | null
  /** SQL-level PREPARE, by lower-cased name. */
  readonly sqlPrepared: Map<string, Verdict>
  /** What SHOW WARNINGS answers; null where the server may answer it. */
  warnings: readonly Warning[] | null
  /** Values that came by COM_STMT_SEND_LONG_DATA since the last execution, by statement id. */
  readonly longData: Map<number, Set<number>>
}

export function namesOf(defaultDatabase: string | null, sqlMode: ReadonlySet<string> | null): Names {
  const mode = sqlMode ? [...sqlMode].sort().join(',') : ''
  return { searchPath: null, defaultDatabase, sqlMode, key: `${defaultDatabase ?? '\u0001'}\0${mode}` }
}
