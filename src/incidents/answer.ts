import type { IncidentAnswer } from '../access/ports.ts'

type Known = Extract<IncidentAnswer, { kind: 'known' }>

/** What a provider is asked for; the text of a secret by its reference. */
export interface Asking {
  readonly secret: (reference: string) => Promise<string>
}

/** An incident with its whole story is far smaller. */
export const MAX_ANSWER_BYTES = 512 * 1024
const MAX_TITLE_CHARACTERS = 512
const MAX_ID_CHARACTERS = 128

/** Nothing is asked for an id that isn't one of this provider: it stands in a URL. */
export function fitsPattern(id: string, pattern: string): boolean {
  if (id.length > MAX_ID_CHARACTERS || /[\p{C}]/u.test(id) || id === '.' || id === '..') return false
  return new RegExp(`^(?:${pattern})$`, 'u').test(id)
}

export function unknown(detail: string): IncidentAnswer {
  return { kind: 'unknown', detail }
}

export function unreachable(detail: string): IncidentAnswer {
  return { kind: 'unreachable', detail }
}

/** People by their emails, services by the values of the label, as far as the configuration knows them. */
export function known(
  answer: Omit<Known, 'kind'>,
  maps: { readonly people: ReadonlyMap<string, string>; readonly services: ReadonlyMap<string, string> },
): IncidentAnswer {
  const mapped = (names: readonly string[], by: ReadonlyMap<string, string>) => [
    ...new Set(names.map((name) => by.get(name) ?? name)),
  ]
  return {
    kind: 'known',
    open: answer.open,
    title: answer.title.replace(/\p{Cc}/gu, ' ').slice(0, MAX_TITLE_CHARACTERS),
    url: webPage(answer.url),
    assignees: mapped(answer.assignees, maps.people),
    onCall: mapped(answer.onCall, maps.people),
    services: mapped(answer.services, maps.services),
    closedAt: answer.open ? null : answer.closedAt,
  }
}

/** A link is shown to people: it leads to a page, or it is none. */
function webPage(url: string | null): string | null {
  const parsed = url === null ? null : URL.parse(url)
  return parsed?.protocol === 'https:' || parsed?.protocol === 'http:' ? parsed.href : null
}

const SECONDS = /^\d{9,10}$/
const MILLISECONDS = /^\d{12,13}$/
/** ServiceNow's form; it is in UTC. */
const SPACED = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/
const ZONED = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:?\d{2})$/

/** Milliseconds since the epoch, or null where the text is no time that is sure. */
export function timeOf(text: string | null): number | null {
  if (text === null) return null
  if (SECONDS.test(text)) return Number(text) * 1000
  if (MILLISECONDS.test(text)) return Number(text)
  if (SPACED.test(text)) return validTime(`${text.replace(' ', 'T')}Z`)
  // Jira leaves the colon out of the zone, which Date.parse need not take.
  return ZONED.test(text) ? validTime(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2')) : null
}

function validTime(text: string): number | null {
  const time = Date.parse(text)
  return Number.isNaN(time) ? null : time
}
