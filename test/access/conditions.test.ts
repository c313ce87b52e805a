import { describe, expect, it } from 'vitest'
import { chooseRule } from '../../src/access/approval_rules.ts'
import { type ConditionFacts, compileCondition, timeIn } from '../../src/access/conditions.ts'
import { condition, HOUR, NOW, role, rule, stage } from './fixture.ts'

const FACTS: ConditionFacts = {
  person: { issuer: 'i', subject: 's', email: 'alice@example.test' },
  groups: ['shop-team'],
  target: { name: 'orders', engine: 'postgres', labels: { env: 'prod', team: 'shop' } },
  role: 'reader',
  kind: 'standard',
  verbs: ['read'],
  durationMs: HOUR,
  classification: ['public'],
  risks: [],
  now: NOW,
}

describe('a condition', () => {
  it.each<[string, boolean | null, Partial<ConditionFacts>?]>([
    ['"shop-team" in groups', true],
    ['target.labels.env == "prod" && role == "reader"', true],
    ['target.labels.region == "eu"', null],
    ['"region" in target.labels && target.labels.region == "eu"', false],
    ['duration <= duration("2h")', true],
    ['duration <= duration("59m")', false],
    ['time.weekday <= 5 && time.hour >= 8 && time.hour < 18', true],
    ['verbs.all(v, v == "read")', true],
    ['person.email.endsWith("@example.test")', true],
    ['person.email.endsWith("@example.test")', null, { person: { issuer: 'i', subject: 's' } }],
    ['classification.all(c, c == "public")', true],
    ['!risks.exists(r, r.severity == "high")', true],
    ['risks.exists(r, r.kind == "drop")', true, { risks: [{ kind: 'drop', severity: 'high' }] }],
    ['incident.provider == "pager"', null],
    // What is mentioned has to be known, even where the rest would decide.
    ['true || incident.provider == "pager"', null],
  ])('%s: %s', (text, expected, over = {}) => {
    expect(condition(text).judge({ ...FACTS, ...over }, 'UTC')).toBe(expected)
  })

  it.each(['!("pii" in classification)', 'true || "pii" in classification', 'size(classification) == 0'])(
    'says nothing where the classification is missing: %s',
    (text) => {
      const { classification: _, ...unknown } = FACTS
      expect(condition(text).judge(unknown, 'UTC')).toBeNull()
    },
  )

  it.each(['groups', 'nobody == 1', 'person.phone == "1"', '"a" in', '1 + 1', 'role == 1', ''])(
    'is refused when it is compiled: %s',
    (text) => {
      expect(compileCondition(text)).toHaveProperty('error')
    },
  )

  it('tells the time of the zone, on both sides of a change to summer time', () => {
    expect(timeIn('Europe/Zurich', Date.UTC(2026, 2, 29, 0, 59))).toEqual({ hour: 1n, minute: 59n, weekday: 7n })
    expect(timeIn('Europe/Zurich', Date.UTC(2026, 2, 29, 1, 0))).toEqual({ hour: 3n, minute: 0n, weekday: 7n })
    expect(timeIn('UTC', Date.UTC(2026, 0, 5, 0, 0))).toEqual({ hour: 0n, minute: 0n, weekday: 1n })
  })
})

describe('the rule that decides', () => {
  const chosen = (rules: Parameters<typeof chooseRule>[0], facts = FACTS) => chooseRule(rules, role('reader'), facts)
  const strict = rule('strict', [stage(['security'])], { when: condition('"pii" in classification') })
  const open = rule('open', [])

  it('is the first that matches', () => {
    expect(chosen([strict, open]).rule.name).toBe('open')
    expect(chosen([strict, open], { ...FACTS, classification: ['pii'] }).stages).toEqual(strict.stages)
  })

  it('keeps what a rule demands that can not be judged', () => {
    const { classification: _, ...unknown } = FACTS
    const { rule: named, stages } = chosen([strict, open], unknown)
    expect(named.name).toBe('open')
    expect(stages).toEqual(strict.stages)
  })

  it('is none where an automatic one can not be judged', () => {
    const { classification: _, ...unknown } = FACTS
    const auto = rule('auto', [], { when: condition('!("pii" in classification)') })
    expect(() => chosen([auto], unknown)).toThrow(/SP-NO-RULE/)
  })

  it.each([
    ['role', { roles: ['writer'] }],
    ['target', { targets: ['shop*'] }],
    ['label', { labels: { env: 'staging' } }],
    ['a label that the target lacks', { labels: { constructor: 'x' } }],
    ['kind', { kinds: ['migration' as const] }],
    ['verbs', { verbs: ['insert' as const] }],
  ])('does not match another %s', (_what, over) => {
    expect(() => chosen([rule('other', [], over)])).toThrow(/SP-NO-RULE/)
  })

  it('is the one that the role names, where it names one', () => {
    const named = role('reader', { approval: 'strict' })
    expect(() => chooseRule([open], named, FACTS)).toThrow(/SP-NO-RULE/)
    expect(chooseRule([open, strict], named, { ...FACTS, classification: ['pii'] }).rule.name).toBe('strict')
  })
})
