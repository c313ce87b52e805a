import { describe, expect, it } from 'vitest'
import { LookupBudgets } from '../../src/session/lookups.ts'

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
    const budgets = new LookupBudgets()
    const take = (person: string, values: number, minute: number, column?: string) =>
      budgets.take(person, [lookup(values, column)], minute * MINUTE) === null
    expect([take('alice', 6, 0), take('alice', 5, 1), take('alice', 4, 1), take('alice', 1, 59)]).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect([take('bob', 10, 59), take('alice', 10, 59, 'phone')]).toEqual([true, true])
    expect([take('alice', 6, 60), take('alice', 1, 60), take('alice', 4, 61)]).toEqual([true, false, true])
  })

  it('take nothing where one of several does not fit', () => {
    const budgets = new LookupBudgets()
    expect(budgets.take('alice', [lookup(6), lookup(5)], 0)).toMatchObject({ column: 'email' })
    expect(budgets.take('alice', [lookup(5), lookup(11, 'phone')], 0)).toMatchObject({ column: 'phone' })
    expect(budgets.take('alice', [lookup(5), lookup(5)], 0)).toBeNull()
    expect(budgets.take('alice', [lookup(1)], 0)).not.toBeNull()
  })
})
