import type { Field } from './field.ts'
import { type Body, has, list, opaque, openAs, openOnly, refuse, str } from './node.ts'
import { derivedItem, type Item } from './scope.ts'
import { readTargets } from './target.ts'
import { afterRows, compute } from './work.ts'
import type { Write } from './write_scope.ts'

/**
 * RETURNING, in PostgreSQL 18 with names for the old and the new row. Nothing of a write is proven to pass through: all
 * of it counts as computed on.
 */
export function readReturning(write: Write, body: Body): readonly Field[] | null {
  const clause = has(body, 'returningClause') ? openAs('ReturningClause', body.returningClause) : null
  const targets = clause === null ? list(body, 'returningList') : list(clause, 'exprs')
  if (targets.length === 0) return null
  const { work, scope } = write
  if (clause !== null) scope.items = [...scope.items, ...rowVersions(write, list(clause, 'options'))]
  const fields = afterRows(work, () => readTargets(work, scope, targets))
  work.verbs.add('read')
  for (const field of fields) compute(work, field, new Map())
  return fields.map((field) => ({ ...field, passable: false }))
}

/**
 * The old and the new row under the names that WITH gives them, else `old` and `new` where no relation has that name
 * (parse_clause.c and analyze.c, transformReturningClause). They are named with their prefix alone.
 */
function rowVersions(write: Write, options: readonly unknown[]): readonly Item[] {
  const given = options.map((option) => openOnly('ReturningOption', option))
  const versions = [
    versionName(write, given, 'RETURNING_OPTION_OLD', 'old'),
    versionName(write, given, 'RETURNING_OPTION_NEW', 'new'),
  ].filter((name) => name !== null)
  if (new Set(versions).size !== versions.length) refuse('SP-AMBIGUOUS', 'the old and the new row have one name')
  return versions.map((name) => ({ ...derivedItem(name, write.target.fields), open: false }))
}

function versionName(write: Write, given: readonly Body[], option: string, fallback: string): string | null {
  const named = given.filter((body) => str(body, 'option') === option)
  if (named.length > 1) opaque('RETURNING WITH names a row twice')
  const taken = (name: string) => write.scope.items.some((item) => item.alias === name)
  const own = named[0]
  if (own === undefined) return taken(fallback) ? null : fallback
  const name = str(own, 'value')
  return taken(name) ? refuse('SP-AMBIGUOUS', `table name "${name}" specified more than once`) : name
}
