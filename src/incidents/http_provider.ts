import type { HttpIncidentSettings, IncidentHeader } from '../access/incident_settings.ts'
import type { IncidentAnswer } from '../access/ports.ts'
import { jsonOf } from '../outbound/json_answer.ts'
import { type Incoming, send } from '../outbound/request.ts'
import { type Asking, fitsPattern, known, MAX_ANSWER_BYTES, timeOf, unknown, unreachable } from './answer.ts'
import { allTexts, oneText, pointTo } from './json_pointer.ts'

/** Asks any provider that answers GET with JSON. Rejects with `NoAnswer`, or as reading a secret does. */
export async function askHttp(settings: HttpIncidentSettings, id: string, asking: Asking): Promise<IncidentAnswer> {
  if (!fitsPattern(id, settings.idPattern)) return unknown('the id is not one of this provider')
  const answer = await send({
    url: settings.url.replace('{id}', () => encodeURIComponent(id)),
    headers: await headersOf(settings.headers, asking),
    ca: settings.ca,
    timeoutMs: settings.timeoutMs,
    maxBytes: MAX_ANSWER_BYTES,
  })
  if (answer.status === 404 || answer.status === 410) return unknown('the provider has no such incident')
  if (answer.status !== 200) return unreachable(`the provider answered with status ${answer.status}`)
  return judge(settings, id, answer)
}

async function headersOf(headers: readonly IncidentHeader[], { secret }: Asking): Promise<Record<string, string>> {
  const sent: Record<string, string> = {}
  for (const { name, basicUser, prefix, secret: reference } of headers) {
    const text = reference === null ? '' : await secret(reference)
    sent[name.toLowerCase()] =
      basicUser === null ? `${prefix}${text}` : `Basic ${Buffer.from(`${basicUser}:${text}`).toString('base64')}`
  }
  return sent
}

function judge(settings: HttpIncidentSettings, id: string, answer: Incoming): IncidentAnswer {
  const { read } = settings
  const document = jsonOf(answer)
  if (read.found !== null && pointTo(document, read.found).length === 0) {
    return unknown('the provider has no such incident')
  }
  if (read.id !== null && oneText(document, read.id) !== id) {
    return unreachable('the provider answered for another incident')
  }
  const status = oneText(document, read.status)
  if (status === null) return unreachable('the answer of the provider has no status')
  const open = read.active.includes(status)
  if (!open && read.closed !== null && !read.closed.includes(status)) {
    return unreachable('the answer of the provider has a status that is not known')
  }
  return known(
    {
      open,
      title: oneText(document, read.title) ?? id,
      url: oneText(document, read.url),
      assignees: allTexts(document, read.assignees),
      onCall: allTexts(document, read.onCall),
      services: allTexts(document, read.services),
      closedAt: timeOf(oneText(document, read.closedAt)),
    },
    settings,
  )
}
