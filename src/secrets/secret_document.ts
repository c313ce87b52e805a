import { member, parseJson, textMember } from '../outbound/json_answer.ts'
import type { SecretVersion } from '../session/ports.ts'
import { fingerprint } from './fingerprint.ts'
import { MAX_SECRET_BYTES, type ProvidedSecret, secretError } from './provider.ts'

const MAX_VERSION_CHARACTERS = 128

/**
 * What programs and servers of the documented contract answer: `{"value", "user"?, "version"?, "expires"?,
 * "previous"?: {"value", "user"?, "version"?}}`, `expires` in RFC 3339.
 */
export function parseSecretDocument(text: string): ProvidedSecret {
  const document = parseJson(text)
  if (document === undefined) throw secretError('the answer is not JSON')
  const expires = member(document, 'expires')
  const previous = member(document, 'previous')
  return {
    ...versionOf(document),
    expiresAt: expires === undefined || expires === null ? null : timeOf(expires),
    previous: previous === undefined || previous === null ? null : versionOf(previous),
    lease: null,
  }
}

function versionOf(document: unknown): SecretVersion {
  const value = textMember(document, 'value')
  if (value === null) throw secretError('the answer has no text under "value"')
  if (value.length > MAX_SECRET_BYTES) throw secretError('the answer is too large for a secret')
  const user = optionalText(document, 'user')
  const version = optionalText(document, 'version')
  if (version !== null && (version.length > MAX_VERSION_CHARACTERS || /[^\x20-\x7e]/.test(version))) {
    throw secretError('the "version" in the answer is not a short text')
  }
  return { value, user, version: version ?? fingerprint(value, user ?? '') }
}

function optionalText(document: unknown, name: string): string | null {
  const found = member(document, name)
  if (found === undefined || found === null) return null
  if (typeof found !== 'string' || found === '') throw secretError(`the "${name}" in the answer is not a text`)
  return found
}

function timeOf(value: unknown): number {
  const zoned = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(value)
  const time = zoned ? Date.parse(value) : Number.NaN
  if (Number.isNaN(time)) throw secretError('the "expires" in the answer is not a time such as 2030-01-31T09:00:00Z')
  return time
}
