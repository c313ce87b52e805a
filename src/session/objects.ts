import { type StatementActivity, statementActivity } from '../audit/statement_activity.ts'
import type { ColumnAccess, Decision } from '../policy/decision.ts'
import type { StatementFacts } from '../sql/facts.ts'

interface AuditedObject {
  readonly schema: string
  readonly name: string
  readonly access: 'read' | 'target'
}

const known = new WeakMap<StatementFacts, readonly AuditedObject[]>()

/** The relations that a statement touches, each once per role, for its audit record: one list for the same facts. */
export function objectsOf(statement: StatementFacts): readonly AuditedObject[] {
  let objects = known.get(statement)
  if (objects === undefined) {
    objects = touchedBy(statement)
    known.set(statement, objects)
  }
  return objects
}

const activities = new WeakMap<StatementFacts, StatementActivity>()

/** What the statement does, as its records tell it. */
export function activityOf(statement: StatementFacts): StatementActivity {
  let activity = activities.get(statement)
  if (activity === undefined) {
    activity = statementActivity({ ...statement, objects: objectsOf(statement) })
    activities.set(statement, activity)
  }
  return activity
}

function touchedBy(statement: StatementFacts): readonly AuditedObject[] {
  const seen = new Map<string, AuditedObject>()
  for (const { relation, role } of allUses(statement)) {
    seen.set(`${role}\0${relation.schema}\0${relation.name}`, {
      schema: relation.schema,
      name: relation.name,
      access: role,
    })
  }
  return [...seen.values()]
}

export function coveredByStatement(decision: Decision, index: number): readonly ColumnAccess[] {
  return decision.effect === 'allow' ? (decision.plans[index]?.columns ?? []) : []
}

function allUses(statement: StatementFacts): StatementFacts['uses'] {
  return statement.inner ? [...statement.uses, ...allUses(statement.inner)] : statement.uses
}
