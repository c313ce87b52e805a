import { isRecord } from '../../outbound/json_answer.ts'
import { SinkError } from '../sender.ts'

/** Errors of the protocol (kafka.apache.org/protocol, "Error Codes") that are about the records. */
const UNWANTED: Readonly<Record<string, string>> = {
  MESSAGE_TOO_LARGE: 'it is larger than the topic takes (MESSAGE_TOO_LARGE)',
  RECORD_LIST_TOO_LARGE: 'it is larger than the segments of the topic (RECORD_LIST_TOO_LARGE)',
  INVALID_RECORD: 'the broker takes it for invalid (INVALID_RECORD)',
}
/** Those about who we are; what one may not do is put right in the cluster. */
const AUTHENTICATION: ReadonlySet<string> = new Set([
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'PLT_KFK_AUTHENTICATION',
])
const BROKEN: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE'])
const MAX_DEPTH = 8

/** Why some of the records of a batch will never be taken; null where that is not what the error says. */
export function unwantedBy(error: unknown): string | null {
  for (const code of codesIn(error)) {
    const why = UNWANTED[code]
    if (why !== undefined) return why
  }
  return null
}

/** The times of records are too far from the brokers' clock, for what the topic allows. */
export function isTimeRefused(error: unknown): boolean {
  return codesIn(error).includes('INVALID_TIMESTAMP')
}

/** Codes alone: messages of errors hold addresses and what brokers say. */
export function kafkaTrouble(error: unknown): SinkError {
  const codes = codesIn(error)
  if (codes.some((code) => AUTHENTICATION.has(code))) {
    return new SinkError('the brokers did not accept the credentials', { authentication: true })
  }
  if (codes.includes('INVALID_TIMESTAMP')) return new SinkError("the clock of this node and the brokers' are far apart")
  // What the client finds in its own arguments; the topic is all of them that the brokers have a say in.
  if (codes.includes('PLT_KFK_USER')) return new SinkError('the brokers have no such topic, or do not show it')
  const told = codes.find((code) => !code.startsWith('PLT_') && !BROKEN.has(code))
  if (told !== undefined) return new SinkError(`the brokers can not take it: ${told}`)
  if (codes.includes('PLT_KFK_TIMEOUT')) return new SinkError('the brokers did not answer in time')
  return new SinkError('the connection to the brokers broke')
}

/** Errors of this client hold those of each request, connection and partition. */
function codesIn(error: unknown, depth = 0): string[] {
  if (!isRecord(error) || depth > MAX_DEPTH) return []
  const { apiId, code, errors, cause } = error
  const own = [apiId, code].filter((one) => typeof one === 'string').filter((one) => /^[A-Z][A-Z0-9_]{0,63}$/.test(one))
  const inner = Array.isArray(errors) ? errors.flatMap((one: unknown) => codesIn(one, depth + 1)) : []
  return [...own, ...inner, ...codesIn(cause, depth + 1)]
}
