import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Asked, FAULTS, type Reply, serveContract } from '../outbound/contract_server.ts'
import { incidentsWith, pagerDuty } from './settings.ts'

const ID = 'Q2KHDA6UXAHZS9'

/** As GET /incidents/{id} answers, cut down to what is read and some more. */
function incident(changes: Readonly<Record<string, unknown>> = {}) {
  return {
    incident: {
      id: ID,
      type: 'incident',
      incident_number: 1234,
      title: 'Orders are slow',
      status: 'acknowledged',
      urgency: 'high',
      html_url: `https://example.pagerduty.com/incidents/${ID}`,
      service: { id: 'PIJ90N7', type: 'service_reference', summary: 'Orders API' },
      escalation_policy: { id: 'PT20YPA', type: 'escalation_policy_reference', summary: 'Orders' },
      assignments: [
        { at: '2026-03-01T11:00:00Z', assignee: { id: 'PXPGF42', type: 'user', email: 'alice@example.test' } },
        { at: '2026-03-01T11:00:00Z', assignee: { id: 'PAM4FGS', type: 'user_reference', summary: 'Bob' } },
      ],
      last_status_change_at: '2026-03-01T11:05:00Z',
      resolved_at: null,
      ...changes,
    },
  }
}

const ON_CALL = {
  oncalls: [
    { escalation_level: 1, user: { id: 'PCAROL1', type: 'user', email: 'carol@example.test' }, start: null, end: null },
    { escalation_level: 2, user: { id: 'PXPGF42', type: 'user', email: 'alice@example.test' } },
  ],
  more: false,
}

function api(asked: Asked, about: unknown): Reply {
  const { headers, path } = asked
  if (headers.authorization !== 'Token token=pd-s3cr3t') return { status: 401, json: { error: { code: 2006 } } }
  if (headers.accept !== 'application/vnd.pagerduty+json;version=2') return { status: 406 }
  if (path === `/incidents/${ID}?include[]=assignees`) return { status: 200, json: about }
  if (path.startsWith('/oncalls?escalation_policy_ids[]=PT20YPA&include[]=users')) return { status: 200, json: ON_CALL }
  if (path === '/users/PAM4FGS') return { status: 200, json: { user: { id: 'PAM4FGS', email: 'bob@example.test' } } }
  return { status: 404, json: { error: { message: 'Not Found', code: 2100 } } }
}

async function asking(about: unknown, other: (asked: Asked) => Reply | null = () => null) {
  const server = await serveContract((asked) => other(asked) ?? api(asked, about))
  const incidents = incidentsWith({ pd: pagerDuty(server.url), mapped: pagerDuty(server.url, MAPS) })
  return { ...server, check: (id = ID, provider = 'pd') => incidents.check(provider, id) }
}

const MAPS = {
  people: new Map([['PAM4FGS', 'robert@example.test']]),
  services: new Map([['PIJ90N7', 'orders']]),
}

describe('an incident', () => {
  it('is open, with who it is assigned to, who is on call, and what it affects', async () => {
    const { check } = await asking(incident())
    expect(await check()).toEqual({
      kind: 'known',
      open: true,
      title: 'Orders are slow',
      url: `https://example.pagerduty.com/incidents/${ID}`,
      assignees: ['alice@example.test', 'bob@example.test'],
      onCall: ['carol@example.test', 'alice@example.test'],
      services: ['Orders API'],
      closedAt: null,
    })
  })

  it('has people and services as the configuration maps them', async () => {
    const { check } = await asking(incident())
    expect(await check(ID, 'mapped')).toMatchObject({
      assignees: ['alice@example.test', 'robert@example.test'],
      services: ['orders'],
    })
  })

  it('is closed once it is resolved, and nobody is asked who is on call', async () => {
    const { check, asked } = await asking(
      incident({ status: 'resolved', assignments: [], resolved_at: '2026-03-01T11:30:00Z' }),
    )
    expect(await check()).toMatchObject({ open: false, closedAt: Date.parse('2026-03-01T11:30:00Z'), assignees: [] })
    expect(asked).toHaveLength(1)
  })

  it('leaves out a person who has left', async () => {
    const gone = { at: 'x', assignee: { id: 'PGONE00', type: 'user_reference' } }
    const { check } = await asking(incident({ assignments: [gone] }))
    expect(await check()).toMatchObject({ kind: 'known', assignees: ['PGONE00'] })
  })
})

