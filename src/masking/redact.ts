import { encodeUtf8 } from '../bytes/writer.ts'
import type { Masker } from './rule.ts'
import type { ValueKind } from './value_kind.ts'

const JSONB_VERSION = 1

/** `redact`: one text for every value; in JSON a string that holds it, and NULL where a text can't stand. */
export function redactMasker(text: string, kind: ValueKind): Masker {
  const bytes = constantFor(text, kind)
  return () => bytes
}

function constantFor(text: string, kind: ValueKind): Uint8Array | null {
  // A lone surrogate has no UTF-8; the encoder puts U+FFFD in its place.
  if (kind === 'text') return encodeUtf8(text)
  if (kind === 'other') return null
  const json = encodeUtf8(JSON.stringify(text.toWellFormed()))
  if (kind === 'json') return json
  const versioned = new Uint8Array(json.length + 1)
  versioned[0] = JSONB_VERSION
  versioned.set(json, 1)
  return versioned
}
