import * as z from 'zod'
import { networkSink } from './schema_sink_values.ts'
import { httpsUrl } from './schema_values.ts'

export const otlpSink = z.strictObject({
  kind: z.literal('otlp').describe('OpenTelemetry logs over HTTP.'),
  ...networkSink,
  url: httpsUrl,
})
