import type { SessionReason } from '../session/role_demands.ts'
import type { ConnectionAttributes } from '../wire/mysql/handshake-response.ts'

const MAX_ATTRIBUTES = 32
const MAX_NAME_CHARS = 64
const MAX_VALUE_CHARS = 256

interface Claims {
  readonly application: string | null
  readonly attributes: Readonly<Record<string, string>>
  /** Whole, since a role may demand it: `sallyport_reason`, `sallyport_ticket`. */
  readonly given: SessionReason
}

/**
 * What a client says of itself in its connection attributes, for the record of its login: never more than a claim, and
 * never more than a record has room for. Of a name that comes twice the first value stays.
 */
export function claimsOf(sent: ConnectionAttributes): Claims {
  const attributes: Record<string, string> = Object.create(null)
  for (const [name, value] of sent.slice(0, MAX_ATTRIBUTES)) {
    attributes[name.slice(0, MAX_NAME_CHARS)] ??= value.slice(0, MAX_VALUE_CHARS)
  }
  const given = (name: string) => sent.find(([sentName]) => sentName === name)?.[1] ?? null
  return {
    given: { reason: given('sallyport_reason'), ticket: given('sallyport_ticket') },
    application: attributes.program_name ?? attributes._client_name ?? null,
    attributes,
  }
}
