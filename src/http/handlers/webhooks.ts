import type { Caller } from '../../access/control.ts'
import type { Webhook } from '../../access/records.ts'
import type { AccessEvent } from '../../audit/access_event.ts'
import { SallyportError } from '../../errors.ts'
import { createAddressGuard } from '../../outbound/address.ts'
import { apiEvent } from '../audit.ts'
import type { Input } from '../contract/operations.ts'
import type { webhookOperations } from '../contract/webhooks.ts'
import { cursorOf, pageOf } from '../cursor.ts'
import { configured, type Handlers } from '../handler.ts'
import { bodyOf } from '../outgoing/deliveries.ts'
import { sendParcel } from '../outgoing/send.ts'
import { checkSigningSecret, signingSecret } from '../outgoing/signature.ts'
import type { ApiDeps } from '../ports.ts'
import { createSlackActions } from '../slack/actions.ts'

export function webhookHandlers(deps: ApiDeps): Handlers<keyof typeof webhookOperations> {
  const { control, store } = deps
  const guard = createAddressGuard(deps.settings.webhooks.allowNetworks)
  const slack = deps.settings.slack === null ? null : createSlackActions(deps, deps.settings.slack)
  const manage = (caller: Caller) => control.require(caller, 'webhook.manage')
  return {
    createWebhook: async ({ caller, input }) => {
      await manage(caller)
      return create(deps, caller, checked(input.body, guard, deps))
    },
    listWebhooks: async ({ caller, input: { query } }) => {
      await manage(caller)
      const items = await store.read(({ webhooks }) => webhooks.list({ ...pageOf(query), limit: query.limit + 1 }))
      const shown = items.slice(0, query.limit)
      return { items: shown, nextCursor: items.length > shown.length ? cursorOf(shown.at(-1)?.id ?? null) : null }
    },
    getWebhook: async ({ caller, input }) => {
      await manage(caller)
      return store.read(({ webhooks }) => webhooks.get(input.params.id).then(known))
    },
    replaceWebhook: async ({ caller, input }) => {
      await manage(caller)
      return replace(deps, caller, input.params.id, checked(input.body, guard, deps))
    },
    deleteWebhook: async ({ caller, input }) => {
      await manage(caller)
      return remove(deps, caller, input.params.id)
    },
    testWebhook: async ({ caller, input }) => {
      await manage(caller)
      const { url, secretRef } = await store.read(({ webhooks }) => webhooks.get(input.params.id).then(known))
      const event = changeOf(deps, caller, input.params.id, { test: true })
      const secret = await signingSecret(secretRef, deps)
      const failure = await sendParcel({ url, id: event.id, body: bodyOf(event), secret, now: event.time }, guard)
      return { delivered: failure === null, detail: failure ?? 'taken' }
    },
    receiveWebhook: async ({ input, request, raw }) => {
      const { provider } = input.params
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
      )
      const port = configured(deps.incidentWebhooks, 'a provider of incidents')
      const news = await port.receive(provider, { headers, body: raw })
      if (news.kind === 'refused') throw new SallyportError('SP-AUTH', news.detail)
      if (news.kind === 'incident') await control.incidentChanged(news.provider, news.incidentId)
      return undefined
    },
    receiveSlackAction: async ({ request, raw }) => configured(slack, 'Slack')(request.headers, raw),
  }
}

type Given = Input<'createWebhook'>['body']

function checked(body: Given, guard: ReturnType<typeof createAddressGuard>, deps: ApiDeps): Given {
  guard.check(body.url)
  checkSigningSecret(body.secretRef, deps)
  return body
}

async function create(deps: ApiDeps, caller: Caller, body: Given): Promise<Webhook> {
  const { issuer, subject, email, name } = caller.identity
  const webhook = {
    id: deps.ids.uuid(),
    version: 1,
    ...body,
    createdBy: { issuer, subject, email, name },
    createdAt: deps.clock.now(),
    disabledAt: null,
  }
  const event = changeOf(deps, caller, webhook.id, { url: body.url, events: body.events })
  await deps.store.write(async (tx) => {
    await tx.webhooks.insert(webhook)
    tx.record(event)
  })
  return webhook
}

async function replace(deps: ApiDeps, caller: Caller, id: string, body: Given): Promise<Webhook> {
  const event = changeOf(deps, caller, id, { url: body.url, events: body.events })
  return deps.store.write(async (tx) => {
    const found = known(await tx.webhooks.get(id))
    tx.record(event)
    return tx.webhooks.update({ ...found, ...body, disabledAt: null })
  })
}

async function remove(deps: ApiDeps, caller: Caller, id: string): Promise<undefined> {
  const event = changeOf(deps, caller, id, { removed: true })
  await deps.store.write(async (tx) => {
    known(await tx.webhooks.get(id))
    await tx.webhooks.remove(id)
    tx.record(event)
  })
}

function changeOf(deps: ApiDeps, caller: Caller, id: string, detail: Readonly<Record<string, unknown>>): AccessEvent {
  return apiEvent(deps, 'webhook.changed', caller, detail, { type: 'webhook', id })
}

function known(webhook: Webhook | undefined): Webhook {
  if (webhook === undefined) throw new SallyportError('SP-NOT-FOUND', 'no such webhook')
  return webhook
}
