import * as z from 'zod'
import { networkSink } from './schema_sink_values.ts'
import { httpsUrl } from './schema_values.ts'

export const elasticsearchSink = z.strictObject({
  kind: z.literal('elasticsearch').describe('Elasticsearch or OpenSearch, by the bulk API.'),
  ...networkSink,
  url: httpsUrl,
})
