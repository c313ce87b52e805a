import type { AccessRequest } from '../../access/model.ts'

/** Names in the payload of a pressed button. */
export const APPROVE_ACTION = 'sallyport_approve'
export const DENY_ACTION = 'sallyport_deny'
export const REASON_BLOCK = 'sallyport_reason'

const MAX_FIELD_CHARACTERS = 1900
const MAX_RISKS = 5
const MS_PER_MINUTE = 60_000

interface Block {
  readonly [name: string]: unknown
}

/**
 * A message of Block Kit with what an approver has to know, a field for the reason and two buttons. What people wrote
 * stands in plain text, so that it can neither format nor mention. The buttons carry the id and the
 * version that is shown: who pressed, and whether they may, is found out when they press.
 */
export function slackMessage(
  request: AccessRequest,
  publicUrl: string,
): { readonly text: string; readonly blocks: readonly Block[] } {
  const who = request.requester.email ?? request.requester.subject
  const title = `${who} asks for ${request.role} on ${request.target}`
  const shown = `${request.id} ${request.version}`
  const facts = [
    `For ${Math.ceil(request.durationMs / MS_PER_MINUTE)} minutes`,
    `Reason: ${request.reason}`,
    ...(request.ticket === null ? [] : [`Ticket: ${request.ticket}`]),
    ...(request.incident === null ? [] : [`Incident: ${request.incident.id} (${request.incident.provider})`]),
    ...request.risks
      .slice(0, MAX_RISKS)
      .map(({ severity, text, statement }) => `${severity}: ${text} (${statement + 1})`),
  ]
  return {
    text: plain(title).text,
    blocks: [
      { type: 'section', text: plain(title) },
      { type: 'section', text: plain(facts.join('\n')) },
      {
        type: 'input',
        block_id: REASON_BLOCK,
        optional: true,
        label: plain('Your reason'),
        element: { type: 'plain_text_input', action_id: REASON_BLOCK, max_length: 500 },
      },
      {
        type: 'actions',
        elements: [
          { ...button('Approve', APPROVE_ACTION, shown), style: 'primary' },
          { ...button('Deny', DENY_ACTION, shown), style: 'danger' },
          { type: 'button', text: plain('Open'), url: new URL(`/requests/${request.id}`, publicUrl).href },
        ],
      },
    ],
  }
}

function button(label: string, action: string, value: string): Block {
  return { type: 'button', text: plain(label), action_id: action, value }
}

function plain(text: string): { readonly type: 'plain_text'; readonly text: string; readonly emoji: false } {
  return { type: 'plain_text', text: text.slice(0, MAX_FIELD_CHARACTERS), emoji: false }
}
