import { describe, expect, it } from 'vitest'
import { itemsOf } from '../../src/sinks/items.ts'
import { shippedLine } from '../../src/sinks/shipped_line.ts'
import { shippingEvent } from '../../src/sinks/shipping_event.ts'
import { faultsOf } from '../audit/ocsf/validate.ts'

type Json = Parameters<typeof faultsOf>[0]

/** What the shipping makes by itself, by the published schema of OCSF. */
describe('a record of the shipping', () => {
  it('is valid', () => {
    const event = { uid: 'u', code: 'log.checkpoint', sequence: 7, time: 1_900_000_000_000, severity: 1, message: 'm' }
    const text = shippingEvent({ ...event, raw: 'a note', own: { checkpoint: { size: 8 } } })
    expect(faultsOf(JSON.parse(text) as Json)).toEqual([])
  })

  it('wraps a line that is none', () => {
    const line = shippedLine(3, Buffer.from('no JSON'))
    expect(line).toMatchObject({ uid: 'line-3', code: 'log.unreadable', severity: 4 })
    expect(JSON.parse(line.text)).toMatchObject({ raw_data: 'no JSON', metadata: { sequence: 3 } })
    expect(faultsOf(JSON.parse(line.text) as Json)).toEqual([])
  })

  const record = JSON.stringify({
    time: 1_900_000_000_000,
    class_uid: 6005,
    severity_id: 1,
    message: 'x'.repeat(3_000),
    metadata: { uid: 'u', event_code: 'db.decision' },
  })

  it('is each piece of one that is too large', () => {
    const items = itemsOf(shippedLine(5, Buffer.from(record)), 'ocsf', 1_600)
    expect(items.length).toBeGreaterThan(2)
    for (const { text } of items) expect(faultsOf(JSON.parse(text) as Json)).toEqual([])
  })

  it.each(['cef', 'ecs'] as const)('is in pieces of %s too, with the line itself in them', (format) => {
    const items = itemsOf(shippedLine(5, Buffer.from(record)), format, 1_600)
    expect(items.length).toBeGreaterThan(1)
    for (const { text } of items) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1_600)
    const all = items.map(({ text }) => text).join('')
    expect(all.match(/x/g)?.length).toBeGreaterThanOrEqual(3_000)
  })
})
