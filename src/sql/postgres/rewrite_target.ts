import type { Edit } from '../edits.ts'
import type { RelationUse } from '../facts.ts'
import type { PostgresParser } from '../parsers.ts'
import type { Substitution } from '../substitution.ts'
import { type Body, list } from './node.ts'
import { isKeyword, quoteName, type Source, textOf } from './source.ts'
import { fenced, qualifiedName } from './substitute.ts'

/** What is added to the WHERE of an UPDATE or DELETE, so that it writes only to rows in scope. */
export interface RowFilter {
  /** The condition over the target's columns, each under the target's alias. */
  readonly where: string
  /** Where the statement's own condition could tell of a row: the key, and the fenced rows to pick keys from. */
  readonly picked: { readonly keys: string; readonly from: string } | null
}

export function rowFilter(use: RelationUse, { where, plain }: Substitution): RowFilter {
  const alias = quoteName(use.alias)
  const keys = use.relation.primaryKey.map((name) => `${alias}.${quoteName(name)}`).join(', ')
  const picked = plain ? null : { keys, from: `${pickedFrom(use, where ?? 'true')} AS ${alias}` }
  return { where: where ?? 'true', picked }
}

/** The columns that the condition may name: those that the statement names, and the key. */
function pickedFrom(use: RelationUse, where: string): string {
  const named = (name: string) => use.columns.has(name) || use.relation.primaryKey.includes(name)
  const shown = use.relation.columns.filter(({ name }) => named(name)).map(({ name }) => quoteName(name))
  const from = `${use.only ? 'ONLY ' : ''}${qualifiedName(use)} AS ${quoteName(use.alias)}`
  return fenced(`(SELECT ${shown.join(', ')} FROM ${from} WHERE (${where}))`, shown)
}

export function filterEdits(source: Source, use: RelationUse, { where, picked }: RowFilter): readonly Edit[] {
  const { condition, last } = clausesAfter(source, use)
  const at = source.tokens[last]!.end
  if (condition === null) return [{ start: at, end: at, text: ` WHERE (${where})` }]
  const after = source.tokens[condition]!.end
  if (picked === null) {
    return [
      { start: after, end: after, text: ' (' },
      { start: at, end: at, text: `) AND (${where})` },
    ]
  }
  const before = ` (${picked.keys}) IN (SELECT ${picked.keys} FROM ${picked.from} WHERE (`
  const qualifiers = use.qualifiers.map((span) => ({ ...span, text: quoteName(use.alias) }))
  return [{ start: after, end: after, text: before }, { start: at, end: at, text: `)) AND (${where})` }, ...qualifiers]
}

/** The WHERE that belongs to the target, by its token, and the last token before RETURNING or the end. */
function clausesAfter(source: Source, use: RelationUse): { readonly condition: number | null; readonly last: number } {
  let index = source.tokens.findIndex((token) => token.start >= use.span.end)
  if (index === -1) return { condition: null, last: source.tokens.length - 1 }
  let condition: number | null = null
  for (let depth = 0; index < source.tokens.length; index++) {
    const text = textOf(source, index)
    if (text === '(' || text === '[') depth++
    if (text === ')' || text === ']') depth--
    if (depth < 0 || (depth === 0 && text === ';')) break
    // After a dot any word is a name.
    if (depth > 0 || textOf(source, index - 1) === '.') continue
    if (isKeyword(source, index, 'returning')) break
    if (isKeyword(source, index, 'where')) condition ??= index
  }
  return { condition, last: index - 1 }
}

/** The condition that the rewritten statement must have; `own` is the statement's, rewritten itself. */
export function filteredCondition({ where, picked }: RowFilter, own: unknown, parser: PostgresParser): unknown {
  if (own === undefined) return conditionOf(parser, `(${where})`)
  if (picked !== null) {
    const text = `(${picked.keys}) IN (SELECT ${picked.keys} FROM ${picked.from} WHERE (true)) AND (${where})`
    return pickedCondition(conditionOf(parser, text), own)
  }
  // The grammar joins a condition to an AND that stands to its left (gram.y, makeAndExpr).
  const left = (own as { readonly BoolExpr?: Body }).BoolExpr
  const args = left?.boolop === 'AND_EXPR' ? list(left, 'args') : [own]
  return { BoolExpr: { boolop: 'AND_EXPR', args: [...args, conditionOf(parser, `(${where})`)] } }
}

/** The statement's own condition stands where the text has `true`. */
function pickedCondition(tree: unknown, own: unknown): unknown {
  const { boolop, args } = (tree as { readonly BoolExpr: { boolop: string; args: readonly [Body, unknown] } }).BoolExpr
  const link = args[0].SubLink as Body
  const select = (link.subselect as { readonly SelectStmt: Body }).SelectStmt
  const subselect = { SelectStmt: { ...select, whereClause: own } }
  return { BoolExpr: { boolop, args: [{ SubLink: { ...link, subselect } }, args[1]] } }
}

function conditionOf(parser: PostgresParser, text: string): unknown {
  const tree = parser.parse(`SELECT 1 WHERE ${text}`) as {
    readonly stmts: readonly { readonly stmt: { readonly SelectStmt: Body } }[]
  }
  return tree.stmts[0]?.stmt.SelectStmt.whereClause
}
