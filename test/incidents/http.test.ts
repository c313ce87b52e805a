import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { INCIDENT_PRESETS, type PresetSettings } from '../../src/access/incident_settings.ts'
import { timeOf } from '../../src/incidents/answer.ts'
import { allTexts, oneText, pointTo } from '../../src/incidents/json_pointer.ts'
import { type Asked, FAULTS, type Reply, serveContract } from '../outbound/contract_server.ts'
import { ASKED, EVERYONE, http, incidentsWith } from './settings.ts'

const OPEN = {
  id: 'INC-7',
  title: 'Slow\u0000 orders',
  link: 'https://example.test/INC-7',
  state: { name: 'open' },
  owner: { email: 'alice@example.test' },
  helpers: [{ email: 'bob@example.test' }, { email: null }, { email: 'alice@example.test' }],
  on_call: ['carol@example.test'],
  services: [{ name: 'orders' }, {}],
  closed: '2026-03-01T11:00:00Z',
}

async function asking(about: unknown, given: Reply | null = null) {
  const server = await serveContract(({ headers }) => {
    if (given !== null) return given
    return headers.authorization === 'Bearer pd-s3cr3t' ? { status: 200, json: about } : { status: 401 }
  })
  const provider = http(`${server.url}/i/{id}?q={`.replace('?q={', '?q=1'))
  return { ...server, provider, check: (id = 'INC-7') => incidentsWith({ it: provider }).check('it', id) }
}

describe('a provider over HTTP', () => {
  it('is asked with the id in its place, and read by pointers', async () => {
    const { check, asked } = await asking(OPEN)
    expect(await check()).toEqual({
      kind: 'known',
      open: true,
      title: 'Slow  orders',
      url: 'https://example.test/INC-7',
      assignees: ['alice@example.test', 'bob@example.test'],
      onCall: ['carol@example.test'],
      services: ['orders'],
      closedAt: null,
    })
    expect(asked[0]).toMatchObject({ method: 'GET', path: '/i/INC-7?q=1' })
  })

  it.each([
    ['done', { open: false, closedAt: Date.parse('2026-03-01T11:00:00Z') }],
    [false, { open: false }],
    [true, { open: true }],
  ])('reads the status %j', async (name, expected) => {
    const { check } = await asking({ ...OPEN, state: { name } })
    expect(await check()).toMatchObject(expected)
  })

  it.each([
    ['no status', { ...OPEN, state: {} }],
    ['an odd status', { ...OPEN, state: { name: 'opened' } }],
    ['an empty status', { ...OPEN, state: { name: '' } }],
    ['a status in a list', { ...OPEN, state: { name: ['open'] } }],
    ['a status in an object', { ...OPEN, state: { name: { open: 'open' } } }],
    ['another id', { ...OPEN, id: 'INC-70' }],
    ['no id', { ...OPEN, id: undefined }],
    ['nothing', null],
    ['a text', 'open'],
  ])('is not open with %s', async (_what, about) => {
    const { check } = await asking(about)
    expect(await check()).toMatchObject({ kind: 'unreachable' })
  })

  it.each(['INC-7/../8', 'INC-7?', 'INC-', 'xINC-7', 'INC-7\n', '{id}', '$&', 'INC-7%2f'])(
    'asks nothing for %j',
    async (id) => {
      const { check, asked } = await asking(OPEN)
      expect(await check(id)).toMatchObject({ kind: 'unknown' })
      expect(asked).toHaveLength(0)
    },
  )

  it('encodes what the pattern lets through, so that the id can not choose another page', async () => {
    const { provider, asked } = await asking(OPEN)
    const incidents = incidentsWith({ it: { ...provider, idPattern: '[^x]*' } })
    await incidents.check('it', 'a/b?c#d&e')
    await incidents.check('it', "$&$'")
    expect(await incidents.check('it', '..')).toMatchObject({ kind: 'unknown' })
    expect(asked.map(({ path }) => path)).toEqual(['/i/a%2Fb%3Fc%23d%26e?q=1', "/i/%24%26%24'?q=1"])
  })

  it.each(FAULTS)('%s', async (fault) => {
    const { check, asked } = await asking(OPEN, { fault })
    expect(await check()).toMatchObject({ kind: 'unreachable' })
    expect(asked).toHaveLength(1)
  })

  it.each([204, 302, 400, 401, 403, 429, 500, 502])('status %i is unreachable', async (status) => {
    const { check } = await asking(OPEN, { status, json: OPEN })
    expect(await check()).toEqual({ kind: 'unreachable', detail: `the provider answered with status ${status}` })
  })

  it('shows no link that is none', async () => {
    const { check } = await asking({ ...OPEN, link: 'javascript:alert(1)' })
    expect(await check()).toMatchObject({ kind: 'known', url: null })
  })

  it('knows open from the active values alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (name) => {
        fc.pre(name !== 'open' && name !== 'true' && name !== true)
        const { check } = await asking({ ...OPEN, state: { name: json(name) } })
        expect(await check()).not.toMatchObject({ open: true })
      }),
      { numRuns: 40 },
    )
  })
})

