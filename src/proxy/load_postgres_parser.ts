import { setFlagsFromString } from 'node:v8'
import type { PostgresParser } from '../sql/parsers.ts'

/** The grammars that are bundled. A newer server is read with the newest: what that one does not know is refused. */
const OLDEST_MAJOR = 15
const NEWEST_MAJOR = 18

interface ParserPackage {
  readonly loadModule: () => Promise<void>
  readonly parseSync: (text: string) => unknown
}

/** The parser with the server's own grammar. Throws for a major below 15; above 18 the grammar of 18 is used. */
export async function loadPostgresParser(major: number): Promise<PostgresParser> {
  if (!Number.isInteger(major) || major < OLDEST_MAJOR) {
    throw new Error(`PostgreSQL ${major} is not supported: ${OLDEST_MAJOR} is the oldest`)
  }
  const chosen = Math.min(major, NEWEST_MAJOR)
  keepBaselineCode()
  const parser = await load(chosen)
  await parser.loadModule()
  return { major: chosen, parse: (text) => parse(parser, text) }
}

/**
 * The optimising compiler takes half a gigabyte and seconds of CPU for the grammar's one huge function (measured with
 * Node 24: a peak of 640 MB against 97 MB), and makes a parse 16 us instead of 22 us. The baseline code stays.
 */
function keepBaselineCode(): void {
  setFlagsFromString('--no-wasm-tier-up')
  setFlagsFromString('--no-wasm-dynamic-tiering')
}

async function load(major: number): Promise<ParserPackage> {
  switch (major) {
    case 15:
      return import('libpg-query-15')
    case 16:
      return import('libpg-query-16')
    case 17:
      return import('libpg-query-17')
    default:
      return import('libpg-query-18')
  }
}

/** A NUL would cut the text, and a lone surrogate would become another character: the tree would not be the text's. */
function parse(parser: ParserPackage, text: string): unknown {
  if (text.includes('\0')) throw new Error('the text holds a NUL')
  if (!text.isWellFormed()) throw new Error('the text is not well-formed Unicode')
  if (text.trim() === '') return { stmts: [] }
  return parser.parseSync(text)
}
