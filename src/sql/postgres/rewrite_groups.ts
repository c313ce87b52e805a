import type { Edit } from '../edits.ts'
import type { RelationUse } from '../facts.ts'
import type { PostgresParser } from '../parsers.ts'
import type { Substitution } from '../substitution.ts'
import { type Body, list } from './node.ts'
import { isKeyword, quoteName, type Source, textOf } from './source.ts'

/** The clauses that may follow HAVING. */
const AFTER_HAVING = ['window', 'order', 'limit', 'offset', 'fetch', 'for'] as const

/** The condition that each group is large enough for the columns that are aggregated in clear, or null. */
export function groupCondition(alias: string, minGroup: Substitution['minGroup']): string | null {
  if (minGroup === undefined) return null
  const parts = minGroup.map(({ column, rows }) => {
    const counted = `pg_catalog.count(${quoteName(alias)}.${quoteName(column)})`
    return `${counted} OPERATOR(pg_catalog.>=) ${rows}`
  })
  return parts.join(' AND ')
}

/** HAVING stands behind WHERE and GROUP BY; the analysis has seen that there is none. */
export function groupEdit(source: Source, use: RelationUse, condition: string): Edit {
  let index = source.tokens.findIndex((token) => token.start >= use.span.end)
  if (index === -1) index = source.tokens.length
  for (let depth = 0; index < source.tokens.length; index++) {
    const text = textOf(source, index)
    if (text === '(' || text === '[') depth++
    if (text === ')' || text === ']') depth--
    if (depth < 0 || (depth === 0 && text === ';')) break
    if (depth === 0 && textOf(source, index - 1) !== '.' && AFTER_HAVING.some((word) => isKeyword(source, index, word)))
      break
  }
  const at = source.tokens[index - 1]!.end
  return { start: at, end: at, text: ` HAVING ${condition}` }
}

export function havingTree(condition: string, parser: PostgresParser): unknown {
  const tree = parser.parse(`SELECT 1 HAVING ${condition}`) as {
    readonly stmts: readonly { readonly stmt: { readonly SelectStmt: Body } }[]
  }
  return tree.stmts[0]?.stmt.SelectStmt.havingClause
}

/** The entry of FROM that a group condition belongs to. */
export function onlyRange(select: Body): Body | undefined {
  const entries = Array.isArray(select.fromClause) ? list(select, 'fromClause') : []
  return (entries[0] as { readonly RangeVar?: Body } | undefined)?.RangeVar
}
