import { SallyportError } from '../../errors.ts'
import type { Limits } from '../../policy/role.ts'
import { readingOfCharset } from '../../wire/mysql/character-sets.ts'
import { askAside } from './aside.ts'
import { namesOf, type SessionState } from './state.ts'

/**
 * What the proxy sets and reads in a fresh session, before the first command of the client and after each reset: limits
 * of time that the role sets, and the modes and character set that its texts are read by, whatever the server's
 * `init_connect` or global settings made of them since the catalog was read.
 */

const MS_PER_SECOND = 1_000
/** Where the server begins with a character set that can't be read. */
const FALLBACK = 'utf8mb4'

/** The settings of a limit are the role's then, and SET of them is refused (see the policy's rule of settings). */
export function beginSession(state: SessionState): void {
  const settings = ownSettings(state.limits, state.mariadb)
  if (settings.length === 0) return readFresh(state)
  askAside(state, `SET SESSION ${settings.join(', ')}`, ({ err }) => {
    if (err) throw new SallyportError('SP-UPSTREAM', `the database refused the limits of the role (${err.errno})`)
    readFresh(state)
  })
}

/** A reset leaves the server's own character set, and `init_connect` any: the one of the login is put back. */
function readFresh(state: SessionState): void {
  readModes(state, (charset) => {
    const wanted = state.charset ?? (readingOfCharset(charset) ? charset : FALLBACK)
    state.charset = wanted
    if (charset === wanted) return false
    askAside(state, `SET NAMES ${wanted}`, ({ err }) => {
      if (err) throw new SallyportError('SP-UPSTREAM', `the database refused ${wanted} (${err.errno})`)
      readModes(state)
    })
    return true
  })
}

/** Asks the server by which modes and in which database it reads, unless `mends` has to change them first. */
export function readModes(state: SessionState, mends: (charset: string) => boolean = () => false): void {
  askAside(state, 'SELECT @@SESSION.sql_mode, @@SESSION.character_set_client, DATABASE()', ({ err, row }) => {
    const [mode, charset, database] = row
    if (err || mode === null || mode === undefined || !charset) {
      throw new SallyportError('SP-UPSTREAM', 'the database does not say by which modes it reads')
    }
    if (mends(charset)) return
    const reading = readingOfCharset(charset)
    if (!state.unrestricted && !reading) {
      throw new SallyportError('SP-SETTING', `a text in ${charset} can not be read: its characters may hold a quote`)
    }
    state.reading = reading ?? 'bytes'
    state.names = namesOf(database ?? null, modesOf(mode))
  })
}

function modesOf(list: string): ReadonlySet<string> {
  return new Set(list.split(',').flatMap((mode) => (mode === '' ? [] : [mode.toUpperCase()])))
}

/** Whole seconds, at least one, where the server counts by them. */
function ownSettings({ statementTimeoutMs, lockTimeoutMs }: Limits, mariadb: boolean): readonly string[] {
  const lockSeconds = Math.max(1, Math.ceil(lockTimeoutMs / MS_PER_SECOND))
  const locks =
    lockTimeoutMs === 0 ? [] : [`innodb_lock_wait_timeout = ${lockSeconds}`, `lock_wait_timeout = ${lockSeconds}`]
  if (statementTimeoutMs === 0) return locks
  const time = mariadb
    ? `max_statement_time = ${statementTimeoutMs / MS_PER_SECOND}`
    : `max_execution_time = ${statementTimeoutMs}`
  return [...locks, time]
}
