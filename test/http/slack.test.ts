import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import { connectSlack } from '../../src/http/slack/client.ts'
import { slackMessage } from '../../src/http/slack/message.ts'
import { personKey } from '../../src/identity/identity.ts'
import { identityOf, NOW, REQUEST, SETTINGS, startTestApi, type TestApi } from './api.ts'

/** A Slack of the test's own: it answers users.info as the real one, and keeps what it is told. */
const SECRET = 'obviously not a signing secret'
const TEAM = 'T0TEST'
const member = {
  id: 'U1',
  team_id: TEAM,
  deleted: false,
  is_bot: false,
  is_email_confirmed: true,
  profile: { email: 'Bob@example.test' },
}
let user: Record<string, unknown> = member
const told: { url: string; body: string; authorization: string | undefined }[] = []
const slack = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => {
    body += String(chunk)
  })
  request.on('end', () => {
    told.push({ url: request.url ?? '', body, authorization: request.headers.authorization })
    response.end(JSON.stringify(request.url === '/api/users.info' ? { ok: true, user } : { ok: true }))
  })
})

let test: TestApi
let origin: string
let refusal: SallyportError | null = null

beforeAll(async () => {
  await new Promise<void>((done) => slack.listen(0, '127.0.0.1', done))
  origin = `http://127.0.0.1:${(slack.address() as AddressInfo).port}`
  const account = { signingSecret: SECRET, botToken: 'xoxb-test', teamId: TEAM }
  const settings = { ...SETTINGS, slack: connectSlack(account, { api: `${origin}/api`, hooks: origin }) }
  test = await startTestApi(
    {
      vote: async () => {
        if (refusal !== null) throw refusal
        return { request: { ...REQUEST, state: 'approved' }, grant: null }
      },
    },
    { settings },
  )
  const identity = { ...identityOf('bob'), acr: 'strong', amr: ['hwk'] }
  await test.store.write((tx) =>
    tx.people.insert({ id: personKey(identity), version: 1, identity, seenAt: NOW - 1000 }),
  )
})
afterAll(async () => {
  await test?.close()
  slack.closeAllConnections()
  slack.close()
})
beforeEach(() => {
  user = member
  refusal = null
  told.length = 0
  test.asked.length = 0
  test.events.length = 0
})

let nonce = 0
function payload(change: object = {}): string {
  nonce += 1
  const press = {
    type: 'block_actions',
    trigger_id: String(nonce),
    user: { id: 'U1', team_id: TEAM },
    team: { id: TEAM },
    response_url: `${origin}/actions/1`,
    actions: [{ action_id: 'sallyport_approve', value: `${REQUEST.id} 1` }],
    state: { values: { sallyport_reason: { sallyport_reason: { type: 'plain_text_input', value: 'looked at it' } } } },
    ...change,
  }
  return new URLSearchParams({ payload: JSON.stringify(press) }).toString()
}

function press(body: string, signature?: string, at = NOW): Promise<Response> {
  const timestamp = String(Math.floor(at / 1000))
  const made = `v0=${createHmac('sha256', SECRET).update(`v0:${timestamp}:${body}`).digest('hex')}`
  return test.call('/v1/slack/actions', {
    token: null,
    body,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signature ?? made,
    },
  })
}

const answered = () => expect.poll(() => told.filter(({ url }) => url === '/actions/1')).toHaveLength(1)
const said = () => told.find(({ url }) => url === '/actions/1')?.body ?? ''

