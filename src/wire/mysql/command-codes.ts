/** First bytes of commands ("Command Phase"); those that are not here are unknown to the proxy. */
export const COMMAND = {
  quit: 0x01,
  initDb: 0x02,
  query: 0x03,
  fieldList: 0x04,
  statistics: 0x09,
  processInfo: 0x0a,
  processKill: 0x0c,
  ping: 0x0e,
  changeUser: 0x11,
  stmtPrepare: 0x16,
  stmtExecute: 0x17,
  stmtSendLongData: 0x18,
  stmtClose: 0x19,
  stmtReset: 0x1a,
  setOption: 0x1b,
  stmtFetch: 0x1c,
  resetConnection: 0x1f,
  /** MariaDB's, after MARIADB_CLIENT_STMT_BULK_OPERATIONS. */
  stmtBulkExecute: 0xfa,
} as const
