import type { RefusalProposal, StageApprovers } from '../../access/control.ts'
import type { AccessRequest, GrantRecord, Stage } from '../../access/model.ts'
import { nameOf, samePerson } from '../../access/person.ts'
import type { Identity } from '../../identity/identity.ts'
import type { Narrowing } from '../../policy/grant.ts'
import { facts, type Html, html, minutes, table, when } from './html.ts'

/** What asks for access and what answers: each page is made on the server, and works without a script. */

const DURATIONS_MIN = [15, 30, 60, 120, 240, 480] as const

export function proposalPage({ refusal, role, narrowing, parameters }: RefusalProposal, csrf: string): Html {
  const fields = Object.entries(parameters).map(
    ([name, type]) => html`<label>${name} (${type})<input name="parameter.${name}" required></label>`,
  )
  return html`<p>${refusal.reason}</p>
${facts([
  ['Target', refusal.target],
  ['Role', role],
  ['Refused', when(refusal.at)],
])}
${scopeOf(narrowing)}
<form method="post" action="/requests/new">
${hidden('csrf', csrf)}${hidden('from', refusal.id)}${hidden('role', role)}
${fields}
<label>Why<textarea name="reason" rows="3" required maxlength="2000"></textarea></label>
<label>Ticket<input name="ticket" maxlength="128"></label>
<label>For how long<select name="minutes"><option value="">as long as usual</option>${DURATIONS_MIN.map((count) => html`<option value="${count}">${count} minutes</option>`)}</select></label>
<button class="yes">Ask for access</button>
</form>`
}

function scopeOf(narrowing: Narrowing | null): Html {
  if (narrowing === null || narrowing.length === 0) return html`<p>All that the role covers.</p>`
  const rows = narrowing.map((rule) => [
    [...rule.schemas].join(', '),
    [...rule.tables].join(', '),
    rule.columns === null ? 'all' : rule.columns.join(', '),
    rule.verbs.join(', '),
  ])
  return html`<p>No more than this:</p>${table(['Schema', 'Table', 'Columns', 'Verbs'], rows)}`
}

export interface RequestShown {
  readonly request: AccessRequest
  readonly approvers: readonly StageApprovers[]
  readonly caller: Identity
  readonly csrf: string
}

export function requestPage({ request, approvers, caller, csrf }: RequestShown): Html {
  const { incident } = request
  return html`${facts([
    ['State', request.state],
    ['Who', nameOf(request.requester)],
    ['Target', request.target],
    ['Role', request.role],
    ['For', minutes(request.durationMs)],
    ['Begins', request.start === null ? 'when it is approved' : when(request.start)],
    ['Why', request.reason],
    ['Ticket', request.ticket],
    ['Incident', incident && `${incident.provider}: ${incident.id}`],
    ['Asked', when(request.createdAt)],
    ['Open until', request.state === 'pending' ? when(request.expiresAt) : null],
  ])}${request.narrowing === null ? null : scopeOf(request.narrowing)}${scriptOf(request)}
${request.stages.map((stage) => stageOf(stage, approvers))}
${request.state === 'pending' && mayAnswer(request, approvers, caller) ? answerForm(request, csrf) : null}`
}

/** The right is checked again with the answer; this only decides whether to show the buttons. */
function mayAnswer(request: AccessRequest, approvers: readonly StageApprovers[], caller: Identity): boolean {
  const open = request.stages.find(({ completedAt }) => completedAt === null)
  const eligible = approvers.find(({ stage }) => stage === open?.name)?.eligible ?? []
  return eligible.some((person) => samePerson(person, caller))
}

function stageOf(stage: Stage, approvers: readonly StageApprovers[]): Html {
  const votes = stage.votes.map((vote) => [nameOf(vote.by), vote.decision, vote.reason, when(vote.at)])
  const eligible = approvers.find((one) => one.stage === stage.name)?.eligible.map(nameOf) ?? []
  const open =
    stage.completedAt === null && eligible.length > 0 ? html`<p>May answer: ${eligible.join(', ')}</p>` : null
  return html`<h2>Stage ${stage.name}: ${stage.quorum} of ${stage.groups.join(', ')}</h2>${votes.length === 0 ? null : table(['Who', 'Answer', 'Why', 'When'], votes)}${open}`
}

function scriptOf({ plan, risks }: AccessRequest): Html | null {
  if (plan === null) return null
  const statements = plan.statements.map((statement, index) => {
    const found = risks.filter((risk) => risk.statement === index)
    return html`<pre>${index + 1}. ${statement.text}</pre>${found.map((risk) => html`<p class="${risk.severity}">${risk.text}</p>`)}`
  })
  return html`<h2>Script</h2>${statements}`
}

function answerForm({ id, version }: AccessRequest, csrf: string): Html {
  return html`<form method="post" action="/requests/${id}/answer">
${hidden('csrf', csrf)}${hidden('version', version)}
<label>Why<textarea name="reason" rows="2" required maxlength="2000"></textarea></label>
<label>At most (minutes)<input name="minutes" inputmode="numeric" pattern="[0-9]*"></label>
<button class="yes" name="decision" value="approve">Approve</button>
<button class="no" name="decision" value="deny">Deny</button>
<button name="decision" value="changes">Ask for changes</button>
</form>`
}

export interface Overview {
  readonly mine: readonly AccessRequest[]
  readonly waiting: readonly AccessRequest[]
  readonly grants: readonly GrantRecord[]
}

export function overviewPage({ mine, waiting, grants }: Overview): Html {
  const rows = (requests: readonly AccessRequest[]) =>
    requests.map((one) => [
      html`<a href="/requests/${one.id}">${one.role} on ${one.target}</a>`,
      nameOf(one.requester),
      one.state,
      one.reason,
      when(one.createdAt),
    ])
  const heads = ['Request', 'Who', 'State', 'Why', 'Asked']
  const held = grants.map(({ grant, state }) => [grant.target, grant.role, state, when(grant.end)])
  return html`<h2>Waiting for your answer</h2>${table(heads, rows(waiting))}
<h2>Your requests</h2>${table(heads, rows(mine))}
<h2>Your access</h2>${table(['Target', 'Role', 'State', 'Until'], held)}`
}

function hidden(name: string, value: string | number): Html {
  return html`<input type="hidden" name="${name}" value="${value}">`
}
