import { type AlertItem, factsOf, isAddress } from './alert_item.ts'

/** Slack's bound of a section is 3000 characters. */
const MAX_TEXT_CHARACTERS = 2900

interface SlackMessage {
  /** What notifications show. */
  readonly text: string
  readonly blocks: readonly object[]
}

/**
 * A message of Block Kit. What names somebody or was written by anybody stands in plain text, so that it can neither format
 * nor mention; only the owner and the runbook, which the configuration says, are formatted.
 */
export function slackAlert(alert: AlertItem): SlackMessage {
  const { severity, state, title, summary, owner, runbook } = alert
  const mark = state === 'resolved' ? 'OVER' : severity.toUpperCase()
  const facts = Object.entries(factsOf(alert)).map(([name, value]) => `${name.replaceAll('_', ' ')}: ${value}`)
  const link = isAddress(runbook) ? `<${escaped(runbook)}|Runbook>` : `Runbook: ${escaped(runbook)}`
  return {
    text: escaped(`[${mark}] ${title}: ${summary}`).slice(0, MAX_TEXT_CHARACTERS),
    blocks: [
      { type: 'section', text: plain(`[${mark}] ${title}`) },
      { type: 'section', text: plain(summary) },
      { type: 'context', elements: [plain(facts.join('\n'))] },
      { type: 'context', elements: [{ type: 'mrkdwn', text: `Owner: ${escaped(owner)} · ${link}` }] },
    ],
  }
}

function plain(text: string): object {
  return { type: 'plain_text', text: text.slice(0, MAX_TEXT_CHARACTERS), emoji: false }
}

/** The three characters that begin anything in Slack's texts (docs.slack.dev, "Escaping text"). */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
