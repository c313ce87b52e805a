import { type Heard, type Listening, listen, type Told } from './listening.ts'

export interface SlackMessage {
  readonly channel?: string
  readonly text?: string
  readonly blocks?: readonly {
    readonly type: string
    readonly text?: { readonly type: string; readonly text: string }
    readonly elements?: readonly { readonly type: string; readonly text: string }[]
  }[]
}

interface SlackOptions {
  readonly token: string
  readonly channels: readonly string[]
}

const MAX_SECTION_CHARACTERS = 3000
const MAX_BLOCKS = 50

/** A server that behaves as Slack does: `/services/...` is an incoming webhook, `/api/chat.postMessage` the Web API. */
export async function listenAsSlack({
  token,
  channels,
}: SlackOptions): Promise<Listening & { posted: SlackMessage[] }> {
  const posted: SlackMessage[] = []
  const service = (heard: Heard): Told => {
    const message = parsed(heard)
    const wrong = message === null ? 'invalid_payload' : wrongIn(message)
    if (heard.url.pathname.startsWith('/services/')) return incoming(heard, wrong, () => posted.push(message ?? {}))
    if (heard.url.pathname !== '/api/chat.postMessage') return { status: 404, body: 'no such page' }
    // The Web API answers 200 for errors of its own.
    const answer = (error: string): Told => ({ status: 200, body: { ok: false, error } })
    const shown = heard.headers.authorization
    if (shown === undefined) return answer('not_authed')
    if (shown !== `Bearer ${token}`) return answer('invalid_auth')
    if (!channels.includes(message?.channel ?? '')) return answer('channel_not_found')
    if (wrong !== null) return answer(wrong)
    posted.push(message ?? {})
    return { status: 200, body: { ok: true, channel: message?.channel, ts: '1503435956.000247' } }
  }
  return Object.assign(await listen(service), { posted })
}

function incoming({ url }: Heard, wrong: string | null, take: () => void): Told {
  if (url.pathname !== '/services/T0/B0/secret') return { status: 404, body: 'no_service' }
  if (wrong !== null) return { status: 400, body: wrong }
  take()
  return { status: 200, body: 'ok' }
}

function parsed({ headers, body }: Heard): SlackMessage | null {
  if (!headers['content-type']?.startsWith('application/json')) return null
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return null
  }
}

function wrongIn({ text, blocks = [] }: SlackMessage): string | null {
  if (text === undefined || text === '') return 'no_text'
  const sections = blocks.flatMap(({ text: one, elements }) => [...(one ? [one] : []), ...(elements ?? [])])
  const bad = sections.some((one) => one.text === '' || one.text.length > MAX_SECTION_CHARACTERS)
  return bad || blocks.length > MAX_BLOCKS ? 'invalid_blocks' : null
}
