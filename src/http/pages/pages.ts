import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../../access/control.ts'
import { nameOf } from '../../access/person.ts'
import { asSallyportError, type ErrorCode, REFUSALS, SallyportError } from '../../errors.ts'
import { personKey } from '../../identity/identity.ts'
import type { ParameterType, ParameterValue } from '../../policy/role.ts'
import { SESSION_COOKIE } from '../authenticate.ts'
import { noteRefusal, recordRequest } from '../call_record.ts'
import { type ConsoleSession, type ConsoleSessions, sameText } from '../console_sessions.ts'
import type { ApiDeps } from '../ports.ts'
import { ApiRefusal, problemOf } from '../problem.ts'
import type { Rates } from '../rates.ts'
import { rawBody } from '../raw_body.ts'
import { type Html, html, PAGE_POLICY, page } from './html.ts'
import { overviewPage, proposalPage, requestPage } from './request_pages.ts'

const MS_PER_MINUTE = 60_000
const LISTED = 20

interface Parts {
  readonly deps: ApiDeps
  readonly sessions: ConsoleSessions
  readonly rates: Rates
}

interface Visit {
  readonly request: FastifyRequest
  readonly caller: Caller
  readonly session: ConsoleSession
}

/** What a page answers: itself, or where to go on to. */
type Answer = { readonly title: string; readonly content: Html } | { readonly to: string }

/** The few pages that links lead to: what was refused, and what waits for an answer. Only where browsers log in. */
export function registerPages(app: FastifyInstance, parts: Parts): void {
  const { control } = parts.deps
  const show = (path: string, work: (visit: Visit) => Promise<Answer>) => {
    app.get(path, (request, reply) => visited(parts, request, reply, work))
  }
  const take = (path: string, work: (visit: Visit, form: URLSearchParams) => Promise<Answer>) => {
    app.post(path, (request, reply) =>
      visited(parts, request, reply, (visit) => work(visit, formOf(visit, parts.deps.settings.publicUrl))),
    )
  }
  show('/', async ({ caller }) => {
    const [mine, waiting, grants] = await Promise.all([
      control.requests(caller, { view: 'mine', limit: LISTED }),
      control.requests(caller, { view: 'to_answer', limit: LISTED }),
      control.grants(caller, { view: 'mine', state: 'active', limit: LISTED }),
    ])
    return {
      title: 'Access',
      content: overviewPage({ mine: mine.items, waiting: waiting.items, grants: grants.items }),
    }
  })
  show('/requests/new', async ({ request, caller, session }) => {
    const { from } = request.query as { readonly from?: unknown }
    if (typeof from !== 'string') throw new SallyportError('SP-INPUT', 'the link names no refusal')
    const proposal = await control.proposeFromRefusal(caller, from)
    return { title: 'Ask for access', content: proposalPage(proposal, session.csrfToken) }
  })
  take('/requests/new', async ({ caller }, form) => {
    const refusal = textOf(form, 'from')
    const { parameters } = await control.proposeFromRefusal(caller, refusal)
    const { request } = await control.createFromRefusal(caller, refusal, {
      role: textOf(form, 'role'),
      parameters: parametersOf(form, parameters),
      durationMs: durationOf(form),
      reason: textOf(form, 'reason'),
      ticket: form.get('ticket')?.trim() || null,
    })
    return { to: `/requests/${request.id}` }
  })
  show('/requests/:id', async ({ request, caller, session }) => {
    const { id } = request.params as { readonly id: string }
    const [found, approvers] = await Promise.all([control.request(caller, id), control.approvers(caller, id)])
    const shown = { request: found, approvers, caller: caller.identity, csrf: session.csrfToken }
    return { title: `${found.role} on ${found.target}`, content: requestPage(shown) }
  })
  take('/requests/:id/answer', async ({ request, caller }, form) => {
    const { id } = request.params as { readonly id: string }
    const decision = textOf(form, 'decision')
    if (decision !== 'approve' && decision !== 'deny' && decision !== 'changes')
      throw new SallyportError('SP-INPUT', 'the answer is none of the three')
    const answer = { reason: textOf(form, 'reason'), narrowing: null, durationMs: durationOf(form), onBehalfOf: null }
    await control.vote(caller, id, { decision, ...answer, version: Number(textOf(form, 'version')) })
    return { to: `/requests/${id}` }
  })
}

