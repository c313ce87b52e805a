import type { Bring } from '../alerts/direct.ts'
import type { AlertEvent } from '../audit/alert_event.ts'
import type { Product } from '../audit/ocsf_record.ts'
import { recordsOf, toOcsf } from '../audit/project.ts'
import type { SinkSettings } from '../session/sink_settings.ts'
import { itemsOf } from '../sinks/items.ts'
import { openSender } from '../sinks/open_sender.ts'
import type { SenderDeps } from '../sinks/sender.ts'
import { shippedLine } from '../sinks/shipped_line.ts'

/** Alerts by the sinks' own senders, on a connection of their own, without the log and its positions. */
export function bringBySinks(sinks: () => readonly SinkSettings[], deps: SenderDeps, product: Product): Bring {
  return async (channel, alert, signal) => {
    const settings = sinks().find(({ name }) => name === channel)
    if (settings === undefined) throw new Error('no sink has the name of this channel')
    const sender = await openSender(settings, deps)
    try {
      const line = shippedLine(0, Buffer.from(recordText(alert, product)))
      const [refused] = await sender.send(itemsOf(line, settings.format, sender.limits.maxItemBytes), signal)
      if (refused !== undefined) throw new Error(refused.why)
    } finally {
      await sender.close().catch(() => undefined)
    }
  }
}

/** As it would stand in the log, but for its place there. */
function recordText(alert: AlertEvent, product: Product): string {
  return JSON.stringify(recordsOf(alert, product).map(toOcsf)[0])
}
