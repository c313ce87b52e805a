import { expect, it } from 'vitest'
import { evaluate } from '../../src/compose/questions_part.ts'
import { alice, ROLES, world } from './world.ts'

type Question = Parameters<typeof evaluate>[2]

const question = (more: Partial<Question> = {}): Question => ({
  ...{ target: 'orders', database: 'app', person: null, groups: null, role: null, parameters: {} },
  statement: 'SELECT id, email FROM users WHERE id = 7',
  ...more,
})

it('says under the grant that is active what would be sent, and how each field is seen', async () => {
  const { deps } = await world()
  expect(await evaluate(deps, alice(), question())).toEqual({
    allowed: true,
    code: null,
    reason: 'covered by the grant',
    role: 'reader',
    grantId: 'g1',
    rewritten: 'SELECT id, email FROM "app"."users" WHERE id = 7',
    columns: [
      { schema: 'app', table: 'users', column: 'id', seen: 'clear' },
      { schema: 'app', table: 'users', column: 'email', seen: 'masked' },
    ],
    masks: [{ field: 'email', strategy: 'token' }],
    limits: { maxRowsPerResult: 1000 },
  })
})

it.each([
  ['SELECT upper(email) FROM users', 'upper', 'computed'],
  ['SELECT email AS mail FROM users ORDER BY email', 'mail', 'token'],
  ['SELECT x.email FROM (SELECT email FROM users) x', 'email', 'token'],
])('%s: %s is masked by %s', async (statement, field, strategy) => {
  const { deps } = await world()
  const answer = await evaluate(deps, alice(), question({ statement }))
  expect(answer).toMatchObject({ allowed: true, masks: [{ field, strategy }] })
})

it.each([
  ['SELECT * FROM orders', 'SP-SCOPE'],
  ['DELETE FROM users', 'SP-VERB'],
  ['SELECT FROM WHERE', 'SP-SYNTAX'],
])('%s is refused by %s', async (statement, code) => {
  const { deps } = await world()
  expect(await evaluate(deps, alice(), question({ statement }))).toMatchObject({
    allowed: false,
    code,
    rewritten: null,
  })
})

it('answers as if a role were granted, with its parameters', async () => {
  const { deps } = await world()
  const tenant = question({ role: 'tenant', parameters: { who: "o'neil" } })
  expect(await evaluate(deps, alice(), tenant)).toMatchObject({
    allowed: true,
    grantId: null,
    rewritten: expect.stringContaining("o''neil"),
  })
  await expect(evaluate(deps, alice(), question({ role: 'tenant' }))).rejects.toThrow('who')
  await expect(evaluate(deps, alice(), question({ role: 'nobody' }))).rejects.toMatchObject({ code: 'SP-NOT-FOUND' })
  const owner = question({ role: 'owner', statement: 'DROP TABLE users' })
  expect(await evaluate(deps, alice(), owner)).toMatchObject({ allowed: true, rewritten: 'DROP TABLE users' })
})

it('answers for somebody else as last seen, and says who was never seen', async () => {
  const grants = `version: 1
grants:
  - { id: g2, principal: { group: dba }, target: orders, role: reader, start: 2026-01-01T00:00:00Z, end: 2030-01-01T00:00:00Z, reason: x }
`
  const { deps } = await world({ 'grants.yaml': grants })
  const bob = question({ person: 'bob@example.test' })
  await expect(evaluate(deps, alice(), bob)).rejects.toMatchObject({ code: 'SP-NOT-FOUND' })
  expect(await evaluate(deps, alice(), { ...bob, groups: ['dba'] })).toMatchObject({ allowed: true, grantId: 'g2' })
  expect(await evaluate(deps, alice(), { ...bob, groups: [] })).toMatchObject({ allowed: false, code: 'SP-NO-GRANT' })
  const identity = { ...alice().identity, subject: 'u-bob', email: 'Bob@example.test', groups: ['dba'] }
  await deps.store.write((tx) => tx.people.insert({ id: 'bob', version: 1, identity, seenAt: 1 }))
  expect(await evaluate(deps, alice(), question({ person: 'Bob@example.test' }))).toMatchObject({ grantId: 'g2' })
  await expect(evaluate(deps, alice(), question({ target: 'x' }))).rejects.toMatchObject({ code: 'SP-NOT-FOUND' })
})

it('names the roles to choose from where several grants are active', async () => {
  const two = ['reader', 'owner'].map(
    (role) =>
      `  - { id: ${role}, principal: { email: alice@example.test }, target: orders, role: ${role}, start: 2026-01-01T00:00:00Z, end: 2030-01-01T00:00:00Z, reason: x }\n`,
  )
  const { deps } = await world({ 'roles.yaml': ROLES, 'grants.yaml': `version: 1\ngrants:\n${two.join('')}` })
  const answer = await evaluate(deps, alice(), question())
  expect(answer).toMatchObject({ allowed: false, code: 'SP-GRANT-CHOICE', reason: expect.stringContaining('owner') })
})
