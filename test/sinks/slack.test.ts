import { describe, expect, it } from 'vitest'
import type { SlackSinkSettings, SlackWay } from '../../src/session/sink_settings_alerts.ts'
import { createSlackSender } from '../../src/sinks/senders/slack.ts'
import { alertItem } from './alert_items.ts'
import { FAULTS } from './services/listening.ts'
import { DEPS, deliver, item, NETWORK, SECRET, troubleOf } from './services/sending.ts'
import { listenAsSlack } from './services/slack.ts'

const CHANNEL = 'C0123'
const WAYS = ['webhook', 'bot'] as const

async function setUp(by: (typeof WAYS)[number], options: { readonly token?: string; readonly path?: string } = {}) {
  const slack = await listenAsSlack({ token: options.token ?? SECRET, channels: [CHANNEL] })
  const way: SlackWay =
    by === 'webhook'
      ? { by, webhook: 'env:HOOK' }
      : { by, address: `${slack.url}/api`, token: 'env:TOKEN', channel: CHANNEL }
  const settings: SlackSinkSettings = { ...NETWORK, name: 'pager', kind: 'slack', way }
  const hook = `${slack.url}${options.path ?? '/services/T0/B0/secret'}`
  const secret = async (reference: string) => (reference === 'env:HOOK' ? hook : SECRET)
  return { slack, settings, secret, sender: createSlackSender(settings, { ...DEPS, secret }) }
}

describe.each(WAYS)('Slack by %s', (by) => {
  it('gets a message for each alert that names this sink, and for nothing else', async () => {
    const { slack, sender } = await setUp(by)
    const others = [alertItem({ channels: ['other'] }), alertItem({ channels: [] }), item(3)]
    expect(await deliver(sender, [...others, alertItem(), alertItem({ state: 'resolved' })])).toEqual([])
    expect(slack.posted).toHaveLength(2)
    const [raised, resolved] = slack.posted
    expect(raised?.text).toBe('[CRITICAL] Failed logins from one address: 20 failed logins from 10.0.0.5 within 10 min')
    expect(raised?.blocks?.at(-1)?.elements?.[0]?.text).toBe(
      'Owner: security · <https://example.test/runbooks/failed_logins_address|Runbook>',
    )
    expect(JSON.stringify(raised?.blocks)).toContain('client address: 10.0.0.5')
    expect(resolved?.text).toContain('[OVER] Failed logins from one address: over')
    await sender.close()
  })

  it('gets a message that says so where somebody tries it', async () => {
    const { slack, sender } = await setUp(by)
    expect(await deliver(sender, [item(1, { code: 'sink.test', text: '{}' })])).toEqual([])
    expect(slack.posted.map(({ text }) => text)).toEqual([
      '[INFO] [TEST] A test of this channel: Somebody tries whether alerts come through. Nothing has happened.',
    ])
  })

  it('shows what people wrote as it is: it can neither format nor mention', async () => {
    const { slack, sender } = await setUp(by)
    await deliver(sender, [alertItem({ summary: 'as <!channel> & <https://evil.example.test|here> *x*' })])
    const [message] = slack.posted
    expect(message?.text).toContain('as &lt;!channel&gt; &amp; &lt;https://evil.example.test|here&gt; *x*')
    const shown = message?.blocks?.filter(({ text }) => text?.text.includes('<!channel>'))
    expect(shown?.map(({ text }) => text?.type)).toEqual(['plain_text'])
  })

  it('gets what it did not take again, and only that', async () => {
    const { slack, settings, secret, sender } = await setUp(by)
    const batch = [1, 2, 3].map((n) => alertItem({ id: `e-${n}`, summary: `number ${n}` }))
    const taken = { status: 200, body: by === 'bot' ? { ok: true } : 'ok' }
    slack.instead.push(taken, { status: 500, body: 'oops' })
    expect((await troubleOf(deliver(sender, batch))).message).toBe('Slack answered with status 500')
    // After a failure a sink is opened anew.
    const again = createSlackSender(settings, { ...DEPS, secret })
    expect(await deliver(again, batch)).toEqual([])
    expect(slack.posted.map(({ text }) => text?.at(-1))).toEqual(['2', '3'])
  })

  it('is left alone for as long as it asks', async () => {
    const { slack, sender } = await setUp(by)
    slack.instead.push({
      status: 429,
      headers: { 'retry-after': '30' },
      body: by === 'bot' ? { ok: false, error: 'ratelimited' } : '',
    })
    expect(await troubleOf(deliver(sender, [alertItem()]))).toMatchObject({ afterMs: 30_000 })
    expect(await deliver(sender, [alertItem()])).toEqual([])
  })

  it.each(FAULTS)('that answers with a fault (%s) gets the alert again', async (fault) => {
    const { slack, sender } = await setUp(by)
    slack.instead.push(fault)
    await troubleOf(deliver(sender, [alertItem()], fault === 'slow' ? 300 : 5000))
    expect(await deliver(sender, [alertItem()])).toEqual([])
    expect(slack.posted).toHaveLength(1)
  })
})

describe('Slack', () => {
  it.each(['invalid_auth', 'token_revoked', 'missing_scope'])(
    'that answers %s waits for another token',
    async (error) => {
      const { slack, sender } = await setUp('bot')
      slack.instead.push({ status: 200, body: { ok: false, error } })
      expect(await troubleOf(deliver(sender, [alertItem()]))).toMatchObject({ authentication: true })
    },
  )

  it('without the channel keeps the alert for when there is one', async () => {
    const { slack, sender } = await setUp('bot')
    slack.instead.push({ status: 200, body: { ok: false, error: 'channel_not_found' } })
    expect((await troubleOf(deliver(sender, [alertItem()]))).message).toBe(
      'Slack does not let it in (channel_not_found)',
    )
  })

  it('whose webhook was removed waits for another one', async () => {
    const { sender } = await setUp('webhook', { path: '/services/T0/B0/gone' })
    expect(await troubleOf(deliver(sender, [alertItem()]))).toMatchObject({ authentication: true })
  })

  it('that refuses a message for good gets the next one', async () => {
    const { slack, sender } = await setUp('bot')
    slack.instead.push({ status: 200, body: { ok: false, error: 'invalid_blocks' } })
    const refused = await deliver(sender, [alertItem({ id: 'bad' }), alertItem({ id: 'good' })])
    expect(refused).toMatchObject([{ item: { uid: 'bad' }, why: 'Slack refused the message (invalid_blocks)' }])
    expect(slack.posted).toHaveLength(1)
  })
})
