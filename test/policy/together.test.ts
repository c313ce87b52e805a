import { describe, expect, it } from 'vitest'
import { decide } from '../../src/policy/decide.ts'
import type { Together } from '../../src/sql/catalog.ts'
import type { StatementFacts, Verb } from '../../src/sql/facts.ts'
import {
  allowed,
  type Given,
  inputOf,
  maskLine,
  relation,
  roleOf,
  scopeRule,
  selectOf,
  statement,
  use,
} from './build.ts'

/** A write to a clear column, where the server looks at a masked one beside it. */

const MASK = maskLine('tills', 'code', { strategy: 'null' })
const ROLE = roleOf({ scope: [scopeRule({ verbs: ['read', 'insert', 'update', 'delete'] })] })

function outcome(together: readonly Together[], verbs: readonly Verb[], written: readonly string[]): string {
  const tills = relation('tills', ['id', 'name', 'code', 'amount'], { together })
  const columns = Object.fromEntries(written.map((name) => [name, 'written' as const]))
  const target = use(tills, columns, { role: 'target' })
  const kind = verbs[0] === 'insert' ? 'insert' : 'update'
  const facts = statement({ kind, verbs, uses: [target] })
  const given: Given = { relations: [tills], statements: [facts], role: ROLE, masks: [MASK] }
  const decision = decide(inputOf(given))
  return decision.effect === 'deny' ? `${decision.code} ${decision.rule}` : 'allowed'
}

const CHECK = { columns: ['name', 'code'], compared: false }
const UNIQUE = { columns: ['name', 'code'], compared: true }

describe('a column beside a masked one', () => {
  it.each([
    ['in a CHECK, changed', [CHECK], ['update'], ['name'], 'SP-MASKED writes'],
    ['in a CHECK, changed on conflict', [CHECK], ['insert', 'update'], ['id', 'name'], 'SP-MASKED writes'],
    ['in a CHECK, in a new row without the masked one', [CHECK], ['insert'], ['id', 'name'], 'allowed'],
    ['in a unique index, changed', [UNIQUE], ['update'], ['name'], 'SP-MASKED writes'],
    ['in a unique index, in a new row', [UNIQUE], ['insert'], ['id', 'name'], 'SP-MASKED writes'],
    ['not in the same constraint', [CHECK, UNIQUE], ['update'], ['amount'], 'allowed'],
    ['in a constraint without it', [{ columns: ['name', 'amount'], compared: true }], ['update'], ['name'], 'allowed'],
  ] as const)('%s', (_name, together, verbs, written, expected) => {
    expect(outcome(together, verbs, written)).toBe(expected)
  })
})

describe('a plan', () => {
  it('is of NULLs where a mask would be computed from the column: its estimates are of the clear values', () => {
    const tills = relation('tills', ['id', 'code'])
    const masks = [maskLine('tills', 'code', { strategy: 'partial', keepFirst: 0, keepLast: 2, fill: '*' })]
    const inner = selectOf(tills, [], ['code'])
    const mask = (facts: StatementFacts) =>
      allowed({ relations: [tills], statements: [facts], masks })
        .plans[0]?.substitutions.get(0)
        ?.masks.get('code')
    expect(mask(inner)?.kind).toBe('partial')
    expect(mask(statement({ kind: 'explain', verbs: ['read'], uses: inner.uses, inner }))).toEqual({ kind: 'null' })
  })
})
