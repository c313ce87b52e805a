import { SallyportError } from '../errors.ts'
import { matchesAny } from '../policy/patterns.ts'
import type { Role } from '../policy/role.ts'
import type { Verb } from '../sql/facts.ts'
import type { Condition, ConditionFacts } from './conditions.ts'
import type { AccessRequest, RequestKind, Stage } from './model.ts'

/** Who has to say yes, as data: the first rule of the list that matches decides. */
export interface ApprovalRule {
  readonly name: string
  /** SHA-256 of the rule as it stands in the configuration, hex. */
  readonly digest: string
  /** Patterns. */
  readonly roles: readonly string[]
  readonly targets: readonly string[]
  /** Labels that the target must carry, all of them. */
  readonly labels: Readonly<Record<string, string>>
  readonly kinds: readonly RequestKind[]
  /** The rule matches where nothing beyond these is asked for; empty: whatever is asked for. */
  readonly verbs: readonly Verb[]
  readonly when: Condition | null
  /** IANA name of the zone that `time` is told in. */
  readonly zone: string
  /** Empty: approves by itself. */
  readonly stages: readonly StageTemplate[]
}

export type StageTemplate = Omit<Stage, 'openedAt' | 'nudgedAt' | 'escalatedAt' | 'completedAt' | 'votes'>

export interface Chosen {
  readonly rule: AccessRequest['rule']
  readonly stages: readonly StageTemplate[]
}

/**
 * A rule that can't be judged approves nothing. What it demands is demanded still, beside what the rule that matches
 * demands: else a condition that nobody could answer would open the way to a weaker rule. Throws `SP-NO-RULE`.
 */
export function chooseRule(rules: readonly ApprovalRule[], role: Role, facts: ConditionFacts): Chosen {
  const doubtful: StageTemplate[] = []
  for (const rule of rules) {
    if (!applies(rule, role, facts)) continue
    const matches = rule.when === null ? true : rule.when.judge(facts, rule.zone)
    if (matches === null) doubtful.push(...rule.stages)
    if (matches !== true) continue
    const { name, digest } = rule
    return { rule: { name, digest, roleDigest: role.digest }, stages: [...doubtful, ...rule.stages] }
  }
  throw new SallyportError('SP-NO-RULE', `no approval rule covers ${role.name} on ${facts.target.name}`)
}

function applies(rule: ApprovalRule, role: Role, facts: ConditionFacts): boolean {
  if (role.asking.approval !== null && role.asking.approval !== rule.name) return false
  const { target, kind, verbs } = facts
  return (
    matchesAny(rule.roles, role.name) &&
    matchesAny(rule.targets, target.name) &&
    rule.kinds.some((one) => one === kind) &&
    Object.entries(rule.labels).every(
      ([label, value]) => Object.hasOwn(target.labels, label) && target.labels[label] === value,
    ) &&
    (rule.verbs.length === 0 || verbs.every((verb) => rule.verbs.some((one) => one === verb)))
  )
}

/** The stages of a new request: the first is open. */
export function openStages(templates: readonly StageTemplate[], now: number): readonly Stage[] {
  return templates.map((template, index) => ({
    ...template,
    openedAt: index === 0 ? now : null,
    nudgedAt: null,
    escalatedAt: null,
    completedAt: null,
    votes: [],
  }))
}
