import type { Catalog } from '../../sql/catalog.ts'
import type { StatementFacts } from '../../sql/facts.ts'
import { coversSchema } from '../coverage.ts'
import { hiddenShow, kindVerdict } from '../kinds.ts'
import { mayExport, type Role } from '../role.ts'
import { eachStatement, refuse, withInner } from '../rule_context.ts'

const BROWSED = new Set(['information_schema'])

/**
 * LOCK ... IN ACCESS SHARE MODE takes the lock that a SELECT takes, and so pg_dump begins. Who may export needs it; others
 * have no use for a lock, which holds up changes of the table for as long as they like.
 */
function isLockOfDump(role: Role, { kind, verbs }: StatementFacts): boolean {
  return mayExport(role) && kind === 'lock' && verbs.length > 0 && verbs.every((verb) => verb === 'read')
}

/** MySQL: a procedure that the role lists under `call` runs; the functions rule has the last word on its name. */
function isListedCall({ dialect }: Catalog, { kind, functions }: StatementFacts): boolean {
  return dialect !== 'postgres' && kind === 'call' && functions.length > 0
}

/** Each form of statement has one verdict, pinned in kinds.ts; USE must name a database that the scope reaches. */
export const kindsRule = eachStatement('kinds', ({ input }, statement) => {
  for (const part of withInner(statement)) {
    const verdict = kindVerdict(part.kind)
    if (verdict.verdict === 'refused' && !isLockOfDump(input.role, part) && !isListedCall(input.catalog, part))
      return verdict
    const hidden = hiddenShow(part, input.catalog.dialect)
    if (hidden !== null) return refuse('SP-SCOPE', hidden)
  }
  if (statement.kind === 'explain' && withInner(statement).some(({ kind }) => kind === 'execute')) {
    return refuse('SP-UNSUPPORTED', 'EXPLAIN of a prepared statement is not offered: explain its text')
  }
  if (statement.kind !== 'use') return null
  const name = statement.name ?? ''
  if (BROWSED.has(name.toLowerCase()) || coversSchema(input, name)) return null
  return refuse('SP-SCOPE', `the grant does not cover the database ${name}`)
})