describe('is never open by accident', () => {
  it.each(['1234', 'q2khda6uxahzs9', 'Q2/../users', 'PT4KHLK?x', '', '.', 'P'.repeat(200), 'Q2KHDA6\n'])(
    'no request is made for the id %j',
    async (id) => {
      const { check, asked } = await asking(incident())
      expect(await check(id)).toMatchObject({ kind: 'unknown' })
      expect(asked).toHaveLength(0)
    },
  )

  it.each([
    ['another id', incident({ id: 'Q0THER0THER000' })],
    ['no id', incident({ id: undefined })],
    ['an odd status', incident({ status: 'snoozed' })],
    ['a status in capitals', incident({ status: 'TRIGGERED' })],
    ['no status', incident({ status: undefined })],
    ['a status in a list', incident({ status: ['triggered'] })],
    ['no incident', {}],
    ['a list', [incident()]],
    ['null', null],
    ['a text', 'acknowledged'],
  ])('%s', async (_what, about) => {
    const { check } = await asking(about)
    expect(await check()).toMatchObject({ kind: 'unreachable' })
  })

  it('whatever JSON it answers', async () => {
    const part = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(ID, 'triggered', 'resolved', 'closed', [], {}))
    const fields = ['id', 'status', 'assignments', 'service', 'escalation_policy', 'title', 'html_url', 'resolved_at']
    let about: unknown = null
    const { check } = await asking({}, ({ path }) =>
      path.startsWith('/incidents') ? { status: 200, json: about } : null,
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fields), part, async (field, value) => {
        about = incident({ [field]: value })
        const answer = await check()
        const open = answer.kind === 'known' && answer.open
        if (field === 'id') expect(open).toBe(value === ID)
        if (field === 'status') expect(open).toBe(value === 'triggered' || value === 'acknowledged')
      }),
    )
  })

  it('404 is unknown, all other statuses are unreachable', async () => {
    const { check } = await asking(incident())
    expect(await check('PNONE00')).toEqual({ kind: 'unknown', detail: 'the provider has no such incident' })
    for (const status of [201, 204, 301, 400, 401, 402, 403, 429, 500, 503]) {
      const other = await asking(incident(), () => ({ status, json: incident() }))
      expect(await other.check()).toEqual({
        kind: 'unreachable',
        detail: `the provider answered with status ${status}`,
      })
    }
  })

  it.each(FAULTS)('%s', async (fault) => {
    const { check, asked } = await asking(incident(), () => ({ fault }))
    const answer = await check()
    expect(answer).toMatchObject({ kind: 'unreachable' })
    expect(JSON.stringify(answer)).not.toContain('s3cr3t')
    expect(asked).toHaveLength(1)
  })

  it.each([
    ['/oncalls', { status: 500 }],
    ['/oncalls', { status: 200, json: {} }],
    ['/users', { status: 500 }],
    ['/users', { fault: 'garbage' }],
  ] satisfies [string, Reply][])('when %s answers %j', async (path, reply) => {
    const { check } = await asking(incident(), (asked) => (asked.path.startsWith(path) ? reply : null))
    expect(await check()).toMatchObject({ kind: 'unreachable' })
  })

  it('when the provider is not configured, or its key can not be read', async () => {
    const { check, url } = await asking(incident())
    expect(await check(ID, 'other')).toEqual({ kind: 'unknown', detail: 'no such provider is configured' })
    const incidents = incidentsWith({ pd: pagerDuty(url, { token: 'env:MISSING', onUnverified: 'allow_and_flag' }) })
    expect(await incidents.check('pd', ID)).toEqual({ kind: 'unreachable', detail: 'an internal error' })
    expect(incidents.onUnverified('pd')).toBe('allow_and_flag')
    expect(incidents.onUnverified('other')).toBe('deny')
  })
})
