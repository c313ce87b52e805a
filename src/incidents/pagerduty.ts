import type { PagerDutySettings } from '../access/incident_settings.ts'
import type { IncidentAnswer } from '../access/ports.ts'
import { jsonOf, member, textMember } from '../outbound/json_answer.ts'
import { type Incoming, NoAnswer, send } from '../outbound/request.ts'
import { type Asking, fitsPattern, known, MAX_ANSWER_BYTES, timeOf, unknown, unreachable } from './answer.ts'
import { pointTo } from './json_pointer.ts'

/** Ids, never numbers: PagerDuty takes an incident's number in the place of its id. */
export const PAGERDUTY_ID = '[PQ][A-Z0-9]{4,30}'
export const PAGERDUTY_OPEN: readonly string[] = ['triggered', 'acknowledged']
export const PAGERDUTY_CLOSED: readonly string[] = ['resolved']

const ACCEPT = 'application/vnd.pagerduty+json;version=2'
const MAX_PEOPLE = 25
const ON_CALL_PAGE = 100

/** PagerDuty REST API v2: the incident, who is on call for its escalation policy, and the emails of both. */
export async function askPagerDuty(settings: PagerDutySettings, id: string, asking: Asking): Promise<IncidentAnswer> {
  if (!fitsPattern(id, PAGERDUTY_ID)) return unknown('the id is not one of this provider')
  const api = apiOf(settings, await asking.secret(settings.token))
  const answer = await api(`/incidents/${id}?include[]=assignees`)
  if (answer.status === 404) return unknown('the provider has no such incident')
  if (answer.status !== 200) return unreachable(`the provider answered with status ${answer.status}`)
  const incident = member(jsonOf(answer), 'incident')
  if (textMember(incident, 'id') !== id) return unreachable('the provider answered for another incident')
  const status = textMember(incident, 'status') ?? ''
  const open = PAGERDUTY_OPEN.includes(status)
  if (!open && !PAGERDUTY_CLOSED.includes(status)) {
    return unreachable('the answer of the provider has a status that is not known')
  }
  const emails = new Map<string, string>(settings.people)
  const assignees = await peopleOf(pointTo(incident, '/assignments/*/assignee'), emails, api)
  // Of a closed incident nobody asks who is on call.
  const onCall = open ? await peopleOf(await onCallOf(incident, api), emails, api) : []
  return known(
    {
      open,
      title: textMember(incident, 'title') ?? textMember(incident, 'summary') ?? id,
      url: textMember(incident, 'html_url'),
      assignees,
      onCall,
      services: servicesOf(incident, settings),
      closedAt: timeOf(textMember(incident, 'resolved_at') ?? textMember(incident, 'last_status_change_at')),
    },
    settings,
  )
}

type Api = (path: string) => Promise<Incoming>

function apiOf({ address, ca, timeoutMs }: PagerDutySettings, token: string): Api {
  const headers = { authorization: `Token token=${token}`, accept: ACCEPT }
  return (path) =>
    send({ url: `${address.replace(/\/$/, '')}${path}`, headers, ca, timeoutMs, maxBytes: MAX_ANSWER_BYTES })
}

/** By the service's id where the configuration maps it, else by its name. */
function servicesOf(incident: unknown, { services }: PagerDutySettings): readonly string[] {
  const service = member(incident, 'service')
  const id = textMember(service, 'id')
  const name = textMember(service, 'summary') ?? textMember(service, 'name')
  const mapped = id === null ? undefined : services.get(id)
  return mapped !== undefined ? [mapped] : name === null ? [] : [name]
}

/** Everybody who is on call now for the incident's escalation policy, at any level. */
async function onCallOf(incident: unknown, api: Api): Promise<readonly unknown[]> {
  const policy = textMember(member(incident, 'escalation_policy'), 'id')
  if (policy === null) return []
  const query = `escalation_policy_ids[]=${encodeURIComponent(policy)}&include[]=users&earliest=true&limit=${ON_CALL_PAGE}`
  const answer = await api(`/oncalls?${query}`)
  if (answer.status !== 200) throw new NoAnswer(`answered with status ${answer.status}, asked who is on call`)
  const document = jsonOf(answer)
  if (!Array.isArray(member(document, 'oncalls'))) throw new NoAnswer('did not say who is on call')
  return pointTo(document, '/oncalls/*/user')
}

/** The emails of users. A reference has none: then the user is asked for, unless the configuration maps the id. */
async function peopleOf(users: readonly unknown[], emails: Map<string, string>, api: Api): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const user of users.slice(0, MAX_PEOPLE)) {
    const id = textMember(user, 'id')
    if (id === null) continue
    const email = emails.get(id) ?? textMember(user, 'email') ?? (await emailOf(id, api))
    emails.set(id, email)
    found.add(email)
  }
  return [...found]
}

async function emailOf(id: string, api: Api): Promise<string> {
  const answer = await api(`/users/${encodeURIComponent(id)}`)
  const email = answer.status === 200 ? textMember(member(jsonOf(answer), 'user'), 'email') : null
  // Of a person who has left, nothing is known but the id: nobody's email equals it.
  if (email !== null || answer.status === 404) return email ?? id
  throw new NoAnswer(`answered with status ${answer.status}, asked for a user`)
}
