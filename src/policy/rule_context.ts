import { type ErrorCode, SallyportError } from '../errors.ts'
import type { RelationUse, StatementFacts, StatementKind, Verb } from '../sql/facts.ts'
import { type Coverage, coverageOf } from './coverage.ts'
import type { Decision, DecisionInput, Deny } from './decision.ts'
import { createMasks, type Masks } from './masks.ts'
import { resolveRole } from './parameters.ts'

/** What every rule judges with: the input with the role's parameters bound, and what is worked out once from it. */
export interface RuleContext {
  readonly input: DecisionInput
  readonly masks: Masks
  /** Of a relation for a verb, or null where the scope does not reach. */
  readonly coverage: (relation: RelationUse['relation'], verb: Verb) => Coverage | null
}

/** One purpose. Null passes the message on to the next rule. */
export interface Rule {
  readonly name: string
  readonly judge: (context: RuleContext) => Decision | null
}

export interface Refused {
  readonly code: ErrorCode
  readonly reason: string
  /** In characters of the message, from 1. */
  readonly position?: number
}

export function contextOf(given: DecisionInput): RuleContext {
  const role = given.role.unrestricted ? given.role : resolveRole(given.role, given.grant.parameters)
  const input = { ...given, role }
  const known = new Map<string, Coverage | null>()
  return {
    input,
    masks: createMasks(input),
    coverage: (relation, verb) => {
      const key = `${verb}\0${relation.schema}\0${relation.name}`
      let found = known.get(key)
      if (found === undefined) {
        found = coverageOf(input, relation, verb)
        known.set(key, found)
      }
      return found
    },
  }
}

/** A change of definitions under a grant that is bound to a script: one rule judges it, and all others pass it. */
export function isPlannedDefinition({ input }: RuleContext, { kind }: StatementFacts): boolean {
  return input.grant.plan !== null && DEFINING.has(kind)
}

const DEFINING: ReadonlySet<StatementKind> = new Set(['ddl', 'create_table_as', 'maintenance', 'truncate'])

/** A rule that looks at each statement of the message by itself; the first that it refuses decides. */
export function eachStatement(
  name: string,
  judge: (context: RuleContext, statement: StatementFacts) => Refused | null,
): Rule {
  return {
    name,
    judge: (context) => {
      for (const [index, statement] of context.input.facts.statements.entries()) {
        if (isPlannedDefinition(context, statement)) continue
        const refused = judge(context, statement)
        if (refused) return denied(name, refused, index)
      }
      return null
    },
  }
}

export function denied(rule: string, { code, reason, position }: Refused, statement: number): Deny {
  const deny = { effect: 'deny', rule, code, reason, statement } as const
  return position === undefined ? deny : { ...deny, position }
}

export function refuse(code: ErrorCode, reason: string): Refused {
  return { code, reason }
}

/** The relations that the statement touches; EXPLAIN and PREPARE touch those of the statement inside. */
export function usesOf(statement: StatementFacts): readonly RelationUse[] {
  if (!statement.inner || statement.uses.length > 0) return sameUses(statement)
  return usesOf(statement.inner)
}

/** Ids join a use with its plan, so two lists in one statement must be the same one. */
function sameUses(statement: StatementFacts): readonly RelationUse[] {
  const { uses, inner } = statement
  const same =
    !inner ||
    (usesOf(inner).length === uses.length &&
      usesOf(inner).every((use, index) => use.id === uses[index]?.id && use.relation === uses[index]?.relation))
  if (!same) throw new SallyportError('SP-OPAQUE', 'the statement inside is not the one that was analysed')
  return uses
}

/** The statement and, for EXPLAIN and PREPARE, the one inside. */
export function withInner(statement: StatementFacts): readonly StatementFacts[] {
  return statement.inner ? [statement, ...withInner(statement.inner)] : [statement]
}

/** What EXPLAIN, PREPARE and DECLARE hold, through all of them; any other statement itself. */
export function innermost(statement: StatementFacts): StatementFacts {
  return statement.inner ? innermost(statement.inner) : statement
}

export function nameOf({ relation }: { readonly relation: RelationUse['relation'] }): string {
  return `${relation.schema}.${relation.name}`
}