describe('a pressed button', () => {
  it('is a vote of the person with that email, who proves no fresh login by it', async () => {
    expect((await press(payload())).status).toBe(200)
    await answered()
    const [method, caller, id, input] = test.asked[0] ?? []
    expect([method, caller?.identity.subject, id]).toEqual(['vote', 'bob', REQUEST.id])
    expect(caller?.identity).toMatchObject({ authTime: null, acr: null, amr: [], groups: ['engineers'] })
    expect(input).toMatchObject({ decision: 'approve', reason: 'looked at it', narrowing: null, version: 1 })
    expect(JSON.parse(said())).toMatchObject({
      replace_original: true,
      text: expect.stringContaining('bob@example.test'),
    })
    expect(told.find(({ url }) => url === '/api/users.info')?.authorization).toBe('Bearer xoxb-test')
    expect(told.find(({ url }) => url === '/actions/1')?.authorization).toBeUndefined()
  })

  it('denies with the other button', async () => {
    await press(payload({ actions: [{ action_id: 'sallyport_deny', value: `${REQUEST.id} 1` }] }))
    await answered()
    expect(test.asked[0]?.[3]).toMatchObject({ decision: 'deny' })
  })

  it('says to who pressed why it was refused, and leaves the message', async () => {
    refusal = new SallyportError('SP-SEPARATION', 'your own request')
    await press(payload())
    await answered()
    expect(JSON.parse(said())).toMatchObject({
      replace_original: false,
      response_type: 'ephemeral',
      text: expect.stringContaining('SP-SEPARATION: your own request'),
    })
  })

  it.each([
    ['no version', { actions: [{ action_id: 'sallyport_approve', value: REQUEST.id }] }, {}],
    ['no reason', { state: { values: {} } }, {}],
    ['another workspace', { user: { id: 'U1', team_id: 'T0OTHER' } }, {}],
    ['a channel that is shared with one', { team: { id: 'T0OTHER' } }, {}],
    ['a guest', {}, { is_restricted: true }],
    ['a stranger', {}, { is_stranger: true }],
    ['a former member', {}, { deleted: true }],
    ['an email that nobody confirmed', {}, { is_email_confirmed: false }],
    ['somebody else', {}, { id: 'U2' }],
    ['an email that never logged in', {}, { profile: { email: 'carol@example.test' } }],
    ['no email', {}, { profile: {} }],
  ])('counts for nothing with %s', async (_, change, who) => {
    user = { ...member, ...who }
    await press(payload(change))
    await answered()
    expect(test.asked).toEqual([])
    expect(test.events).toMatchObject([{ activity: 'api.refused', detail: { by: 'slack', user: 'U1' } }])
  })

  it.each([
    ['was seen too long ago', { seenAt: NOW - 43_201_000 }, {}],
    ['has votes alone to show since their token ended', { seenAt: NOW - 1000 }, { expiresAt: NOW - 43_201_000 }],
  ])('counts for nothing where the person %s', async (_, seen, of) => {
    const id = personKey(identityOf('bob'))
    const change = (record: object, identity: object) =>
      test.store.write(async ({ people }) => {
        const found = await people.get(id)
        await people.update({ ...found!, ...record, identity: { ...identityOf('bob'), ...identity } })
      })
    await change(seen, of)
    await press(payload())
    await answered()
    expect(test.asked).toEqual([])
    await change({ seenAt: NOW - 1000 }, {})
  })

  it('tells nobody but Slack', async () => {
    await press(payload({ response_url: 'http://127.0.0.1:9/elsewhere' }))
    await expect.poll(() => test.asked.length).toBe(1)
    expect(said()).toBe('')
  })

  it('of something else is let pass', async () => {
    expect((await press(payload({ actions: [{ action_id: 'other' }] }))).status).toBe(200)
    expect((await press(payload({ type: 'view_submission' }))).status).toBe(200)
    expect(test.asked).toEqual([])
  })
})

describe('the signature of Slack', () => {
  it.each([
    ['is wrong', () => press(payload(), `v0=${'0'.repeat(64)}`)],
    ['is too old', () => press(payload(), undefined, NOW - 301_000)],
    ['is of the future', () => press(payload(), undefined, NOW + 301_000)],
    ['is missing', () => test.call('/v1/slack/actions', { token: null, method: 'POST' })],
  ])('refuses what %s', async (_, send) => {
    expect((await send()).status).toBe(401)
    expect(test.asked).toEqual([])
    expect(test.events).toMatchObject([{ activity: 'api.refused' }])
  })

  it('is good once', async () => {
    const body = payload()
    expect((await press(body)).status).toBe(200)
    expect((await press(body)).status).toBe(401)
  })
})

describe('a message', () => {
  it('shows what people wrote as plain text, and its buttons carry the id and the version that is shown', () => {
    const request = { ...REQUEST, reason: '<!channel> *now* <https://evil.example.test|ok>' }
    const { blocks, text } = slackMessage(request, 'https://access.example.test')
    expect(text).toContain('alice@example.test asks for read-only on orders-prod')
    const shown = JSON.stringify(blocks)
    expect(shown).not.toContain('mrkdwn')
    expect(shown).toContain(`"action_id":"sallyport_approve","value":"${REQUEST.id} 1"`)
    expect(shown).toContain(`https://access.example.test/requests/${REQUEST.id}`)
  })

  it('keeps to the lengths that Slack takes', () => {
    const { blocks } = slackMessage({ ...REQUEST, reason: 'x'.repeat(9000) }, 'https://access.example.test')
    for (const { text } of blocks as { text?: { text: string } }[]) expect(text?.text.length ?? 0).toBeLessThan(3000)
  })
})
