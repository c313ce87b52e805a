import type { FunctionUse, StatementFacts } from '../../sql/facts.ts'
import { unsafeFunction } from '../functions.ts'
import { printsHidden } from '../quoting.ts'
import { eachStatement, refuse, withInner } from '../rule_context.ts'
import { seesKeptSequences } from '../sequences.ts'

/**
 * Built-ins run by an allow-list; routines that people made only where the role vouches for them under `call`. Anything
 * else could read, or run SQL, unseen.
 */
export const functionsRule = eachStatement('functions', (context, statement) => {
  const { input } = context
  for (const part of withInner(statement)) {
    if (part.verbs.includes('ddl')) return refuse('SP-VERB', 'the grant does not allow changes of definitions')
    const name = unsafeFunction(input.catalog.dialect, input.role.call, unjudged(part, statement))
    if (name !== null) return refuse('SP-FUNCTION', `the function ${name} is not known to be safe under this grant`)
  }
  return printsHidden(context, statement)
})

/** The server's own set_config is judged by what it sets, as SET is. */
function unjudged({ functions: all, settings }: StatementFacts, whole: StatementFacts): readonly FunctionUse[] {
  const functions = all.filter((used) => !seesKeptSequences(whole, used))
  const isSetting = (used: FunctionUse) => used.constants !== undefined && !used.userDefined
  return functions.filter(isSetting).length <= settings.length
    ? functions.filter((used) => !isSetting(used))
    : functions
}
