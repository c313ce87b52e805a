import type { CutValue } from '../../audit/bound_values.ts'
import type { Limits } from '../../policy/role.ts'
import type { Reading } from '../../wire/mysql/character-sets.ts'
import type { Gate, Subject } from '../gate.ts'
import type { Output } from '../output.ts'
import type { Names, Verdict } from '../verdict.ts'
import type { Upload } from './command_upload.ts'
import type { Exchange, Prepared } from './exchange.ts'
import type { UserTexts } from './user_texts.ts'

/** A warning of the proxy's own, shown by SHOW WARNINGS. */
export interface Warning {
  readonly code: number
  readonly message: string
}

/** A live session of the same person on the same target, by the number of its handshake. */
export interface OwnSession {
  readonly number: number
  readonly user: string
  readonly running: boolean
}

/** What the two halves of a MySQL session share. */
export interface SessionState {
  readonly gate: Gate
  readonly subject: Subject
  readonly output: Output
  readonly capabilities: number
  /** MariaDB's extended flags that were agreed on both sides. */
  readonly extended: number
  /** What the client may send: more than `capabilities` where the server knows no query attributes. */
  readonly clientCapabilities: number
  readonly unrestricted: boolean
  readonly limits: Limits
  readonly mariadb: boolean
  /** The id of an own session by the number that its handshake gave or that the server knows it by, or null. */
  readonly ownSession: (number: number) => string | null
  readonly ownSessions: () => readonly OwnSession[]
  names: Names
  /** The character set of the client's texts that the session began with; null until the server has said it. */
  charset: string | null
  /** How those texts are read, as the server has said it last. */
  reading: Reading
  /** Status flags of the last OK or EOF. */
  status: number
  current: Exchange | null
  /** A file of the client's that the server asked for, until its end. */
  upload: Upload | null
  /** By the server's statement id. */
  readonly statements: Map<number, Prepared>
  /** The id of the statement that the last PREPARE gave; null where it failed. */
  lastStatement: number | null
  /** SQL-level PREPARE, by lower-cased name. */
  readonly sqlPrepared: Map<string, Verdict>
  readonly userTexts: UserTexts
  /** What SHOW WARNINGS answers; null where the server may answer it. */
  warnings: readonly Warning[] | null
  /** What the session has to be told, as a warning of the next statement that has room for one. */
  notice: string | null
  /** A statement of the open transaction may quote clear values in an error of COMMIT. */
  guarded: boolean
  /** ROW_COUNT() would tell what `affected.ts` hides. */
  changedUnknown: boolean
  /** What the proxy asks the server itself once the exchange is over, before the client's next command. */
  next: (() => void) | null
  /**
   * Values that came by COM_STMT_SEND_LONG_DATA since the last execution, by statement id and parameter; null where
   * nothing of them is kept.
   */
  readonly longData: Map<number, Map<number, CutValue | null>>
}

export function namesOf(defaultDatabase: string | null, sqlMode: ReadonlySet<string> | null): Names {
  const mode = sqlMode ? [...sqlMode].sort().join(',') : ''
  return { searchPath: null, defaultDatabase, sqlMode, key: `${defaultDatabase ?? '\u0001'}\0${mode}` }
}
