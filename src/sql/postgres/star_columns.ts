import type { Edit } from '../edits.ts'
import type { StarUse } from '../facts.ts'
import type { Replacement } from './expected_tree.ts'
import { type Body, num } from './node.ts'
import { quoteName, type Source } from './source.ts'

/** A `*` that has to be written out, since a reference that it shows has got a column more. */
export interface Star {
  readonly start: number
  readonly end: number
  readonly columns: readonly { readonly alias: string; readonly column: string }[]
}

export function starsOf(replacements: readonly Replacement[]): readonly Star[] {
  const found = new Map<number, StarUse>()
  for (const { use, sql } of replacements) {
    if (sql === null || !namesSystemColumn(use)) continue
    for (const star of use.stars ?? []) found.set(star.span.start, star)
  }
  return [...found.values()].map(({ span, columns }) => ({
    ...span,
    columns: columns.map(({ use, alias, column }) => ({ alias: aliasNow(replacements, use, alias), column })),
  }))
}

export function starEdit({ start, end, columns }: Star): Edit {
  const text = columns.map(({ alias, column }) => `${quoteName(alias)}.${quoteName(column)}`).join(', ')
  return { start, end, text }
}

/** The entries of a select list that a star becomes, or null where the value is no such star. */
export function writtenOut(value: unknown, source: Source, stars: readonly Star[]): readonly unknown[] | null {
  const target = (value as { readonly ResTarget?: Body } | null)?.ResTarget
  const reference = (target?.val as { readonly ColumnRef?: Body } | undefined)?.ColumnRef
  if (target === undefined || reference === undefined || stars.length === 0) return null
  const at = source.unit(num(reference, 'location'))
  const star = stars.find(({ start }) => start === at)
  return star === undefined ? null : star.columns.map(({ alias, column }) => ({ ResTarget: entry(alias, column) }))
}

function entry(alias: string, column: string) {
  return { val: { ColumnRef: { fields: [{ String: { sval: alias } }, { String: { sval: column } }] } } }
}

function aliasNow(replacements: readonly Replacement[], use: number | null, alias: string): string {
  if (use === null) return alias
  return replacements.find((each) => each.use.id === use && each.use.alias === alias)?.alias ?? alias
}

function namesSystemColumn({ relation, columns }: Replacement['use']): boolean {
  return [...columns.keys()].some((name) => !relation.columns.some((column) => column.name === name))
}
