import { expect, it } from 'vitest'
import { API_ROLES, type ApiRole, mayDo, type Operation, operationsOf, rolesOf } from '../../src/access/api_roles.ts'

const combinations = Array.from({ length: 2 ** API_ROLES.length }, (_, bits) =>
  API_ROLES.filter((_role, index) => bits & (1 << index)),
)

it('no combination of roles lets one person both edit policy and clear the audit', () => {
  const edits: Operation[] = ['policy.write', 'policy.approve']
  const clears: Operation[] = ['audit.clear', 'backup.restore']
  for (const roles of combinations) {
    const both = edits.some((one) => mayDo(roles, one)) && clears.some((one) => mayDo(roles, one))
    expect([roles, both]).toEqual([roles, false])
  }
  expect(mayDo(['policy-admin'], 'policy.write') && mayDo(['admin'], 'audit.clear')).toBe(true)
})

it('an auditor alone changes nothing', () => {
  const reads = /\.(read|read_all|build|evaluate)$/
  expect(operationsOf(['auditor']).filter((operation) => !reads.test(operation))).toEqual([])
})

it('groups give roles, and `*` gives one to everybody', () => {
  const mapping = new Map<ApiRole, readonly string[]>([
    ['admin', ['sec']],
    ['requester', ['*']],
  ])
  expect(rolesOf([], mapping)).toEqual(['requester'])
  expect(rolesOf(['sec'], mapping)).toEqual(['admin', 'requester'])
})
