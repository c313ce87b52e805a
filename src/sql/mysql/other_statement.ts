import type { StatementFacts } from '../facts.ts'
import { administrationFacts, maintenanceFacts, truncateFacts } from './administration.ts'
import { definitionFacts } from './definition.ts'
import { explainFacts } from './explain_statement.ts'
import { loadFacts } from './load_statement.ts'
import { handlerFacts, lockFacts, unlockFacts } from './lock_statement.ts'
import { immediateFacts, prepareFacts } from './prepare_statement.ts'
import type { Reading } from './reading.ts'
import { callFacts, evaluateFacts } from './routine_statement.ts'
import { conditionFacts, deallocateFacts, executeFacts, helpFacts, killFacts, useFacts } from './session_statement.ts'
import { setFacts } from './set_statement.ts'
import { showFacts } from './show_statement.ts'
import {
  beginFacts,
  commitFacts,
  releaseFacts,
  rollbackFacts,
  savepointFacts,
  twoPhaseFacts,
} from './transaction_statement.ts'

type Reader = (reading: Reading) => StatementFacts

/** Statements that are neither queries nor writes, by their first word. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['SET', setFacts],
  ['SHOW', showFacts],
  ['EXPLAIN', explainFacts],
  ['DESCRIBE', explainFacts],
  ['DESC', explainFacts],
  ['ANALYZE', explainFacts],
  ['HELP', helpFacts],
  ['USE', useFacts],
  ['KILL', killFacts],
  ['BEGIN', beginFacts],
  ['COMMIT', commitFacts],
  ['ROLLBACK', rollbackFacts],
  ['SAVEPOINT', savepointFacts],
  ['RELEASE', releaseFacts],
  ['XA', twoPhaseFacts],
  ['PREPARE', prepareFacts],
  ['EXECUTE', executeFacts],
  ['DEALLOCATE', deallocateFacts],
  ['CALL', callFacts],
  ['DO', evaluateFacts],
  ['LOAD', loadFacts],
  ['LOCK', lockFacts],
  ['UNLOCK', unlockFacts],
  ['HANDLER', handlerFacts],
  ['TRUNCATE', truncateFacts],
  ...each(['GET', 'SIGNAL', 'RESIGNAL'], conditionFacts),
  ...each(['OPTIMIZE', 'CHECK', 'REPAIR', 'CHECKSUM', 'CACHE'], maintenanceFacts),
  ...each(['CREATE', 'ALTER', 'DROP', 'RENAME'], definitionFacts),
  ...each(['GRANT', 'REVOKE', 'FLUSH', 'RESET', 'PURGE', 'BINLOG', 'CHANGE', 'START', 'STOP'], administrationFacts),
  ...each(['CLONE', 'BACKUP', 'SHUTDOWN', 'RESTART', 'INSTALL', 'UNINSTALL', 'IMPORT'], administrationFacts),
])

/** Statements that share their first word with others, by their first two. */
const BY_TWO_WORDS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['START TRANSACTION', beginFacts],
  ['DROP PREPARE', deallocateFacts],
  ['EXECUTE IMMEDIATE', immediateFacts],
  ...each(['LOAD INDEX', 'ANALYZE TABLE', 'ANALYZE TABLES', 'ANALYZE LOCAL'], maintenanceFacts),
  ['ANALYZE NO_WRITE_TO_BINLOG', maintenanceFacts],
])

/** Null where the statement is of no known form. */
export function otherFacts(reading: Reading): StatementFacts | null {
  const [first, second] = [reading.cursor.peek().upper, reading.cursor.peek(1).upper]
  const reader = BY_TWO_WORDS.get(`${first} ${second}`) ?? READERS.get(first)
  return reader ? reader(reading) : null
}

/** Hoisted for the tables above. */
function each(words: readonly string[], reader: Reader): [string, Reader][] {
  return words.map((word) => [word, reader])
}
