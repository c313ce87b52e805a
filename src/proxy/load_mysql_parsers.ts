import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import mysqlGrammar from 'node-sql-parser/build/mysql.js'
import type { MysqlParsers } from '../sql/parsers.ts'

/** sqlparser-rs as its WebAssembly module exports it. */
interface Instance {
  readonly default: (options: { module_or_path: Uint8Array }) => Promise<unknown>
  readonly parse_sql: (dialect: string, text: string) => unknown
}

/** What the module says of a statement that does not parse; any other failure leaves its memory in an unknown state. */
const SYNTAX_ERROR = 'sql parser error'

/**
 * sqlparser-rs as WebAssembly and node-sql-parser's MySQL grammar, for both dialects: node-sql-parser's grammar for
 * MariaDB knows fewer statements, and neither parser is trusted alone. An instance of the module that trapped is never
 * used again; until the next one is ready, `parse` throws.
 */
export async function loadMysqlParsers(_dialect: 'mysql' | 'mariadb'): Promise<MysqlParsers> {
  let instance: Instance | null = await instantiate()
  const second = new mysqlGrammar.Parser()
  return {
    parse: (text) => {
      if (instance === null) throw new Error('sqlparser-rs is being loaded again')
      try {
        return instance.parse_sql('mysql', text)
      } catch (error) {
        if (!messageOf(error).startsWith(SYNTAX_ERROR)) {
          instance = null
          void instantiate().then((next) => {
            instance = next
          })
        }
        throw error
      }
    },
    secondParse: (text) => second.astify(text, { database: 'MySQL' }),
  }
}

let instances = 0

/** Each instance is a module of its own: the package keeps one instance per module and can't drop it. */
async function instantiate(): Promise<Instance> {
  const entry = pathToFileURL(createRequire(import.meta.url).resolve('@guanmingchiu/sqlparser-ts'))
  const glue = new URL('../wasm/sqlparser_rs_wasm.js', entry)
  instances += 1
  glue.searchParams.set('instance', String(instances))
  const instance = (await import(/* @vite-ignore */ glue.href)) as Instance
  await instance.default({ module_or_path: await readFile(new URL('../wasm/sqlparser_rs_wasm_bg.wasm', entry)) })
  return instance
}

function messageOf(error: unknown): string {
  if (typeof error === 'string') return error
  return error instanceof Error ? error.message : String((error as { message?: unknown } | null)?.message)
}
