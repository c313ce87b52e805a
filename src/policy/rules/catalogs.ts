import { eachStatement, refuse, usesOf } from '../rule_context.ts'
import { hiddenSystemUse } from '../system_relations.ts'

/**
 * Metadata browsing works under every grant; the rest of the system's relations (statistics of values, other sessions,
 * credentials, locks) is closed, and none is written to.
 */
export const catalogsRule = eachStatement('catalogs', ({ input }, statement) => {
  for (const use of usesOf(statement)) {
    const reason = hiddenSystemUse(input.catalog.dialect, use)
    if (reason !== null) return refuse('SP-SCOPE', reason)
  }
  return null
})