function json(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null')
  } catch {
    return null
  }
}

describe('ready configurations', () => {
  /** What each API answers to the request that its documentation shows. */
  const APIS: Readonly<
    Record<PresetSettings['kind'], { id: string; authorization: string; path: string; open: unknown; closed: unknown }>
  > = {
    opsgenie: {
      id: '70413a06-38d6-4c85-92b8-5ebc900d42e2',
      authorization: 'GenieKey pd-s3cr3t',
      path: '/v1/incidents/70413a06-38d6-4c85-92b8-5ebc900d42e2?identifierType=id',
      open: opsgenie('open'),
      closed: opsgenie('resolved'),
    },
    servicenow: {
      id: 'INC0010023',
      authorization: `Basic ${Buffer.from('sallyport:pd-s3cr3t').toString('base64')}`,
      path: '/api/now/table/incident?sysparm_query=number=INC0010023',
      open: servicenow('2', ''),
      closed: servicenow('6', '2026-03-01 11:00:00'),
    },
    jira: {
      id: 'OPS-42',
      authorization: `Basic ${Buffer.from('sallyport:pd-s3cr3t').toString('base64')}`,
      path: '/rest/api/3/issue/OPS-42?fields=',
      open: jira('indeterminate', null),
      closed: jira('done', '2026-03-01T11:00:00.000+0000'),
    },
    incident_io: {
      id: '01FDAG4SAP5TYPT98WGR2N7W91',
      authorization: 'Bearer pd-s3cr3t',
      path: '/v2/incidents/01FDAG4SAP5TYPT98WGR2N7W91',
      open: incidentIo('live'),
      closed: incidentIo('closed'),
    },
  }

  function preset(kind: PresetSettings['kind'], address: string): PresetSettings {
    const user = kind === 'servicenow' || kind === 'jira' ? 'sallyport' : null
    const people = new Map([['u-1', 'alice@example.test']])
    return { kind, address, user, token: 'env:TOKEN', idPattern: null, read: {}, ...ASKED, ...EVERYONE, people }
  }

  function right(kind: PresetSettings['kind'], { headers, path }: Asked): boolean {
    return headers.authorization === APIS[kind].authorization && path.startsWith(APIS[kind].path)
  }

  it.each(INCIDENT_PRESETS)('%s', async (kind) => {
    const { id, open, closed } = APIS[kind]
    let about = open
    const server = await serveContract((asked) => (right(kind, asked) ? { status: 200, json: about } : { status: 401 }))
    const incidents = incidentsWith({ it: preset(kind, `${server.url}/`) })
    expect(await incidents.check('it', id)).toMatchObject({
      kind: 'known',
      open: true,
      title: 'Orders are slow',
      assignees: ['alice@example.test'],
      services: ['orders'],
    })
    about = closed
    const answer = await incidents.check('it', id)
    expect(answer).toMatchObject({ kind: 'known', open: false })
    if (kind !== 'incident_io') expect(answer).toMatchObject({ closedAt: Date.parse('2026-03-01T11:00:00Z') })
    for (const other of ['', '../x', `${id}/x`, `${id}^ORnumber=INC1`]) {
      expect(await incidents.check('it', other)).toMatchObject({ kind: 'unknown' })
    }
    expect(server.asked).toHaveLength(2)
  })

  it('an empty list of ServiceNow is an unknown incident', async () => {
    const server = await serveContract(() => ({ status: 200, json: { result: [] } }))
    const incidents = incidentsWith({ it: preset('servicenow', server.url) })
    expect(await incidents.check('it', 'INC0010023')).toMatchObject({ kind: 'unknown' })
  })

  function opsgenie(status: string) {
    const id = '70413a06-38d6-4c85-92b8-5ebc900d42e2'
    const responders = [{ type: 'user', id: 'u-1' }]
    const data = { id, tinyId: '1791', message: 'Orders are slow', status, responders, impactedServices: ['orders'] }
    return { data: { ...data, updatedAt: '2026-03-01T11:00:00Z' }, took: 0.1, requestId: 'r' }
  }

  function servicenow(state: string, resolved_at: string) {
    const result = { number: 'INC0010023', state, short_description: 'Orders are slow', resolved_at, closed_at: '' }
    return {
      result: [
        { ...result, 'assigned_to.email': 'alice@example.test', 'business_service.name': 'orders', 'cmdb_ci.name': '' },
      ],
    }
  }

  function jira(key: string, resolutiondate: string | null) {
    const status = { name: 'Any', statusCategory: { id: 4, key } }
    const assignee = { accountId: 'u-1', displayName: 'Alice' }
    const fields = { summary: 'Orders are slow', status, assignee, components: [{ name: 'orders' }], resolutiondate }
    return { id: '10001', key: 'OPS-42', self: 'x', fields }
  }

  function incidentIo(category: string) {
    const assignee = { id: 'x', email: 'alice@example.test', name: 'Alice' }
    const custom_field_entries = [{ values: [{ value_catalog_entry: { id: 'c', name: 'orders' } }] }, { values: [] }]
    const incident = {
      id: '01FDAG4SAP5TYPT98WGR2N7W91',
      reference: 'INC-42',
      name: 'Orders are slow',
      incident_status: { id: 's', name: 'Any', category },
      incident_role_assignments: [{ role: { role_type: 'lead' }, assignee }, { role: { role_type: 'reporter' } }],
      custom_field_entries,
    }
    return { incident }
  }
})

