import { eachStatement, refuse, withInner } from '../rule_context.ts'

/** What is not fully understood is refused, with the analysis's own code and reason; so is what holds such a part. */
export const opaqueRule = eachStatement('opaque', (_context, statement) => {
  const found = withInner(statement).find(({ kind, opaque }) => kind === 'opaque' || opaque !== null)
  if (!found) return null
  return found.opaque ?? refuse('SP-OPAQUE', 'the statement is not fully understood')
})
