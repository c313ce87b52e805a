import type { Dialect } from '../catalog.ts'
import type { Token } from './token.ts'

/**
 * True where the server must not merge a subquery into the statement. MariaDB (10.11) ends its process on a window
 * function with an ORDER BY on a column of a merged subquery that the select list does not show, and gives other rows
 * for a subquery in HAVING.
 */
export function forbidsMerging(dialect: Dialect, tokens: readonly Token[]): boolean {
  if (dialect !== 'mariadb') return false
  const words = tokens.flatMap(({ upper }, index) => (tokens[index - 1]?.upper === '.' ? [] : [upper]))
  const having = words.indexOf('HAVING')
  return words.includes('OVER') || (having >= 0 && words.includes('SELECT', having))
}