describe('a static list', () => {
  it('knows what it holds', async () => {
    const item = { title: 'Drill', assignees: ['alice@example.test'], onCall: [], services: ['orders'], closedAt: null }
    const incidents = [
      { id: 'drill-1', open: true, ...item },
      { id: 'drill-0', open: false, ...item, closedAt: 5 },
    ]
    const asking = incidentsWith({ it: { kind: 'static', ...EVERYONE, incidents } })
    expect(await asking.check('it', 'drill-1')).toEqual({ kind: 'known', open: true, url: null, ...item })
    expect(await asking.check('it', 'drill-0')).toMatchObject({ open: false, closedAt: 5 })
    expect(await asking.check('it', 'drill-2')).toMatchObject({ kind: 'unknown' })
  })
})

describe('pointers', () => {
  const document = { a: [{ b: 1 }, { b: 'x' }, { c: 2 }], 'x/y': { '~': true }, '*': 'star', '': 'empty' }

  it.each([
    ['', [document]],
    ['/a/0/b', [1]],
    ['/a/*/b', [1, 'x']],
    ['/a/01/b', []],
    ['/a/-', []],
    ['/a/length', []],
    ['/x~1y/~0', [true]],
    ['/*', ['star']],
    ['/', ['empty']],
    ['/toString', []],
    ['/__proto__/constructor', []],
    ['/a/0/b/c', []],
  ])('%s', (pointer, found) => {
    expect(pointTo(document, pointer)).toEqual(found)
  })

  it('gives texts', () => {
    expect(oneText(document, '/a/*/b')).toBeNull()
    expect(oneText(document, '/a/0/b')).toBe('1')
    expect(oneText(document, '/a')).toBeNull()
    expect(oneText(document, null)).toBeNull()
    expect(allTexts(document, ['/a/*/b', '/x~1y/~0', '/*', '/a/1/b'])).toEqual(['1', 'x', 'star'])
  })

  it('finds nothing that the document does not hold, in bounded time', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.array(fc.oneof(fc.string(), fc.constant('*'), fc.nat().map(String))),
        (value, parts) => {
          const pointer = parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
          const inside = JSON.stringify(value)
          for (const one of pointTo(value, pointer)) expect(inside).toContain(JSON.stringify(one))
        },
      ),
    )
    const wide = Array.from({ length: 1000 }, () => Array.from({ length: 1000 }, () => 1))
    expect(pointTo(wide, '/*/*')).toHaveLength(200)
  })
})

it.each([
  ['2026-03-01T11:00:00Z', Date.UTC(2026, 2, 1, 11)],
  ['2026-03-01T11:00:00.5+01:00', Date.UTC(2026, 2, 1, 10, 0, 0, 500)],
  ['2026-03-01T11:00:00.000+0000', Date.UTC(2026, 2, 1, 11)],
  ['2026-03-01 11:00:00', Date.UTC(2026, 2, 1, 11)],
  ['1772362800', Date.UTC(2026, 2, 1, 11)],
  ['1772362800000', Date.UTC(2026, 2, 1, 11)],
  ['2026-03-01T11:00:00', null],
  ['2026-99-01T11:00:00Z', null],
  ['yesterday', null],
  [null, null],
])('the time %s', (text, time) => {
  expect(timeOf(text)).toBe(time)
})
