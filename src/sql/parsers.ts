/** The parser packages behind one shape each. They load asynchronously, so the composition root makes them (`proxy/`). */

export interface PostgresParser {
  /** Major version of the grammar: the server's own. */
  readonly major: number
  /** The parse tree as JSON (libpg-query's shape); throws on a syntax error. Locations are UTF-8 byte offsets. */
  readonly parse: (text: string) => unknown
}

export interface MysqlParsers {
  /** sqlparser-rs: throws on a syntax error. */
  readonly parse: (text: string) => unknown
  /** node-sql-parser, the independent second opinion: throws on a syntax error. */
  readonly secondParse: (text: string) => unknown
}
