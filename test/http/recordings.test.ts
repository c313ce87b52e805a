import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeRecordings } from '../../src/compose/recordings_part.ts'
import { SallyportError } from '../../src/errors.ts'
import { encodeHead } from '../../src/recording/recording_head.ts'
import { HEAD } from '../recording/fixture.ts'
import { startTestApi, type TestApi } from './api.ts'

/** The recordings of a node over the API: sealed as they are, for auditors. */

const directory = mkdtempSync(join(tmpdir(), 'recordings-'))
const ID = HEAD.id
const OTHER = '01890000-0000-7000-8000-000000000002'
const FILE = Buffer.concat([encodeHead(HEAD), Buffer.from('sealed')])

let part: ReturnType<typeof composeRecordings>
let api: TestApi
let stranger: TestApi

beforeAll(async () => {
  writeFileSync(join(directory, `${ID}.recording`), FILE)
  writeFileSync(join(directory, `${OTHER}.recording`), encodeHead({ ...HEAD, id: OTHER, target: 'ledger' }))
  const node = { name: 'node-1', recordings: { directory }, audit: { sealTo: null } }
  const base = { live: { config: { node } }, clock: { now: () => 0, monotonic: () => 0 } }
  part = composeRecordings(base as unknown as Parameters<typeof composeRecordings>[0])
  api = await startTestApi({}, { recordings: part.shelf })
  const forbidden = new SallyportError('SP-FORBIDDEN', 'for auditors')
  stranger = await startTestApi({ require: () => Promise.reject(forbidden) }, { recordings: part.shelf })
})
afterAll(async () => {
  await Promise.all([api.close(), stranger.close(), part.close()])
  rmSync(directory, { recursive: true })
})

describe('GET /v1/recordings', () => {
  it('lists them page by page, the newest first', async () => {
    const first = (await (await api.call('/v1/recordings?limit=1')).json()) as { next_cursor: string }
    expect(first).toMatchObject({ items: [{ id: OTHER, target: 'ledger', open: false }] })
    const second = await (await api.call(`/v1/recordings?limit=1&cursor=${first.next_cursor}`)).json()
    expect(second).toMatchObject({ items: [{ id: ID, person: { email: 'alice@example.test' } }], next_cursor: null })
  })

  it('lists those on a target, or of a person', async () => {
    const ids = async (query: string) => {
      const { items } = (await (await api.call(`/v1/recordings?${query}`)).json()) as { items: { id: string }[] }
      return items.map(({ id }) => id)
    }
    expect(await ids('target=ledger')).toEqual([OTHER])
    expect(await ids('person=alice@example.test')).toEqual([OTHER, ID])
    expect(await ids('person=bob@example.test')).toEqual([])
  })
})

describe('GET /v1/recordings/{id}', () => {
  it('gives the file as it is kept, and has that on record', async () => {
    const response = await api.call(`/v1/recordings/${ID}`)
    expect(Buffer.from(await response.arrayBuffer())).toEqual(FILE)
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect(api.events.map(({ activity, entity }) => [activity, entity.id])).toEqual([['recording.read', ID]])
  })

  it.each(['01890000-0000-7000-8000-0000000000ff', '..%2f..%2fetc%2fpasswd', 'x'])('knows no %s', async (id) => {
    expect((await api.call(`/v1/recordings/${id}`)).status).toBe(404)
  })

  it('is for auditors', async () => {
    for (const path of ['/v1/recordings', `/v1/recordings/${ID}`]) expect((await stranger.call(path)).status).toBe(403)
    expect(stranger.events).toEqual([])
  })
})
