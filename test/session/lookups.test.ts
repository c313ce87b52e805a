import { describe, expect, it } from 'vitest'
import { LookupBudgets } from '../../src/session/lookups.ts'
import { MemoryQuota } from '../../src/store/memory_quota.ts'

const MINUTE = 60_000
const lookup = (values: number, column = 'email') => ({
  schema: 'shop',
  table: 'users',
  column,
  values,
  budgetPerHour: 10,
})

describe('lookups of clear values', () => {
  it('are counted by person and column over an hour', () => {
    let now = 0
    const budgets = new LookupBudgets(new MemoryQuota({ monotonic: () => now }))
    const take = (person: string, values: number, minute: number, column?: string) => {
      now = minute * MINUTE
      return budgets.take(person, [lookup(values, column)]) === null
    }
    expect([take('alice', 6, 0), take('alice', 5, 1), take('alice', 4, 1), take('alice', 1, 59)]).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect([take('bob', 10, 59), take('alice', 10, 59, 'phone')]).toEqual([true, true])
    expect([take('alice', 6, 61), take('alice', 1, 61), take('alice', 4, 62)]).toEqual([true, false, true])
  })

  it('take nothing where one of several does not fit', () => {
    const budgets = new LookupBudgets(new MemoryQuota({ monotonic: () => 0 }))
    expect(budgets.take('alice', [lookup(6), lookup(5)])).toMatchObject({ column: 'email' })
    expect(budgets.take('alice', [lookup(5), lookup(11, 'phone')])).toMatchObject({ column: 'phone' })
    expect(budgets.take('alice', [lookup(5), lookup(5)])).toBeNull()
    expect(budgets.take('alice', [lookup(1)])).not.toBeNull()
  })
})
