import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { SinkHeader } from '../../session/sink_settings.ts'
import { type HttpAnswer, type HttpClient, retryAfterMs } from '../http_client.ts'
import { type SenderDeps, SinkError } from '../sender.ts'

export interface Post {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

const compressed = promisify(gzip)

/** POST, compressed where the sink takes that. */
export async function post(client: HttpClient, { body, headers, ...rest }: Post, zip: boolean): Promise<HttpAnswer> {
  if (!zip) return await client.send({ ...rest, headers, body })
  return await client.send({
    ...rest,
    headers: { ...headers, 'content-encoding': 'gzip' },
    body: await compressed(body),
  })
}

/** An answer that says nothing about a record: it is worth trying again, at the latest when somebody has looked at it. */
export function troubleOf(service: string, answer: HttpAnswer, now: number): SinkError {
  const { status } = answer
  if (status === 401 || status === 403) {
    return new SinkError(`${service} did not accept the credentials (${status})`, { authentication: true })
  }
  return new SinkError(`${service} answered with status ${status}`, { afterMs: retryAfterMs(answer, now) })
}

/** The address of a path below the base that the configuration has. */
export function below(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}${path}`
}

/** Headers as configured; secrets are read now. */
export async function headersOf(
  headers: Readonly<Record<string, SinkHeader>>,
  { secret }: Pick<SenderDeps, 'secret'>,
): Promise<Record<string, string>> {
  const sent: Record<string, string> = {}
  for (const [name, { prefix, secret: reference, text }] of Object.entries(headers)) {
    sent[name.toLowerCase()] = reference === null ? (text ?? '') : `${prefix}${await secret(reference)}`
  }
  return sent
}
