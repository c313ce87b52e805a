import { arrayBinaryMasker } from './array_binary.ts'
import { arrayTextMasker } from './array_text.ts'
import { bucketMasker } from './bucket.ts'
import { dateShiftMasker, dateTruncMasker } from './date_mask.ts'
import { asJsonString, overJson } from './json_bytes.ts'
import { jsonPathMasker } from './json_path.ts'
import { keyedBytes, keyedInteger, keyedNumeric, keyedUuid } from './keyed_value.ts'
import { redactMasker } from './redact.ts'
import { type FieldType, type Masker, type MaskRule, toNull } from './rule.ts'
import { textMasker } from './text_mask.ts'
import { type ValueType, valueType } from './value_type.ts'

type Format = 'text' | 'binary'
type VariableRule = Exclude<MaskRule, { strategy: 'redact' }>

/**
 * The function that masks one field's values, worked out once per result. What it gives is a value of the field's type
 * in the field's format; a strategy that has no meaning for the type gives NULL, and so does a value that can't be
 * read. A rule that no policy can hold throws `SP-CONFIG`.
 */
export function compileMask(rule: MaskRule, type: FieldType): Masker {
  const value = valueType(type)
  return rule.strategy === 'redact' ? redactMasker(rule.text, value, type.format) : maskerFor(rule, value, type.format)
}

function maskerFor(rule: VariableRule, type: ValueType, format: Format): Masker {
  switch (type.kind) {
    case 'text':
      return textMasker(rule, type.width)
    case 'json':
    case 'jsonb':
      return jsonMasker(rule, type.kind === 'jsonb' && format === 'binary')
    case 'array': {
      const element = maskerFor(rule, type.element, format)
      return format === 'text' ? arrayTextMasker(element) : arrayBinaryMasker(element, type.elementOid)
    }
    case 'date':
    case 'timestamp':
      return dateMasker(rule, type, format)
    case 'integer':
    case 'float':
    case 'numeric':
      return rule.strategy === 'bucket' && rule.width !== null
        ? bucketMasker(rule.width, type, format)
        : keyedMasker(rule, type, format)
    case 'uuid':
    case 'bytea':
    case 'xml':
      return keyedMasker(rule, type, format)
    case 'other':
      return toNull
  }
}

function jsonMasker(rule: VariableRule, versioned: boolean): Masker {
  if (rule.strategy === 'json_path') return overJson(jsonPathMasker(rule), versioned)
  const isKeyed = rule.strategy === 'hash' || rule.strategy === 'token'
  return isKeyed ? overJson(asJsonString(textMasker(rule, null)), versioned) : toNull
}

function dateMasker(
  rule: VariableRule,
  type: Extract<ValueType, { kind: 'date' | 'timestamp' }>,
  format: Format,
): Masker {
  if (rule.strategy === 'date_shift') return dateShiftMasker(rule, type, format)
  if (rule.strategy === 'date_trunc') return dateTruncMasker(rule.unit, type, format)
  return rule.strategy === 'bucket' && rule.unit !== null ? dateTruncMasker(rule.unit, type, format) : toNull
}

/** A digest of a float would tell -0 from 0 and depend on how many digits a session asked for: NULL. */
function keyedMasker(rule: VariableRule, type: ValueType, format: Format): Masker {
  if (rule.strategy !== 'hash' && rule.strategy !== 'token') return toNull
  switch (type.kind) {
    case 'integer':
      return keyedInteger(rule, type.bytes, format)
    case 'numeric':
      return keyedNumeric(rule, type.modifier, format)
    case 'uuid':
      return keyedUuid(rule, format)
    case 'bytea':
      return keyedBytes(rule, format)
    case 'xml':
      return rule.strategy === 'hash' ? textMasker(rule, null) : textMasker({ ...rule, prefix: '' }, null)
    default:
      return toNull
  }
}
