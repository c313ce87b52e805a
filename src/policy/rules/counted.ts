import type { StatementKind } from '../../sql/facts.ts'
import { eachStatement, type Refused, type RuleContext, refuse, usesOf } from '../rule_context.ts'

const LIMITED = 'the role limits how many rows a statement changes'

/** What the server answers with the number of rows that it changed. */
const COUNTED: ReadonlySet<StatementKind> = new Set(['insert', 'update', 'delete', 'merge'])

/**
 * `maxRowsChanged`: a write is undone where it changed too many rows, so it has to be one whose rows the server counts
 * before they stay. Anything else that writes is refused beforehand. What EXECUTE runs was judged when it was prepared.
 */
export const countedRule = eachStatement('counted', (context, statement) => {
  const { role, catalog } = context.input
  if (role.maxRowsChanged === 0) return null
  const run = statement.kind === 'prepare' && statement.inner ? statement.inner : statement
  const targets = usesOf(run).filter((use) => use.role === 'target').length
  if (targets === 0) return run.kind === 'execute' ? judgeAlone(context) : null
  if (catalog.dialect !== 'postgres' && usesOf(run).some((use) => use.role === 'target' && !use.relation.transactional))
    return refuse('SP-VERB', `${LIMITED}, and here they can't be undone`)
  if (run.kind === 'explain' && run.explain?.analyze === false) return null
  if (!COUNTED.has(run.kind) || targets > 1) {
    return refuse('SP-VERB', `${LIMITED}: write to one table at a time, by INSERT, UPDATE, DELETE or MERGE`)
  }
  return judgeAlone(context)
})

function judgeAlone({ input: { facts } }: RuleContext): Refused | null {
  return facts.statements.length > 1 ? refuse('SP-MULTI', `${LIMITED}: send this one alone`) : null
}
