import type { AlertEvent } from '../../src/audit/alert_event.ts'
import { recordsOf, toOcsf } from '../../src/audit/project.ts'
import type { Item } from '../../src/sinks/sender.ts'
import { alert, PRODUCT } from '../audit/events.ts'

/** An alert as a sink gets it. */
export function alertItem(more: Partial<AlertEvent> = {}): Item {
  const event = alert(more)
  const [record] = recordsOf(event, PRODUCT)
  if (record === undefined) throw new Error('no record')
  const { id: uid, time, signal } = event
  return { uid, sequence: 7, time, code: `alert.${signal}`, severity: 5, text: JSON.stringify(toOcsf(record)) }
}
