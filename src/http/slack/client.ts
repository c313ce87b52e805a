import * as z from 'zod'
import type { SlackSettings } from '../ports.ts'

const TIMEOUT_MS = 5000
const MAX_ANSWER_CHARACTERS = 256 * 1024

const userAnswer = z.object({
  ok: z.literal(true),
  user: z.object({
    id: z.string(),
    team_id: z.string(),
    deleted: z.boolean().default(false),
    is_bot: z.boolean().default(false),
    is_restricted: z.boolean().default(false),
    is_ultra_restricted: z.boolean().default(false),
    is_stranger: z.boolean().default(false),
    is_email_confirmed: z.boolean().default(false),
    profile: z.object({ email: z.email().optional() }),
  }),
})

export interface SlackAccount {
  readonly signingSecret: string
  /** Needs users:read and users:read.email, and chat:write for messages. */
  readonly botToken: string
  readonly teamId: string
}

/** Where Slack is; tests have a Slack of their own. */
export interface SlackAddresses {
  readonly api: string
  /** The origin of response URLs. */
  readonly hooks: string
}

const SLACK: SlackAddresses = { api: 'https://slack.com/api', hooks: 'https://hooks.slack.com' }

/** What of Slack's Web API is needed. */
export function connectSlack(account: SlackAccount, { api, hooks } = SLACK): SlackSettings {
  const { signingSecret, botToken, teamId } = account
  return {
    signingSecret,
    teamId,
    emailOf: async (user) => {
      const answer = await post(`${api}/users.info`, new URLSearchParams({ user }), botToken)
      const found = userAnswer.safeParse(answer)
      if (!found.success) return null
      const { user: member } = found.data
      const full = !member.deleted && !member.is_bot && !member.is_restricted && !member.is_ultra_restricted
      const own = member.id === user && member.team_id === teamId && !member.is_stranger
      return full && own && member.is_email_confirmed ? (member.profile.email ?? null) : null
    },
    respond: async (url, message) => {
      // The payload is signed, yet nothing is sent to wherever it says.
      if (new URL(url).origin === hooks) await post(url, JSON.stringify(message), null)
    },
    send: async (channel, message) => {
      await post(`${api}/chat.postMessage`, JSON.stringify({ channel, ...message }), botToken)
    },
  }
}

/** Null for an answer that is no JSON. Rejects where Slack can't be reached. */
async function post(url: string, body: string | URLSearchParams, token: string | null): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      ...(typeof body === 'string' ? { 'content-type': 'application/json; charset=utf-8' } : {}),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
  })
  const text = await response.text()
  if (text.length > MAX_ANSWER_CHARACTERS) return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
