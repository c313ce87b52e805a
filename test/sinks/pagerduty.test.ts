import { describe, expect, it } from 'vitest'
import { ALERT_SEVERITIES } from '../../src/audit/alert_event.ts'
import type { PagerDutySinkSettings } from '../../src/session/sink_settings_alerts.ts'
import { createPagerDutySender } from '../../src/sinks/senders/pagerduty.ts'
import { alertItem } from './alert_items.ts'
import { FAULTS } from './services/listening.ts'
import { listenAsPagerDuty } from './services/pagerduty.ts'
import { DEPS, deliver, item, NETWORK, SECRET, troubleOf } from './services/sending.ts'

async function setUp(routingKey = SECRET) {
  const pagerduty = await listenAsPagerDuty(routingKey)
  const settings: PagerDutySinkSettings = {
    ...{ ...NETWORK, name: 'pager', kind: 'pagerduty' },
    ...{ address: pagerduty.url, routingKey: 'env:KEY' },
  }
  return { pagerduty, sender: createPagerDutySender(settings, DEPS) }
}

describe('PagerDuty', () => {
  it('gets an incident for each alert that names this sink, and for nothing else', async () => {
    const { pagerduty, sender } = await setUp()
    expect(await deliver(sender, [item(1), alertItem({ channels: ['other'] }), alertItem()])).toEqual([])
    expect(pagerduty.events).toMatchObject([
      {
        event_action: 'trigger',
        dedup_key: 'sallyport:failed_logins_address/10.0.0.5',
        payload: {
          summary: 'Failed logins from one address: 20 failed logins from 10.0.0.5 within 10 min',
          source: 'node-1',
          severity: 'critical',
          class: 'failed_logins_address',
          timestamp: '1970-01-01T00:00:01.000Z',
          custom_details: { client_address: '10.0.0.5', count: 20, owner: 'security', evidence: ['e-0'] },
        },
        links: [{ href: 'https://example.test/runbooks/failed_logins_address', text: 'Runbook' }],
      },
    ])
    await sender.close()
  })

  it('has one incident of a key, which ends when the signal does', async () => {
    const { pagerduty, sender } = await setUp()
    await deliver(sender, [alertItem({ id: '1' }), alertItem({ id: '2' }), alertItem({ id: '3', key: 'other/x' })])
    expect([...pagerduty.open.values()]).toEqual([2, 1])
    await deliver(sender, [alertItem({ id: '4', state: 'resolved' })])
    expect([...pagerduty.open.keys()]).toEqual(['sallyport:other/x'])
  })

  it.each(ALERT_SEVERITIES)('knows the severity %s, and the longest of keys and summaries', async (severity) => {
    const { pagerduty, sender } = await setUp()
    const long = { severity, key: 'k'.repeat(150), summary: 's'.repeat(2000), runbook: 'docs/runbooks/x.md' }
    expect(await deliver(sender, [alertItem(long)])).toEqual([])
    expect(pagerduty.events[0]?.links).toBeUndefined()
  })

  it('with another routing key keeps the alert until somebody puts it right', async () => {
    const { sender } = await setUp('R'.repeat(32))
    expect(await troubleOf(deliver(sender, [alertItem()]))).toMatchObject({ authentication: true })
  })

  it('that takes an event for invalid gets the next one', async () => {
    const { pagerduty, sender } = await setUp()
    pagerduty.instead.push({ status: 400, body: { status: 'invalid event', errors: ["'payload' is wrong"] } })
    const refused = await deliver(sender, [alertItem({ id: 'bad' }), alertItem({ id: 'good' })])
    expect(refused).toMatchObject([{ item: { uid: 'bad' }, why: 'PagerDuty takes the event for invalid (400)' }])
    expect(pagerduty.events).toHaveLength(1)
  })

  it('is left alone for as long as it asks', async () => {
    const { pagerduty, sender } = await setUp()
    pagerduty.instead.push({ status: 429, headers: { 'retry-after': '7' } })
    expect(await troubleOf(deliver(sender, [alertItem()]))).toMatchObject({ afterMs: 7000 })
  })

  it.each(FAULTS)('that answers with a fault (%s) gets the alert again', async (fault) => {
    const { pagerduty, sender } = await setUp()
    pagerduty.instead.push(fault)
    await troubleOf(deliver(sender, [alertItem()], fault === 'slow' ? 300 : 5000))
    expect(await deliver(sender, [alertItem()])).toEqual([])
    expect(pagerduty.events).toHaveLength(1)
  })
})