async function visited(
  { deps, sessions, rates }: Parts,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (visit: Visit) => Promise<Answer>,
): Promise<FastifyReply> {
  await rates.byAddress(request.method === 'GET' ? 'read' : 'write', request, reply)
  const session = sessions.find(request.cookies[SESSION_COOKIE] ?? '')
  if (session === null) return reply.redirect(`/v1/auth/login?return_to=${encodeURIComponent(backTo(request))}`)
  const caller: Caller = { identity: session.identity, clientAddress: request.ip }
  reply.header('content-security-policy', PAGE_POLICY)
  try {
    await rates.byPerson(request.method === 'GET' ? 'read' : 'write', { caller, session }, request, reply)
    const locked = deps.locks.lockedBy({ person: personKey(session.identity), target: '', grantId: null })
    if (locked instanceof SallyportError) throw locked
    const operation = `page ${request.routeOptions.url ?? ''}`
    if (locked?.what === 'person') {
      const refused = new SallyportError('SP-LOCKED', `you are locked: ${locked.reason}`)
      await noteRefusal(refused, operation, request, deps, caller)
      throw refused
    }
    await recordRequest(deps, operation, request, caller)
    const answer = await work({ request, caller, session })
    if ('to' in answer) return reply.redirect(answer.to, 303)
    return sendPage(reply, 200, page(answer.title, nameOf(session.identity), answer.content))
  } catch (error) {
    return refusal(error, request, reply, deps)
  }
}

/** A form that was sent without a session is filled in again. */
function backTo({ method, url }: FastifyRequest): string {
  return method === 'GET' ? url : '/'
}

function refusal(error: unknown, request: FastifyRequest, reply: FastifyReply, { log }: ApiDeps): FastifyReply {
  const known = error instanceof ApiRefusal ? error : asSallyportError(error)
  const { status, body } = problemOf(known, request.id)
  if (body.code === 'SP-INTERNAL') log.error({ request: request.id, error: String(error) }, 'an internal error')
  const { next } = REFUSALS[body.code as ErrorCode]
  const content = html`<p>${body.detail}</p><p class="note">${next}</p><p class="note">${body.code}</p>`
  return sendPage(reply, status, page('That did not work', null, content))
}

function sendPage(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).header('content-type', 'text/html; charset=utf-8').send(text)
}

/** Another site can make a browser send the cookie, but neither read the field nor choose the Origin. */
function formOf({ request, session }: Visit, publicUrl: string): URLSearchParams {
  const form = new URLSearchParams(new TextDecoder().decode(rawBody(request)))
  const { origin } = request.headers
  if (origin !== new URL(publicUrl).origin || !sameText(form.get('csrf') ?? '', session.csrfToken))
    throw new SallyportError('SP-FORBIDDEN', 'the form comes from another page')
  return form
}

function textOf(form: URLSearchParams, name: string): string {
  const text = form.get(name)?.trim() ?? ''
  if (text === '') throw new SallyportError('SP-INPUT', `${name} is missing`)
  return text
}

function durationOf(form: URLSearchParams): number | null {
  const text = form.get('minutes')?.trim() ?? ''
  if (text === '') return null
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new SallyportError('SP-INPUT', 'minutes must be a whole number')
  return Number(text) * MS_PER_MINUTE
}

/** As the types of the parameters want them; what does not fit is refused with the request. */
function parametersOf(
  form: URLSearchParams,
  types: Readonly<Record<string, ParameterType>>,
): Readonly<Record<string, ParameterValue>> {
  return Object.fromEntries(
    Object.entries(types).map(([name, type]) => {
      const text = form.get(`parameter.${name}`)?.trim() ?? ''
      if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return [name, Number(text)]
      if (type === 'boolean' && /^(true|false)$/.test(text)) return [name, text === 'true']
      return [name, text]
    }),
  )
}
