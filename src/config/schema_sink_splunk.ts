import * as z from 'zod'
import { gzip, itemBytes } from './schema_sink_remote.ts'
import { jsonFormat, networkSink } from './schema_sink_values.ts'
import { httpsUrl, secretRef } from './schema_values.ts'

const field = z.string().min(1).max(1024)

export const splunkSink = z.strictObject({
  kind: z.literal('splunk').describe("Splunk's HTTP Event Collector."),
  ...networkSink,
  format: jsonFormat,
  url: httpsUrl.describe('Without /services/collector, such as https://splunk.example.test:8088.'),
  token: secretRef.describe('The token of the collector.'),
  index: field.optional().describe('Default: that of the token.'),
  source: field.default('sallyport').describe('`source` of the events.'),
  sourcetype: field.default('sallyport:audit').describe('`sourcetype` of the events.'),
  host: field.optional().describe('`host` of the events. Default: the name of the node.'),
  gzip,
  acknowledge: z
    .boolean()
    .default(false)
    .describe('A batch counts as delivered when the indexers have it. The token must have indexer acknowledgement on.'),
  maxItemBytes: itemBytes,
})
