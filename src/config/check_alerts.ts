import { matchesPattern } from '../policy/patterns.ts'
import { type Merged, problemAt } from './merge.ts'
import type { Path, Problem } from './problem.ts'
import type { SinkSection } from './schema_sinks.ts'

/** `class_uid` of alerts. */
const DETECTION_FINDING = 2004

/** A channel is a sink that gets alerts: one that is misspelt, or lets none through, would tell nobody. */
export function checkAlerts({ alerts, node }: Merged, problems: Problem[]): void {
  if (alerts === null) return
  const sinks = new Map(node.value.audit.sinks.map((sink) => [sink.name as string, sink]))
  const check = (channels: readonly string[], below: Path) => {
    for (const [index, channel] of channels.entries()) {
      const what = faultOf(channel, sinks.get(channel))
      if (what !== null) problems.push(problemAt(alerts.at, [...below, index], what))
    }
  }
  const { channels, signals } = alerts.value
  check(channels, ['channels'])
  for (const [signal, rule] of Object.entries(signals)) check(rule.channels ?? [], ['signals', signal, 'channels'])
}

function faultOf(channel: string, sink: SinkSection | undefined): string | null {
  if (sink === undefined) return `node.audit.sinks has no ${channel}`
  const { events, classes } = sink.filter
  const lets = events.length === 0 || events.some((one) => one.startsWith('alert.') || matchesPattern(one, 'alert.x'))
  const finding = classes.length === 0 || classes.includes(DETECTION_FINDING)
  return lets && finding ? null : `the filter of the sink ${channel} lets no alert through`
}
