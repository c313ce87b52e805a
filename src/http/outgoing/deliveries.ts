import type { ReadTx, WriteTx } from '../../access/ports.ts'
import type { Delivery, Webhook } from '../../access/records.ts'
import type { AccessEvent } from '../../audit/access_event.ts'
import { asSallyportError } from '../../errors.ts'
import { createAddressGuard } from '../../outbound/address.ts'
import { noteAccess } from '../audit.ts'
import { webhookEvent } from '../contract/webhooks.ts'
import type { ApiDeps } from '../ports.ts'
import { sendParcel } from './send.ts'
import { signingSecret } from './signature.ts'

const BATCH = 50
const MAX_AT_ONCE = 8
/** While one node sends, the others leave it alone for so long. */
const LEASE_MS = 60_000
const FIRST_WAIT_MS = 10_000
const LONGEST_WAIT_MS = 3_600_000
const KEPT_MS = 7 * 86_400_000
/** An address that has taken nothing for so many tries in a row of one event is disabled: about three days. */
const MAX_ATTEMPTS = 80

export interface Outgoing {
  /** Notes what has to be sent. Called for each event at least once; what was noted before is left alone. */
  enqueue(events: readonly AccessEvent[]): Promise<void>
  /** Sends what is due. Safe on several nodes, and while another call still runs. */
  tick(): Promise<void>
}

type Deps = Pick<ApiDeps, 'store' | 'clock' | 'ids' | 'secret' | 'log' | 'settings'>

/** Webhooks out: at least once, in no promised order, with growing pauses. */
export function createOutgoing(deps: Deps): Outgoing {
  const guard = createAddressGuard(deps.settings.webhooks.allowNetworks)
  let running = false
  return {
    enqueue: async (events) => {
      if (events.length > 0) await deps.store.write((tx) => note(tx, events, deps.clock.now()))
    },
    tick: async () => {
      if (running) return
      running = true
      try {
        const due = await deps.store.read((tx) => dueNow(tx, deps.clock.now()))
        for (let at = 0; at < due.length; at += MAX_AT_ONCE)
          await Promise.all(due.slice(at, at + MAX_AT_ONCE).map((delivery) => deliver(delivery, deps, guard)))
        await deps.store.write((tx) => forgetDelivered(tx, deps.clock.now()))
      } finally {
        running = false
      }
    },
  }
}

export function bodyOf(event: AccessEvent): string {
  const { kind: _, clientAddress: _address, ...rest } = event
  return JSON.stringify(webhookEvent.encode(rest as Parameters<typeof webhookEvent.encode>[0]))
}

async function note(tx: WriteTx, events: readonly AccessEvent[], now: number): Promise<void> {
  const webhooks = await tx.webhooks.list({ where: { disabledAt: null } })
  for (const event of events) {
    for (const { id: webhookId } of webhooks.filter(({ events: wanted }) => wants(wanted, event.activity))) {
      const id = `${event.id}.${webhookId}`
      if ((await tx.deliveries.get(id)) !== undefined) continue
      const fresh = { attempts: 0, nextAt: now, deliveredAt: null, lastError: null }
      await tx.deliveries.insert({ id, version: 1, webhookId, eventId: event.id, body: bodyOf(event), ...fresh })
    }
  }
}

/** `*`, `grant.*` or `grant.revoked`. */
function wants(wanted: Webhook['events'], activity: string): boolean {
  return wanted.some((one) => one === '*' || one === activity || one === `${activity.split('.')[0]}.*`)
}

async function dueNow(tx: ReadTx, now: number): Promise<readonly Delivery[]> {
  return tx.deliveries.list({ where: { deliveredAt: null, nextAt: { to: now + 1 } }, limit: BATCH })
}

async function deliver(delivery: Delivery, deps: Deps, guard: ReturnType<typeof createAddressGuard>): Promise<void> {
  const claimed = await claim(delivery, deps)
  if (claimed === null) return
  const failure = await attempt(claimed.delivery, claimed.webhook, deps, guard)
  await settle(claimed.delivery, failure, deps).catch((error: unknown) =>
    // It is sent once more after the lease: at least once is what was promised.
    deps.log.warn({ detail: asSallyportError(error).detail }, 'a delivery could not be noted'),
  )
}

/** Null where another node has it, or nobody wants it any more. */
async function claim(
  { id, version }: Delivery,
  { store, clock }: Deps,
): Promise<{ readonly delivery: Delivery; readonly webhook: Webhook } | null> {
  return store.write(async ({ deliveries, webhooks }) => {
    const found = await deliveries.get(id)
    if (found === undefined || found.version !== version || found.deliveredAt !== null) return null
    const webhook = await webhooks.get(found.webhookId)
    if (webhook === undefined || webhook.disabledAt !== null) {
      await deliveries.remove(id)
      return null
    }
    const next = { ...found, attempts: found.attempts + 1, nextAt: clock.now() + LEASE_MS }
    return { delivery: await deliveries.update(next), webhook }
  })
}

async function attempt(
  { body, eventId }: Delivery,
  { url, secretRef }: Webhook,
  deps: Deps,
  guard: ReturnType<typeof createAddressGuard>,
): Promise<string | null> {
  try {
    const secret = await signingSecret(secretRef, deps)
    return await sendParcel({ url, id: eventId, body, secret, now: deps.clock.now() }, guard)
  } catch (error) {
    return asSallyportError(error).detail
  }
}

async function settle(delivery: Delivery, failure: string | null, deps: Deps): Promise<void> {
  const now = deps.clock.now()
  const given = failure !== null && delivery.attempts >= MAX_ATTEMPTS
  await deps.store.write(async ({ deliveries, webhooks }) => {
    const found = await deliveries.get(delivery.id)
    if (found === undefined) return
    const next = { nextAt: now + waitAfter(found.attempts), lastError: failure }
    await deliveries.update(failure === null ? { ...found, deliveredAt: now, lastError: null } : { ...found, ...next })
    const webhook = given ? await webhooks.get(delivery.webhookId) : undefined
    if (webhook?.disabledAt === null) await webhooks.update({ ...webhook, disabledAt: now })
  })
  if (given) {
    const entity = { type: 'webhook', id: delivery.webhookId }
    await noteAccess(deps, 'webhook.changed', null, { disabled: true, why: failure }, entity)
  }
}

/** Doubles up to an hour. */
function waitAfter(attempts: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempts - 1, 20))
}

async function forgetDelivered(tx: WriteTx, now: number): Promise<void> {
  const old = await tx.deliveries.list({ where: { deliveredAt: { to: now - KEPT_MS } }, limit: BATCH })
  for (const { id } of old) await tx.deliveries.remove(id)
}
