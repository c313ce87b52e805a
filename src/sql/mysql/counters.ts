import type { Edit } from '../edits.ts'
import { quoteName } from './quoting.ts'
import type { Token } from './token.ts'

/**
 * Counters of the server that tell of connections and statements. The others (Handler_read_next, Last_query_cost,
 * Innodb_rows_read, Bytes_sent ...) count rows that a statement went through, also those that nobody may see.
 */
const HARMLESS = [
  ...['Aborted_', 'Access_denied_errors', 'Acl_', 'Caching_sha2_', 'Com_', 'Compression', 'Connection_errors_'],
  ...['Connections', 'Current_tls_', 'Flush_commands', 'Innodb_page_size', 'Max_used_connections', 'Mysqlx_ssl_'],
  ...['Open_files', 'Open_table', 'Opened_', 'Prepared_stmt_count', 'Queries', 'Questions', 'Replica_', 'Rpl_'],
  ...['Rsa_public_key', 'Server_audit', 'Slave_', 'Ssl_', 'Table_open_cache_', 'Threads_', 'Tls_', 'Uptime', 'wsrep_'],
]

/** True in SQL where the counter whose name is in `column` may be shown. */
export function isHarmlessCounter(column: string): string {
  return `${quoteName(column)} REGEXP '^(${HARMLESS.join('|')})'`
}

/**
 * SHOW STATUS without the counters that tell of rows. What a WHERE of the person's own would make of them is not
 * evaluated: it could fail by their values.
 */
export function counterEdits(tokens: readonly Token[]): readonly Edit[] {
  const words = tokens.filter(({ kind, text }) => kind !== 'end' && text !== ';')
  const at = words.findIndex(({ upper }) => upper === 'STATUS')
  const [status, filter, last] = [words[at], words[at + 1], words.at(-1)]
  if (!status || !last) return []
  const shown = isHarmlessCounter('Variable_name')
  const behind = (text: string): Edit => ({ start: last.end, end: last.end, text })
  if (!filter) return [behind(` WHERE ${shown}`)]
  const over = { start: filter.start, end: filter.end }
  return filter.upper === 'LIKE'
    ? [{ ...over, text: `WHERE ${quoteName('Variable_name')} LIKE` }, behind(` AND ${shown}`)]
    : [{ ...over, text: `WHERE IF(${shown}, (` }, behind('), FALSE)')]
}
