import type { IncomingHttpHeaders } from 'node:http'
import * as z from 'zod'
import type { Caller } from '../../access/control.ts'
import { asSallyportError, SallyportError } from '../../errors.ts'
import type { Identity } from '../../identity/identity.ts'
import { noteAccess } from '../audit.ts'
import { recordCall } from '../call_record.ts'
import type { ApiDeps, SlackSettings } from '../ports.ts'
import { APPROVE_ACTION, DENY_ACTION, REASON_BLOCK } from './message.ts'
import { createSlackVerifier } from './signature.ts'

/**
 * Groups that were seen longer ago than this, or stood in a token that ended longer ago, say nothing of who may approve.
 * The end of the token counts since a vote itself is a time at which a person was seen.
 */
const KNOWN_FOR_MS = 12 * 3_600_000
const SLACK_ANSWER = 'receiveSlackAction'
/** What a button carries: the request, and its version as shown. */
const SHOWN = /^([\x21-\x7e]{1,128}) (\d{1,9})$/
const MAX_PAYLOAD_CHARACTERS = 256 * 1024

const pressed = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string().regex(/^[A-Z0-9]{1,32}$/), team_id: z.string() }),
  team: z.object({ id: z.string() }).nullable(),
  response_url: z.url().optional(),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().max(256).optional() })).min(1),
  state: z
    .object({ values: z.record(z.string(), z.record(z.string(), z.object({ value: z.string().nullish() }))) })
    .optional(),
})
type Pressed = z.output<typeof pressed>

/**
 * A pressed button becomes a vote like any other: Slack says which of its users pressed, the workspace's directory says
 * whose email that is, and the person with that email has to hold the right. Slack wants an answer within three
 * seconds, so it is told "taken" at once, and the message is changed when the vote is cast.
 */
export function createSlackActions(deps: ApiDeps, settings: SlackSettings) {
  const verify = createSlackVerifier(settings.signingSecret, deps.clock)
  return async (headers: IncomingHttpHeaders, body: Uint8Array): Promise<Record<string, never>> => {
    verify(headers, body)
    const press = read(body)
    if (press === null) return {}
    void settle(press, deps, settings).catch((error: unknown) =>
      deps.log.warn({ detail: asSallyportError(error).detail }, 'Slack could not be told what became of a button'),
    )
    return {}
  }
}

/** Null for what is none of our buttons: Slack sends those of links too. */
function read(body: Uint8Array): Pressed | null {
  const text = new URLSearchParams(Buffer.from(body).toString('utf8')).get('payload') ?? ''
  if (text.length > MAX_PAYLOAD_CHARACTERS) throw new SallyportError('SP-INPUT', 'the payload is too long')
  let payload: unknown
  try {
    payload = JSON.parse(text)
  } catch {
    throw new SallyportError('SP-INPUT', 'the payload is not JSON')
  }
  const found = pressed.safeParse(payload)
  if (!found.success) return null
  return found.data.actions.some(({ action_id: id }) => id === APPROVE_ACTION || id === DENY_ACTION) ? found.data : null
}

async function settle(press: Pressed, deps: ApiDeps, settings: SlackSettings): Promise<void> {
  const outcome = await vote(press, deps, settings).catch(async (error: unknown) => {
    const { code, detail, refusal } = asSallyportError(error)
    await noteAccess(deps, 'api.refused', null, { code, why: detail, by: 'slack', user: press.user.id })
    return { done: false, text: `${code}: ${detail}. ${refusal.next}` }
  })
  if (press.response_url === undefined) return
  const shown = outcome.done
    ? { replace_original: true, text: outcome.text, blocks: [section(outcome.text)] }
    : { replace_original: false, response_type: 'ephemeral', text: outcome.text, blocks: [section(outcome.text)] }
  await settings.respond(press.response_url, shown)
}

async function vote(press: Pressed, deps: ApiDeps, settings: SlackSettings): Promise<{ done: boolean; text: string }> {
  const action = press.actions.find(({ action_id: id }) => id === APPROVE_ACTION || id === DENY_ACTION)
  const reason = press.state?.values[REASON_BLOCK]?.[REASON_BLOCK]?.value?.trim() ?? ''
  const [, id, version] = SHOWN.exec(action?.value ?? '') ?? []
  if (action === undefined || id === undefined) throw new SallyportError('SP-INPUT', 'the button carries no request')
  if (reason === '') throw new SallyportError('SP-INPUT', 'an answer needs a reason: write it above the buttons')
  const caller = await callerOf(press, deps, settings)
  const decision = action.action_id === APPROVE_ACTION ? 'approve' : 'deny'
  const input = {
    decision,
    reason,
    narrowing: null,
    durationMs: null,
    onBehalfOf: null,
    version: Number(version),
  } as const
  const called = { method: 'POST', path: '/v1/slack/actions', requestId: deps.ids.uuid(), clientPort: null }
  await recordCall(deps, caller, { operation: SLACK_ANSWER, ...called, resources: { id }, userAgent: null })
  const { request } = await deps.control.vote(caller, id, input)
  const by = caller.identity.email ?? caller.identity.subject
  const what = decision === 'approve' ? 'approved' : 'denied'
  return { done: true, text: `${by} ${what}: ${request.role} on ${request.target} is now ${request.state}.` }
}

/**
 * The person behind a Slack user. Users of other workspaces and guests could carry any email that somebody gave them.
 * A press proves no fresh login, so what demands one is refused.
 */
async function callerOf(press: Pressed, { store, clock }: ApiDeps, settings: SlackSettings): Promise<Caller> {
  if (press.user.team_id !== settings.teamId || press.team?.id !== settings.teamId)
    throw new SallyportError('SP-FORBIDDEN', 'the button was pressed in another workspace')
  const email = await settings.emailOf(press.user.id)
  if (email === null) throw new SallyportError('SP-FORBIDDEN', 'the user is no full member with a confirmed email')
  const found = await store.read(({ people }) =>
    people.list({ where: { email: [email, email.toLowerCase()] }, limit: 2 }),
  )
  const [seen] = found
  const lastKnown = seen === undefined ? 0 : Math.min(seen.seenAt, seen.identity.expiresAt)
  if (seen === undefined || found.length > 1 || clock.now() - lastKnown > KNOWN_FOR_MS)
    throw new SallyportError('SP-FORBIDDEN', 'nobody with this email has logged in of late: log in, then press again')
  const identity: Identity = { ...seen.identity, tokenId: null, authTime: null, acr: null, amr: [] }
  return { identity, clientAddress: null }
}

function section(text: string): object {
  return { type: 'section', text: { type: 'plain_text', text, emoji: false } }
}
