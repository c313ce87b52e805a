import { arrayBinaryMasker } from './array_binary.ts'
import { arrayTextMasker } from './array_text.ts'
import { FLOAT_LIMIT, floatBucket, integerBucket, numericBucket } from './bucket.ts'
import { dateCodec, momentCodec } from './date_codec.ts'
import { dateShift, dateTrunc, momentShift, momentTrunc } from './date_mask.ts'
import { asJsonString, overJson } from './json_bytes.ts'
import { jsonPathMasker } from './json_path.ts'
import { BYTEA_TEXT, keyedBytes, keyedInteger, keyedNumeric, keyedUuid, PLAIN_BYTES, UUID_TEXT } from './keyed_value.ts'
import { compileMysqlMask } from './mysql_mask.ts'
import { floatCodec, integerCodec, numericCodec } from './number_codec.ts'
import { redactMasker } from './redact.ts'
import { type FieldType, type Masker, type MaskRule, toNull, unitOf, type VariableRule } from './rule.ts'
import { textMasker } from './text_mask.ts'
import { type ValueType, valueType } from './value_type.ts'

type Format = 'text' | 'binary'

/**
 * The function that masks one field's values, worked out once per result. What it gives is a value of the field's type
 * in the field's format; a strategy that has no meaning for the type gives NULL, and so does a value that can't be
 * read. A rule that no policy can hold throws `SP-CONFIG`.
 */
export function compileMask(rule: MaskRule, type: FieldType): Masker {
  if (type.dialect === 'mysql') return compileMysqlMask(rule, type)
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
  const unit = unitOf(rule)
  if (type.kind === 'date') {
    if (rule.strategy === 'date_shift') return dateShift(rule, dateCodec(format))
    return unit === null ? toNull : dateTrunc(unit, dateCodec(format))
  }
  const codec = momentCodec(format, type.zoned)
  if (rule.strategy === 'date_shift') return momentShift(rule, type.modifier, codec)
  return unit === null ? toNull : momentTrunc(unit, codec)
}

function bucketMasker(
  width: number,
  type: Extract<ValueType, { kind: 'integer' | 'float' | 'numeric' }>,
  format: Format,
): Masker {
  switch (type.kind) {
    case 'integer':
      return integerBucket(width, integerCodec(type.bytes, format))
    case 'float':
      return floatBucket(width, FLOAT_LIMIT[type.bytes], floatCodec(type.bytes, format))
    case 'numeric':
      return numericBucket(width, type.modifier, numericCodec(format))
  }
}

/** A digest of a float would tell -0 from 0 and depend on how many digits a session asked for: NULL. */
function keyedMasker(rule: VariableRule, type: ValueType, format: Format): Masker {
  if (rule.strategy !== 'hash' && rule.strategy !== 'token') return toNull
  switch (type.kind) {
    case 'integer':
      return keyedInteger(rule, integerCodec(type.bytes, format))
    case 'numeric':
      return keyedNumeric(rule, type.modifier, numericCodec(format))
    case 'uuid':
      return keyedUuid(rule, format === 'binary' ? PLAIN_BYTES : UUID_TEXT)
    case 'bytea':
      return keyedBytes(rule, format === 'binary' ? PLAIN_BYTES : BYTEA_TEXT)
    case 'xml':
      return rule.strategy === 'hash' ? textMasker(rule, null) : textMasker({ ...rule, prefix: '' }, null)
    default:
      return toNull
  }
}
