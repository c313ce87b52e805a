import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MaskRule } from '../../src/masking/rule.ts'
import { decide } from '../../src/policy/decide.ts'
import type { ColumnUse, StatementFacts, Verb } from '../../src/sql/facts.ts'
import { inputOf, maskLine, relation, scopeRule, statement, use } from './build.ts'

const NAMES = ['id', 'email', 'ssn', 'dob']
const users = relation('users', NAMES, { constrained: [] })

const key = new Uint8Array(32)
const rules = fc.constantFrom<MaskRule>(
  { strategy: 'null' },
  { strategy: 'redact', text: 'X' },
  { strategy: 'email' },
  { strategy: 'partial', keepFirst: 1, keepLast: 1, fill: '*' },
  { strategy: 'hash', keyId: 'k', key, length: 8 },
  { strategy: 'token', keyId: 'k', key, prefix: '' },
  { strategy: 'bucket', width: 10, unit: 'year' },
  { strategy: 'date_shift', keyId: 'k', key, maxDays: 3 },
  { strategy: 'json_path', default: 'keep', paths: [{ path: '$.a', rule: { strategy: 'null' } }] },
)
const lines = fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), rules), { selector: ([name]) => name })
const columnUses = fc.dictionary(fc.constantFrom(...NAMES), fc.constantFrom<ColumnUse>('passed', 'computed', 'written'))

const made = fc.record({
  lines,
  columns: columnUses,
  wholeRow: fc.boolean(),
  fixed: fc.constantFrom(null, 'fixed here'),
  role: fc.constantFrom('read' as const, 'target' as const),
  kind: fc.constantFrom<StatementFacts['kind']>('select', 'insert', 'update', 'delete', 'explain'),
  covered: fc.option(fc.subarray(NAMES), { nil: null }),
  dialect: fc.constantFrom('postgres' as const, 'mysql' as const),
})

describe('any statement over a masked table', () => {
  it('leaves no masked column both unmasked on the wire and unsubstituted', () => {
    fc.assert(
      fc.property(made, (given) => {
        const one = use(users, given.columns, { wholeRow: given.wholeRow, fixed: given.fixed, role: given.role })
        const passed = Object.entries(given.columns).filter(([, how]) => how === 'passed' && !given.wholeRow)
        const output = passed.map(([column]) => ({
          name: column,
          origin: { use: 0, column },
          sources: [{ relation: users, column }],
        }))
        const verbs: Verb[] = given.kind === 'select' || given.kind === 'explain' ? ['read'] : [given.kind as Verb]
        const facts = statement({ kind: given.kind, verbs, uses: [one], output })
        const scope = [scopeRule({ columns: given.covered, verbs: ['read', 'insert', 'update', 'delete'] })]
        const decision = decide(
          inputOf({
            relations: [users],
            statements: [facts],
            masks: given.lines.map(([name, rule]) => maskLine('users', name, rule)),
            role: { scope },
            dialect: given.dialect,
          }),
        )
        if (decision.effect === 'deny') {
          expect(decision.code).not.toBe('SP-INTERNAL')
          return
        }
        const plan = decision.plans[0]!
        const substituted = plan.substitutions.get(0)?.masks
        for (const [name, rule] of given.lines) {
          const how = given.wholeRow ? 'computed' : given.columns[name]
          const constant = rule.strategy === 'null' || rule.strategy === 'redact'
          // A target is never read: only values are written to it.
          if (given.role === 'target') expect(how === 'computed' || how === 'passed').toBe(false)
          else if (constant || how === 'computed') expect(substituted?.has(name)).toBe(true)
          else if (how === 'passed' && !substituted?.has(name)) {
            const index = output.findIndex((field) => field.name === name)
            expect(given.kind).toBe('select')
            expect(plan.fields?.[index]?.mask).toEqual(rule)
          }
        }
        // A target in MySQL carries the columns whose order must not choose its rows, and no mask.
        if (given.role === 'target') expect(substituted?.size ?? 0).toBe(0)
        else if (given.fixed !== null) expect(plan.substitutions.size).toBe(0)
      }),
      { numRuns: 2000 },
    )
  })
})
