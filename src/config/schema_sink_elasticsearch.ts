import * as z from 'zod'
import { gzip, itemBytes } from './schema_sink_remote.ts'
import { jsonFormat, networkSink } from './schema_sink_values.ts'
import { httpsUrl, secretRef } from './schema_values.ts'

/** Index names are lower case, without some signs, and begin with none of -, _ and +; placeholders stand in braces. */
const INDEX = /^[a-z0-9](?:[a-z0-9._+-]|\{(?:yyyy|MM|dd)\})*$/

const auth = z
  .discriminatedUnion('method', [
    z.strictObject({ method: z.literal('none') }),
    z.strictObject({
      method: z.literal('apiKey'),
      key: secretRef.describe('The API key in its encoded form: base64 of id:key.'),
    }),
    z.strictObject({ method: z.literal('basic'), user: z.string().min(1), password: secretRef }),
  ])
  .describe('How the cluster knows this node.')

export const elasticsearchSink = z.strictObject({
  kind: z.literal('elasticsearch').describe('Elasticsearch or OpenSearch, by the bulk API.'),
  ...networkSink,
  format: jsonFormat,
  url: httpsUrl.describe('Without /_bulk.'),
  index: z
    .string()
    .max(255)
    .regex(INDEX, 'must be the name of an index; {yyyy}, {MM} and {dd} may stand in it')
    .default('sallyport-audit-{yyyy}.{MM}.{dd}')
    .describe('An index or a data stream. {yyyy}, {MM} and {dd} stand for the day of the record in UTC.'),
  pipeline: z.string().min(1).max(255).optional().describe('An ingest pipeline.'),
  auth,
  gzip,
  maxItemBytes: itemBytes,
})
