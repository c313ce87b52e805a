import { Counter, Gauge, type Registry } from 'prom-client'
import type { SinkStatus } from './sink_status.ts'

export interface SinkMetrics {
  /** Each time that something has changed. */
  follow(sinks: readonly SinkStatus[]): void
}

const MS_PER_SECOND = 1000

/** What `/metrics` shows of sinks. `current` has those of the configuration. */
export function createSinkMetrics(registry: Registry, current: () => readonly SinkStatus[]): SinkMetrics {
  const gauge = (name: string, help: string, value: (status: SinkStatus) => number) =>
    new Gauge({
      name: `sallyport_audit_sink_${name}`,
      help,
      labelNames: ['sink'],
      registers: [registry],
      collect() {
        this.reset()
        for (const status of current()) this.set({ sink: status.name }, value(status))
      },
    })
  gauge('lag_seconds', 'Age of the oldest record that a sink has not got', ({ lagMs }) => lagMs / MS_PER_SECOND)
  gauge('lag_records', 'Records that a sink has not got', ({ lagRecords }) => lagRecords)
  gauge('up', '1 while a sink takes records, else 0', ({ failure }) => (failure === null ? 1 : 0))
  const counter = (name: string, help: string) =>
    new Counter({ name: `sallyport_audit_sink_${name}`, help, labelNames: ['sink'], registers: [registry] })
  const counters = {
    sent: counter('sent_total', 'Records that a sink has taken; pieces and checkpoints count too'),
    refused: counter('refused_total', 'Records that a sink refused for good: they are among its dead letters'),
    retries: counter('retries_total', 'Tries after a failed one'),
  }
  const before = new Map<string, SinkStatus>()
  return {
    follow: (sinks) => {
      for (const status of sinks) {
        const last = before.get(status.name)
        before.set(status.name, status)
        for (const key of ['sent', 'refused', 'retries'] as const) {
          counters[key].inc({ sink: status.name }, grown(status[key], last?.[key] ?? 0))
        }
      }
    },
  }
}

/** A sink that was started anew counts from 0. */
function grown(now: number, before: number): number {
  return now >= before ? now - before : now
}
