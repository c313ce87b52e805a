import { describe, expect, it } from 'vitest'
import { decide } from '../../src/policy/decide.ts'
import type { Role } from '../../src/policy/role.ts'
import type { Relation } from '../../src/sql/catalog.ts'
import type { StatementFacts, Verb } from '../../src/sql/facts.ts'
import { inputOf, maskLine, relation, scopeRule, selectOf, statement, use } from './build.ts'

const users = relation('users', ['id', 'email'])
const orders = relation('orders', ['id', 'notes'])
const secrets = relation('secrets', ['id', 'api_key'])
const RELATIONS = [users, orders, secrets]

const except = { exceptTables: ['secrets'] }
const PEOPLE: Readonly<Record<string, Partial<Role>>> = {
  alice: { name: 'reader', scope: [scopeRule(except)] },
  bob: { name: 'editor', scope: [scopeRule({ tables: ['orders'], verbs: ['read', 'update'] }), scopeRule(except)] },
  carol: { name: 'support', scope: [scopeRule({ ...except, columns: ['id', 'notes'] })], unmask: ['shop.users.email'] },
  dave: {
    name: 'strict',
    scope: [scopeRule({ ...except, verbs: ['read', 'insert', 'update', 'delete'] })],
    computed: 'refuse',
  },
  erin: { name: 'admin', unrestricted: true, scope: [] },
}

const VERBS: readonly (Verb | 'compute')[] = ['read', 'compute', 'insert', 'update', 'delete']

function factsOf(verb: Verb | 'compute', of: Relation, column: string): StatementFacts {
  if (verb === 'read') return selectOf(of, [column])
  if (verb === 'compute') return selectOf(of, [], [column])
  const target = use(of, verb === 'delete' ? {} : { [column]: 'written' }, { role: 'target' })
  return statement({ kind: verb as 'insert', verbs: [verb], hasWhere: true, uses: [target] })
}

function verdict(person: string, of: Relation, column: string, verb: Verb | 'compute'): string {
  const masks = [maskLine('users', 'email', { strategy: 'email' })]
  const decision = decide(
    inputOf({ relations: RELATIONS, statements: [factsOf(verb, of, column)], role: PEOPLE[person]!, masks }),
  )
  if (decision.effect === 'deny') return decision.code
  const [plan] = decision.plans
  return plan?.columns.map(({ seen }) => seen).join(' ') || 'allow'
}

function row(person: string, of: Relation, column: string): string {
  return `${person} ${of.name}.${column}: ${VERBS.map((verb) => verdict(person, of, column, verb)).join(', ')}`
}

describe('person by table by column by verb', () => {
  it('is as pinned: read, compute, insert, update, delete', () => {
    const rows = Object.keys(PEOPLE).flatMap((person) =>
      RELATIONS.flatMap((of) => of.columns.map(({ name }) => row(person, of, name))),
    )
    expect(rows).toMatchInlineSnapshot(`
      [
        "alice users.id: clear, clear, SP-VERB, SP-VERB, SP-VERB",
        "alice users.email: masked, computed_masked, SP-VERB, SP-VERB, SP-VERB",
        "alice orders.id: clear, clear, SP-VERB, SP-VERB, SP-VERB",
        "alice orders.notes: clear, clear, SP-VERB, SP-VERB, SP-VERB",
        "alice secrets.id: SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE",
        "alice secrets.api_key: SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE",
        "bob users.id: clear, clear, SP-VERB, SP-VERB, SP-VERB",
        "bob users.email: masked, computed_masked, SP-VERB, SP-VERB, SP-VERB",
        "bob orders.id: clear, clear, SP-VERB, written, SP-VERB",
        "bob orders.notes: clear, clear, SP-VERB, written, SP-VERB",
        "bob secrets.id: SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE",
        "bob secrets.api_key: SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE",
        "carol users.id: clear, clear, SP-VERB, SP-VERB, SP-VERB",
        "carol users.email: SP-SCOPE, SP-SCOPE, SP-VERB, SP-VERB, SP-VERB",
        "carol orders.id: clear, clear, SP-VERB, SP-VERB, SP-VERB",
        "carol orders.notes: clear, clear, SP-VERB, SP-VERB, SP-VERB",
        "carol secrets.id: SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE",
        "carol secrets.api_key: SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE",
        "dave users.id: clear, clear, written, written, allow",
        "dave users.email: masked, SP-MASKED, written, written, allow",
        "dave orders.id: clear, clear, written, written, allow",
        "dave orders.notes: clear, clear, written, written, allow",
        "dave secrets.id: SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE",
        "dave secrets.api_key: SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE, SP-SCOPE",
        "erin users.id: clear, clear, written, written, allow",
        "erin users.email: clear, clear, written, written, allow",
        "erin orders.id: clear, clear, written, written, allow",
        "erin orders.notes: clear, clear, written, written, allow",
        "erin secrets.id: clear, clear, written, written, allow",
        "erin secrets.api_key: clear, clear, written, written, allow",
      ]
    `)
  })
})
