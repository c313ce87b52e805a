import { SallyportError } from '../../errors.ts'
import type { Dialect } from '../catalog.ts'
import type { Edit } from '../edits.ts'
import type { RelationUse } from '../facts.ts'
import type { Substitution } from '../substitution.ts'
import { qualifiedText, quoteName } from './quoting.ts'
import { isWrittenInOrder } from './row_order.ts'
import { checkedCondition } from './substitute.ts'
import type { LexMode, Token } from './token.ts'

const FENCE = 'LIMIT 18446744073709551615'

/** Reserved words in both servers, so that none of them is a bare name. */
const AFTER_WHERE: ReadonlySet<string> = new Set(['ORDER', 'LIMIT'])

/**
 * What is added to the WHERE of an UPDATE or DELETE so that it writes only to rows in scope. The condition stands beside
 * the statement's own where that can't tell of a row; else the rows are picked by key behind a fence. The target may be
 * read there, since a fenced table is made before the first row is written.
 */
export function filterEdits(
  use: RelationUse,
  substitution: Substitution,
  tokens: readonly Token[],
  mode: LexMode,
  dialect: Dialect,
): readonly Edit[] {
  const { where } = substitution
  const { own, last, takesSome } = clausesAfter(use, tokens, dialect)
  if (takesSome && isWrittenInOrder(use.relation, substitution)) {
    const { schema, name } = use.relation
    const what = `LIMIT and RETURNING could follow the order of a masked column of ${schema}.${name}`
    throw new SallyportError('SP-MASKED', `${what}; name the rows by their key`)
  }
  if (where === null) return []
  const condition = checkedCondition(where, mode)
  const end = tokens[last]!.end
  if (own === null) return [{ start: end, end, text: ` WHERE ${condition}` }]
  const after = tokens[own]!.end
  const picked = isPicked(use, substitution) ? pickedFrom(use, condition) : null
  const before = picked === null ? ' (' : ` (${picked.keys}) IN (SELECT ${picked.keys} FROM ${picked.from} WHERE (`
  return [
    { start: after, end: after, text: before },
    { start: end, end, text: `${picked === null ? ')' : '))'} AND ${condition}` },
    ...(picked === null ? [] : use.qualifiers.map((span) => ({ ...span, text: quoteName(use.alias) }))),
  ]
}

/** True where the rows are picked by key, if the statement has a condition of its own. */
export function isPicked({ role }: RelationUse, substitution: Substitution | undefined): boolean {
  return role === 'target' && substitution !== undefined && substitution.where !== null && !substitution.plain
}

/** The columns that the statement's condition may name: those that the statement names, and the key. */
function pickedFrom(use: RelationUse, condition: string): { readonly keys: string; readonly from: string } {
  const { relation, columns } = use
  const alias = quoteName(use.alias)
  if (relation.primaryKey.length === 0) {
    throw new SallyportError('SP-SCOPE', `${relation.schema}.${relation.name} has no key to pick its rows by`)
  }
  const keys = relation.primaryKey.map((name) => `${alias}.${quoteName(name)}`).join(', ')
  const shown = relation.columns.filter(({ name }) => columns.has(name) || relation.primaryKey.includes(name))
  const list = shown.map(({ name }) => quoteName(name)).join(', ')
  const from = `(SELECT ${list} FROM ${qualifiedText(relation)} AS ${alias} WHERE ${condition} ${FENCE}) AS ${alias}`
  return { keys, from }
}

/**
 * The WHERE that belongs to the target, by its token, and the last token before ORDER BY, LIMIT, RETURNING or the end;
 * `takesSome`: not all rows that the condition holds for are written, or they are shown.
 */
function clausesAfter(use: RelationUse, tokens: readonly Token[], dialect: Dialect) {
  const first = tokens.findIndex(({ start }) => start >= use.span.end)
  let own: number | null = null
  let depth = 0
  let index = first === -1 ? tokens.length : first
  for (; index < tokens.length; index += 1) {
    const { kind, upper } = tokens[index]!
    if (kind === 'end' || upper === ';') break
    if (upper === '(') depth += 1
    if (upper === ')') depth -= 1
    // After a dot any word is a name.
    if (depth > 0 || tokens[index - 1]?.upper === '.') continue
    if (AFTER_WHERE.has(upper) || (dialect === 'mariadb' && upper === 'RETURNING')) break
    if (upper === 'WHERE') own ??= index
  }
  const rest = tokens.slice(index).map(({ upper }) => upper)
  return { own, last: index - 1, takesSome: rest.includes('LIMIT') || rest.includes('RETURNING') }
}
