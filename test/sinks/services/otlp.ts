import * as z from 'zod'
import { listen, type Told } from './listening.ts'

const anyValue: z.ZodType<unknown> = z.lazy(() =>
  z.union([
    z.strictObject({ stringValue: z.string() }),
    z.strictObject({ boolValue: z.boolean() }),
    z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
    z.strictObject({ doubleValue: z.number() }),
    z.strictObject({ arrayValue: z.strictObject({ values: z.array(anyValue) }) }),
    z.strictObject({ kvlistValue: z.strictObject({ values: z.array(keyValue) }) }),
    z.strictObject({}),
  ]),
)
const keyValue = z.strictObject({ key: z.string().min(1), value: anyValue })
const nanoseconds = z.string().regex(/^\d{1,20}$/)
const logRecord = z.strictObject({
  timeUnixNano: nanoseconds,
  observedTimeUnixNano: nanoseconds,
  severityNumber: z.int().min(0).max(24),
  severityText: z.string(),
  eventName: z.string(),
  attributes: z.array(keyValue),
  body: anyValue,
})
/** ExportLogsServiceRequest, as far as it is used here. */
const request = z.strictObject({
  resourceLogs: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes: z.array(keyValue) }),
      scopeLogs: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string() }),
          logRecords: z.array(logRecord),
        }),
      ),
    }),
  ),
})

export type LogRecord = z.infer<typeof logRecord>

/** A server that behaves as an OpenTelemetry collector does for logs over HTTP. */
export async function listenAsCollector({ isBad = (_: LogRecord): boolean => false } = {}) {
  const records: LogRecord[] = []
  const resources: unknown[] = []
  const server = await listen(({ method, url, headers, body }): Told => {
    if (url.pathname !== '/v1/logs') return { status: 404, body: 's3cr3t' }
    if (method !== 'POST') return { status: 405 }
    if (headers['content-type'] !== 'application/json') return { status: 415 }
    const parsed = request.safeParse(JSON.parse(body.toString('utf8')))
    if (!parsed.success) return { status: 400, body: { code: 3, message: parsed.error.message } }
    const given = parsed.data.resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
    if (given.some(isBad)) return { status: 400, body: { code: 3, message: 's3cr3t' } }
    resources.push(...parsed.data.resourceLogs.map(({ resource }) => resource))
    records.push(...given)
    return { status: 200, body: {} }
  })
  return { server, records, resources }
}

/** What a structure of OTLP stands for. */
export function plain(value: unknown): unknown {
  const [[kind, inner] = ['', null]] = Object.entries(value as object)
  switch (kind) {
    case 'intValue':
      return Number(inner)
    case 'arrayValue':
      return (inner as { values: unknown[] }).values.map(plain)
    case 'kvlistValue':
      return attributesOf((inner as { values: { key: string; value: unknown }[] }).values)
    default:
      return inner
  }
}

export function attributesOf(values: readonly { readonly key: string; readonly value: unknown }[]): object {
  return Object.fromEntries(values.map(({ key, value }) => [key, plain(value)]))
}
