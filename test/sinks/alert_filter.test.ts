import { expect, it } from 'vitest'
import type { SinkFilter } from '../../src/session/sink_settings.ts'
import { passes } from '../../src/sinks/items.ts'
import { shippedLine } from '../../src/sinks/shipped_line.ts'
import { alertItem } from './alert_items.ts'
import { item } from './services/sending.ts'

const ALL: SinkFilter = { events: [], targets: [], classes: [], minSeverity: 1 }
const line = (text: string) => shippedLine(7, Buffer.from(text))

it.each([
  ['an alert that names it', alertItem({ channels: ['soc', 'pager'] }).text, true],
  ['an alert that names others', alertItem({ channels: ['soc'] }).text, false],
  ['an alert that names nobody', alertItem({ channels: [] }).text, false],
  ['another record', item(1).text, true],
  ['what is no record', '{', true],
])('of alerts a sink gets its own where it wants no others: %s', (_what, text, own) => {
  expect(passes(line(text), { ...ALL, alertsFor: 'pager' })).toBe(own)
  expect(passes(line(text), ALL)).toBe(true)
})
