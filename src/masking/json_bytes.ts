import { decodeUtf8 } from '../bytes/reader.ts'
import { encodeUtf8 } from '../bytes/writer.ts'
import type { Masker } from './rule.ts'

const JSONB_VERSION = 1

export function withJsonbVersion(text: Uint8Array): Uint8Array {
  const versioned = new Uint8Array(text.length + 1)
  versioned[0] = JSONB_VERSION
  versioned.set(text, 1)
  return versioned
}

/** A mask of the JSON text, where jsonb in binary has a version byte before it. */
export function overJson(mask: (text: Uint8Array) => Uint8Array | null, versioned: boolean): Masker {
  if (!versioned) return mask
  return (value) => {
    if (value[0] !== JSONB_VERSION) return null
    const masked = mask(value.subarray(1))
    return masked === null ? null : withJsonbVersion(masked)
  }
}

/** A text mask whose result is written as a JSON string. */
export function asJsonString(mask: Masker): Masker {
  return (value) => {
    const masked = mask(value)
    return masked === null ? null : encodeUtf8(JSON.stringify(decodeUtf8(masked)))
  }
}
