/** The parser package behind one shape. It loads asynchronously, so the composition root makes it (`proxy/`). */

export interface PostgresParser {
  /** Major version of the grammar: the server's own. */
  readonly major: number
  /** The parse tree as JSON (libpg-query's shape); throws on a syntax error. Locations are UTF-8 byte offsets. */
  readonly parse: (text: string) => unknown
}
