import * as z from 'zod'
import { networkSink } from './schema_sink_values.ts'
import { httpsUrl, secretRef } from './schema_values.ts'

/** What sinks have that bring alerts to people. A new one tells of what happens from now on. */
const alertSink = {
  ...networkSink,
  format: z.literal('ocsf').default('ocsf').describe('What the message is made from.'),
  from: networkSink.from.default('now').describe('Where a new sink begins: at the first line of the log, or now.'),
}

export const slackSink = z
  .strictObject({
    kind: z.literal('slack').describe('Messages in a channel of Slack: alerts that name this sink as their channel.'),
    ...alertSink,
    webhook: secretRef.optional().describe('The address of an incoming webhook, by reference: it is a secret.'),
    token: secretRef.optional().describe('In place of a webhook: the token of a bot with chat:write.'),
    channel: z.string().min(1).max(80).optional().describe('With a token: where it writes, best by id.'),
    address: httpsUrl.default('https://slack.com/api').describe('With a token: where the API is.'),
  })
  .refine(({ webhook, token, channel }) => (webhook === undefined ? token && channel : !token && !channel), {
    message: 'needs either a webhook, or a token and a channel',
    path: ['webhook'],
  })

export const pagerdutySink = z.strictObject({
  kind: z.literal('pagerduty').describe('Incidents in PagerDuty: alerts that name this sink as their channel.'),
  ...alertSink,
  routingKey: secretRef.describe('The integration key of an Events API v2 integration.'),
  address: httpsUrl
    .default('https://events.pagerduty.com')
    .describe('https://events.eu.pagerduty.com in the service region EU.'),
})
