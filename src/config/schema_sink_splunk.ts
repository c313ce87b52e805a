import * as z from 'zod'
import { networkSink } from './schema_sink_values.ts'
import { httpsUrl, secretRef } from './schema_values.ts'

export const splunkSink = z.strictObject({
  kind: z.literal('splunk').describe("Splunk's HTTP Event Collector."),
  ...networkSink,
  url: httpsUrl,
  token: secretRef,
})
