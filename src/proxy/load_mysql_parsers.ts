import { init, parse } from '@guanmingchiu/sqlparser-ts'
import mysqlGrammar from 'node-sql-parser/build/mysql.js'
import type { MysqlParsers } from '../sql/parsers.ts'

/**
 * sqlparser-rs as WebAssembly and node-sql-parser's MySQL grammar. MariaDB gets the same two: its own grammar of
 * node-sql-parser knows fewer statements, and neither is trusted alone.
 */
export async function loadMysqlParsers(_dialect: 'mysql' | 'mariadb'): Promise<MysqlParsers> {
  await init()
  const second = new mysqlGrammar.Parser()
  return {
    parse: (text) => parse(text, 'mysql'),
    secondParse: (text) => second.astify(text, { database: 'MySQL' }),
  }
}
