import * as z from 'zod'
import { gzip, itemBytes } from './schema_sink_remote.ts'
import { jsonFormat, networkSink, sinkHeaders } from './schema_sink_values.ts'
import { httpsUrl } from './schema_values.ts'

export const otlpSink = z.strictObject({
  kind: z.literal('otlp').describe('OpenTelemetry logs over HTTP, in JSON.'),
  ...networkSink,
  format: jsonFormat,
  url: httpsUrl.describe('The whole address; where it has no path, /v1/logs is meant.'),
  headers: sinkHeaders,
  body: z
    .enum(['kvlist', 'string'])
    .default('kvlist')
    .describe('kvlist: the record as a structure. string: its JSON as one text.'),
  serviceName: z.string().min(1).max(255).default('sallyport').describe('`service.name` of the resource.'),
  gzip,
  maxItemBytes: itemBytes,
})
