import type { RelationUse, StatementFacts } from '../../sql/facts.ts'
import { columnsRead } from '../column_needs.ts'
import { mayExport } from '../role.ts'
import {
  denied,
  nameOf,
  type Refused,
  type Rule,
  type RuleContext,
  refuse,
  usesOf,
  withInner,
} from '../rule_context.ts'

/**
 * What writes a result somewhere else than to the client as rows needs a permission. COPY TO is allowed under the verb
 * `export` on every relation that it reads, and by itself: it is judged and masked as the SELECT that gives its rows. So
 * is SELECT INTO OUTFILE and DUMPFILE of MySQL, of which nothing passes through the proxy: all that it reads is computed.
 */
export const exportRule: Rule = {
  name: 'export',
  judge: (context) => {
    const { statements } = context.input.facts
    for (const [index, statement] of statements.entries()) {
      if (!withInner(statement).some(isExport)) continue
      const refused = judgeExport(context, statement, statements.length)
      if (refused) return denied('export', refused, index)
    }
    return null
  },
}

/** COPY that does not write is an export, whatever else is known of it. */
function isExport({ kind, verbs }: StatementFacts): boolean {
  return verbs.includes('export') || (kind === 'copy' && !verbs.includes('insert'))
}

function judgeExport(context: RuleContext, statement: StatementFacts, parts: number): Refused | null {
  const { catalog, role } = context.input
  const what = catalog.dialect === 'postgres' ? 'COPY TO' : 'the statement'
  if (!mayExport(role)) return refuse('SP-EXPORT', `${what} exports data, and this grant carries no permission for it`)
  if (parts > 1) return refuse('SP-MULTI', `${what} exports data, and has to be the only one of its message`)
  if (statement.kind !== 'select') return refuse('SP-EXPORT', 'only the rows of a SELECT or a table may be exported')
  for (const use of usesOf(statement)) {
    const refused = use.relation.kind === 'system' ? null : judgeUse(context, statement, use)
    if (refused) return refused
  }
  return null
}

function judgeUse(context: RuleContext, statement: StatementFacts, use: RelationUse): Refused | null {
  const exported = context.coverage(use.relation, 'export')
  const name = nameOf(use)
  if (!exported)
    return refuse('SP-EXPORT', `the grant does not cover ${name} for export; ask for the verb export on it`)
  const out = columnsRead(statement, use).find((column) => !exported.column(column.name))
  if (out) return refuse('SP-EXPORT', `the grant does not cover the column ${name}.${out.name} for export`)
  // The rows that go out are those that may be read; a narrower condition on exports would not be looked at.
  const read = context.coverage(use.relation, 'read')
  const same = JSON.stringify(read?.where ?? []) === JSON.stringify(exported.where)
  return same || !read ? null : refuse('SP-EXPORT', `the grant covers other rows of ${name} for export than for read`)
}
