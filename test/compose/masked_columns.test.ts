import { expect, it } from 'vitest'
import { alertWorld } from '../../src/compose/masked_columns.ts'
import type { ColumnAccess } from '../../src/policy/decision.ts'
import { decision, SESSION } from '../audit/events.ts'
import { world } from './world.ts'

const ROLES = `version: 1
roles:
  - name: reader
    scope: [{ schemas: [app], tables: ['*'], verbs: [read] }]
  - name: lifts
    scope: [{ schemas: [app], tables: ['*'], verbs: [read] }]
    unmask: ['app.users.email']
  - name: owner
    unrestricted: true
`

const seen = (column: string, how: ColumnAccess['seen'] = 'clear', table = 'users'): ColumnAccess => {
  return { schema: 'app', table, column, seen: how }
}

it.each([
  ['lifts', [seen('id'), seen('email')], true],
  ['owner', [seen('email')], true],
  ['lifts', [seen('id'), seen('name')], false],
  ['lifts', [seen('email', 'masked')], false],
  ['lifts', [seen('email', 'clear', 'orders')], false],
  ['reader', [seen('email')], false],
  ['gone', [seen('email')], false],
])('under %s, %j read masked columns in clear: %s', async (role, columns, expected) => {
  const { deps } = await world({ 'roles.yaml': ROLES })
  const { isUnrestricted, readsMasked } = alertWorld({ config: deps.live.config, catalogs: deps.catalogs })
  const event = decision({ session: { ...SESSION, role }, columns })
  expect([readsMasked(event), readsMasked(event)]).toEqual([expected, expected])
  expect(isUnrestricted(role)).toBe(role === 'owner')
})
