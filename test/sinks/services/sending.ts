import { expect } from 'vitest'
import type { NetworkSink } from '../../../src/session/sink_settings.ts'
import { type Item, type Sender, type SenderDeps, SinkError } from '../../../src/sinks/sender.ts'

export const NOW = Date.parse('2030-01-02T03:04:05.678Z')
export const SECRET = 'hunter2-s3cr3t'

/** Every secret is the same one, so that it is found wherever it is said. */
export const DEPS: SenderDeps = {
  secret: async () => SECRET,
  now: () => NOW,
  node: 'node-1',
  version: '1.2.3',
  print: async () => undefined,
}

/** What sinks on the network have, without any of it in use. */
export const NETWORK: NetworkSink = {
  name: 'siem',
  format: 'ocsf',
  from: 'first',
  filter: { events: [], targets: [], classes: [], minSeverity: 1 },
  batch: { maxItems: 500, maxBytes: 1024 * 1024, maxWaitMs: 1000 },
  backlog: { maxRecords: 1000, maxAgeMs: 1000 },
  timeoutMs: 5000,
  tls: { ca: null, cert: null, key: null, serverName: null },
  allowNetworks: ['127.0.0.0/8', '::1/128'],
}

export function item(n: number, more: Partial<Item> = {}): Item {
  const uid = `uid-${n}`
  const record = {
    class_uid: 6005,
    class_name: 'Datastore Activity',
    activity_name: 'Query',
    time: NOW + n,
    severity_id: 2,
    metadata: { uid, event_code: 'db.decision', correlation_uid: 'sess_1' },
    actor: { user: { uid: 'u-alice', name: 'alice', email_addr: 'alice@example.test' }, session: { uid: 'sess_1' } },
    src_endpoint: { ip: '10.0.0.5', port: 51_111 },
    dst_endpoint: { svc_name: 'orders-prod', hostname: 'orders.example.test', port: 5432 },
    database: { name: 'orders', uid: 'orders-prod' },
    query_info: { query_string: `SELECT ${n}, 'ä }{ "x"'` },
    unmapped: { jit: { protocol: 'postgres', rows: { returned: n } } },
  }
  return { uid, sequence: n, time: NOW + n, code: 'db.decision', severity: 2, text: JSON.stringify(record), ...more }
}

export function items(count: number, first = 0): Item[] {
  return Array.from({ length: count }, (_, n) => item(first + n))
}

/** Sends, with a deadline. */
export function deliver(sender: Sender, batch: readonly Item[], ms = 5000) {
  return sender.send(batch, AbortSignal.timeout(ms))
}

/** What a sender rejects with: an error that may be shown to anybody. */
export async function troubleOf(sending: Promise<unknown>): Promise<SinkError> {
  const error = await sending.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SinkError)
  const trouble = error as SinkError
  const shown = `${trouble.message} ${trouble.stack} ${JSON.stringify(trouble)}`
  expect(shown).not.toContain(SECRET)
  expect(shown).not.toContain('s3cr3t')
  expect(trouble.cause).toBeUndefined()
  return trouble
}
