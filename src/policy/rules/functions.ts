import { unsafeFunction } from '../functions.ts'
import { eachStatement, refuse, withInner } from '../rule_context.ts'

/**
 * Built-ins run by an allow-list; routines that people made only where the role vouches for them under `call`. Anything
 * else could read, or run SQL, unseen.
 */
export const functionsRule = eachStatement('functions', ({ input }, statement) => {
  for (const part of withInner(statement)) {
    if (part.verbs.includes('ddl')) return refuse('SP-VERB', 'the grant does not allow changes of definitions')
    const name = unsafeFunction(input.catalog.dialect, input.role.call, part.functions)
    if (name !== null) return refuse('SP-FUNCTION', `the function ${name} is not known to be safe under this grant`)
  }
  return null
})
