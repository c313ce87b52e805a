import { eachStatement, refuse, withInner } from '../rule_context.ts'

/** What writes a result somewhere else than to the client (COPY, INTO OUTFILE) needs a permission that no role can give. */
export const exportRule = eachStatement('export', (_context, statement) =>
  withInner(statement).some(({ verbs }) => verbs.includes('export'))
    ? refuse('SP-EXPORT', 'the statement exports data, and this grant carries no permission for it')
    : null,
)
