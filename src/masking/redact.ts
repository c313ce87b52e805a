import { decodeUtf8 } from '../bytes/reader.ts'
import { encodeUtf8 } from '../bytes/writer.ts'
import { arrayElementText } from './array_text.ts'
import { fitted } from './fit.ts'
import { withJsonbVersion } from './json_bytes.ts'
import { type Masker, toNull } from './rule.ts'
import type { ValueType } from './value_type.ts'

/**
 * `redact`: one value for every value. It is the text itself, a JSON string or XML content that holds it, no bytes, or
 * an array of one such element; where a text can't stand there is no value that means nothing, so NULL.
 */
export function redactMasker(text: string, type: ValueType, format: 'text' | 'binary'): Masker {
  const literal = redactLiteral(text, type)
  if (literal === null) return toNull
  const bytes = encodeUtf8(literal)
  if (type.kind === 'text') return fitted(() => bytes, type.width)
  const value = format === 'binary' ? binaryOf(text, type, bytes) : textOf(text, type, bytes)
  return value === null ? toNull : () => value
}

/** The same constant as the server's input function takes it, or null for NULL. */
export function redactLiteral(text: string, type: ValueType): string | null {
  // A lone surrogate has no UTF-8.
  const wellFormed = text.toWellFormed()
  switch (type.kind) {
    case 'text':
      return wellFormed
    case 'json':
    case 'jsonb':
      return JSON.stringify(wellFormed)
    case 'xml':
      return xmlContent(wellFormed)
    case 'bytea':
      return '\\x'
    case 'array': {
      const element = redactLiteral(text, type.element)
      return element === null || type.element.kind === 'array' ? null : `{${arrayElementText(element)}}`
    }
    default:
      return null
  }
}

/** What is no markup; a control character that XML can't hold is left out. */
function xmlContent(text: string): string {
  const legal = Array.from(text)
    .filter((character) => character >= ' ' || character === '\t' || character === '\n')
    .join('')
    .replaceAll(/[\ufffe\uffff]/g, '')
  return legal.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

const ARRAY_HEADER_BYTES = 24

/** An element is cut to the width that its type has. */
function textOf(text: string, type: ValueType, literal: Uint8Array): Uint8Array | null {
  if (type.kind !== 'array') return literal
  const element = redactMasker(text, type.element, 'text')(new Uint8Array(0))
  return element && encodeUtf8(`{${arrayElementText(decodeUtf8(element))}}`)
}

function binaryOf(text: string, type: ValueType, literal: Uint8Array): Uint8Array | null {
  if (type.kind === 'jsonb') return withJsonbVersion(literal)
  if (type.kind === 'bytea') return new Uint8Array(0)
  if (type.kind !== 'array') return literal
  const element = redactMasker(text, type.element, 'binary')(new Uint8Array(0))
  if (element === null) return null
  // One dimension, no NULL, the element's type, one element from index 1, its length (array_send).
  const out = new Uint8Array(ARRAY_HEADER_BYTES + element.length)
  const header = [1, 0, type.elementOid, 1, 1, element.length]
  const view = new DataView(out.buffer)
  for (const [index, word] of header.entries()) view.setInt32(4 * index, word)
  out.set(element, ARRAY_HEADER_BYTES)
  return out
}
