import * as z from 'zod'
import { operation } from './operation.ts'
import { idText } from './shown.ts'
import {
  email,
  fields,
  id,
  idParams,
  list,
  maybeTime,
  name,
  page,
  pageQuery,
  person,
  reason,
  reasonBody,
  shown,
  time,
} from './values.ts'

const what = z.enum(['person', 'target', 'grant'])

const lock = shown({
  id: idText,
  what,
  value: z.string(),
  label: z.string().describe('As it is shown: an email, a name, an id.'),
  by: person.nullable(),
  reason: z.string(),
  at: time,
  until: maybeTime.describe('Null: until lifted.'),
  liftedAt: maybeTime,
  liftedBy: person.nullable(),
}).meta({ id: 'Lock' })

const delegation = shown({
  id: idText,
  from: person,
  to: person,
  groups: z.array(z.string()),
  start: time,
  end: time,
  reason: z.string(),
  endedAt: maybeTime,
}).meta({ id: 'Delegation', description: 'An approver who is away: one hop, one vote.' })

const allQuery = z.strictObject({ ...pageQuery, all: z.stringbool().default(false).describe('Also what has ended.') })

const locks = { tag: 'locks' } as const
const delegations = { tag: 'delegations' } as const

export const lockOperations = {
  setLock: operation({
    ...locks,
    method: 'POST',
    path: '/v1/locks',
    summary: 'End everything of a person, target or grant at once, and keep it out until lifted.',
    rate: 'write',
    status: 201,
    body: fields({
      what,
      value: id.describe('An email (or the key) of a person, the name of a target, the id of a grant.'),
      reason,
      until: maybeTime.default(null),
    }).meta({ id: 'NewLock' }),
    answer: lock,
  }),
  listLocks: operation({
    ...locks,
    method: 'GET',
    path: '/v1/locks',
    summary: 'List the locks.',
    rate: 'read',
    status: 200,
    query: allQuery,
    answer: page(lock).meta({ id: 'LockPage' }),
  }),
  liftLock: operation({
    ...locks,
    method: 'POST',
    path: '/v1/locks/{id}/lift',
    summary: 'Lift a lock. What it ended stays ended.',
    rate: 'write',
    status: 200,
    params: idParams,
    body: reasonBody,
    answer: lock,
  }),
  createDelegation: operation({
    ...delegations,
    method: 'POST',
    path: '/v1/delegations',
    summary: 'Let another person answer while one is away.',
    rate: 'write',
    status: 201,
    body: fields({
      to: email,
      groups: list(name).default([]).describe('Empty: all that the caller holds.'),
      start: maybeTime.default(null),
      end: time,
      reason,
    }).meta({ id: 'NewDelegation' }),
    answer: delegation,
  }),
  listDelegations: operation({
    ...delegations,
    method: 'GET',
    path: '/v1/delegations',
    summary: 'List delegations, from and to the caller.',
    rate: 'read',
    status: 200,
    query: allQuery,
    answer: page(delegation).meta({ id: 'DelegationPage' }),
  }),
  endDelegation: operation({
    ...delegations,
    method: 'POST',
    path: '/v1/delegations/{id}/end',
    summary: 'End a delegation before its time.',
    rate: 'write',
    status: 200,
    params: idParams,
    answer: delegation,
  }),
} as const
