import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeSearch } from '../../src/compose/search_part.ts'
import { SallyportError } from '../../src/errors.ts'
import { SearchLog } from '../search/search_log.ts'
import { column, MONDAY, statement, WEDNESDAY } from '../search/world.ts'
import { startTestApi, type TestApi } from './api.ts'

/** The search of a log over the API, with all that is between. */

const SETTINGS = { memoryMib: 256, threads: 1, tempMib: 64, timeoutMs: 15_000, compact: false }
const log = new SearchLog()
const lifted = { ...column('users', 'ssn', 'clear'), lifted: true } as const
let part: ReturnType<typeof composeSearch>
let api: TestApi
let stranger: TestApi

beforeAll(async () => {
  for (let index = 0; index < 5; index++)
    log.add(...statement(`s${index}`, MONDAY + index, { columns: [lifted] }, { rows: index }))
  log.add(...statement('gone', MONDAY + 9, { verbs: ['delete'], statementKind: 'delete' }))
  log.add(...statement('late', MONDAY + 99))
  // The last two lines are not on disk yet.
  const progress = new BigInt64Array(new SharedArrayBuffer(16))
  progress.set([BigInt(log.next), BigInt(log.next - 2)])
  const masking = { digest: '', masks: [] }
  const targets = [{ name: 'orders', labels: { environment: 'production' } }]
  const node = {
    dataDir: mkdtempSync(join(tmpdir(), 'search-')),
    audit: { directory: log.directory, search: SETTINGS },
  }
  const base = {
    live: { config: { node, masking, targets } },
    audit: { progress },
    clock: { now: () => WEDNESDAY },
    log: console,
  }
  part = composeSearch(base as unknown as Parameters<typeof composeSearch>[0])
  const { auditSearch } = part
  api = await startTestApi({}, { auditSearch })
  const forbidden = new SallyportError('SP-FORBIDDEN', 'for auditors')
  stranger = await startTestApi({ require: () => Promise.reject(forbidden) }, { auditSearch })
})
afterAll(() => Promise.all([api.close(), stranger.close(), part.close()]))

async function json(path: string, of = api) {
  const response = await of.call(path)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

describe('GET /v1/audit/events', () => {
  it('shows entries page by page, none that is not durable', async () => {
    const ids: string[] = []
    let path = '/v1/audit/events?limit=4'
    for (;;) {
      const { status, body } = await json(path)
      expect(status).toBe(200)
      ids.push(...(body.items as { uid: string }[]).map(({ uid }) => uid))
      if (body.next_cursor === null) break
      path = `/v1/audit/events?limit=4&cursor=${body.next_cursor}`
    }
    expect(ids).toEqual(['gone', 's4', 's3', 's2', 's1', 's0'])
  })

  it('filters, and names columns as the wire does', async () => {
    const { body } = await json('/v1/audit/events?rows_over=3&column=ssn&seen=lifted&person=ALICE@example.test')
    expect(body).toMatchObject({ next_cursor: null, unreadable: 0 })
    expect(body.items).toMatchObject([
      {
        uid: 's4',
        rows: 4,
        duration_ms: 2,
        client_ip: '10.0.0.5',
        grant_id: 'g1',
        lifted: ['app.users.ssn'],
        time: '2030-01-07T00:00:00.004Z',
      },
    ])
  })

  it.for(['limit=201', 'severity=9', 'seen=everything', 'from=yesterday', 'sql=1', 'cursor=bm9uZQ'])(
    'refuses %s',
    async (query) => {
      expect(await json(`/v1/audit/events?${query}`)).toMatchObject({ status: 422, body: { code: 'SP-INPUT' } })
    },
  )
})

it.for([
  ['csv', 'text/csv; charset=utf-8', /^sequence,writer,/],
  ['json', 'application/x-ndjson', /^\{"sequence":/],
  ['parquet', 'application/vnd.apache.parquet', /^PAR1/],
] as const)('exports as %s', async ([format, type, begin]) => {
  const response = await api.call(`/v1/audit/export?format=${format}&kind=delete`)
  expect(response.headers.get('content-type')).toBe(type)
  expect(response.headers.get('x-audit-unreadable')).toBe('0')
  expect(await response.text()).toMatch(begin)
})

it('shows a record to the byte', async () => {
  const { body } = await json('/v1/audit/records/2')
  expect(JSON.parse(String(body.line))).toMatchObject({ metadata: { uid: 's1', sequence: 2 } })
  expect(await json('/v1/audit/records/999')).toMatchObject({ status: 404, body: { code: 'SP-NOT-FOUND' } })
})

describe('GET /v1/audit/questions', () => {
  it('answers, with what the configuration says of targets', async () => {
    expect(await json('/v1/audit/questions/pii-readers')).toMatchObject({
      status: 200,
      body: { verdict: '1 person read sensitive columns in clear.' },
    })
    expect((await json('/v1/audit/questions/deletions')).body.rows).toMatchObject([{ 2: 'orders', 3: 'app.users' }])
    expect((await json('/v1/audit/questions/deletions?targets=billing')).body.rows).toEqual([])
    expect(await json('/v1/audit/questions/migration?id=g1')).toMatchObject({ status: 200 })
  })

  it('asks which migration', async () => {
    expect(await json('/v1/audit/questions/migration')).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/query/id' }] },
    })
  })
})

it.for(['/v1/audit/events', '/v1/audit/export?format=csv', '/v1/audit/records/0', '/v1/audit/questions/exports'])(
  '%s is for auditors',
  async (path) => {
    expect(await json(path, stranger)).toMatchObject({ status: 403, body: { code: 'SP-FORBIDDEN' } })
    const asked = stranger.asked.at(-1)
    expect([asked?.[0], asked?.[2]]).toEqual(['require', 'audit.read'])
  },
)

it('says that it failed, where it did', async () => {
  const failing = {
    ...part.auditSearch,
    events: () => Promise.reject(new SallyportError('SP-SEARCH', 'the search ran out of memory')),
  }
  const other = await startTestApi({}, { auditSearch: failing })
  try {
    expect(await json('/v1/audit/events', other)).toMatchObject({
      status: 503,
      body: { code: 'SP-SEARCH', detail: 'the search ran out of memory' },
    })
  } finally {
    await other.close()
  }
})
