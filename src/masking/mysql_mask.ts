import { encodeUtf8 } from '../bytes/writer.ts'
import { FLOAT_LIMIT, floatBucket, integerBucket, numericBucket } from './bucket.ts'
import { isAscii } from './characters.ts'
import type { Codec } from './codec.ts'
import { dateShift, dateTrunc, momentShift, momentTrunc } from './date_mask.ts'
import { fitted, withoutBlanks } from './fit.ts'
import { asJsonString } from './json_bytes.ts'
import { jsonPathMasker } from './json_path.ts'
import { keyedBytes, keyedInteger, keyedNumeric, keyedUuid, UUID_TEXT } from './keyed_value.ts'
import { inCharset } from './mysql_charset.ts'
import { mysqlDate, mysqlMoment, timeToHours } from './mysql_date.ts'
import { mysqlFloat, mysqlInteger, mysqlYear } from './mysql_number.ts'
import { type MysqlField, type MysqlType, mysqlType } from './mysql_type.ts'
import { DECIMAL_TEXT } from './number_codec.ts'
import { type Masker, type MaskRule, toNull, unitOf } from './rule.ts'
import { textMasker } from './text_mask.ts'

type Kind<K extends MysqlType['kind']> = Extract<MysqlType, { kind: K }>

/** `compileMask` for a field of MySQL or MariaDB. */
export function compileMysqlMask(rule: MaskRule, field: MysqlField): Masker {
  const type = mysqlType(field)
  const { format, decimals } = field
  switch (type.kind) {
    case 'text':
      return textMask(rule, type)
    case 'bytes':
      return bytesMask(rule, type)
    case 'json':
      return jsonMask(rule)
    case 'uuid':
      return isKeyed(rule) ? keyedUuid(rule, UUID_TEXT) : toNull
    case 'integer':
      return integerMask(rule, type, format)
    case 'float':
      if (rule.strategy !== 'bucket' || rule.width === null) return toNull
      return floatBucket(rule.width, FLOAT_LIMIT[type.bytes], mysqlFloat(type.bytes, decimals, format))
    case 'decimal':
      return decimalMask(rule, type)
    case 'year':
      // A digest of so few values is soon a list of them.
      return rule.strategy === 'bucket' && rule.width !== null ? integerBucket(rule.width, mysqlYear(format)) : toNull
    case 'date':
      return dayMask(rule, format)
    case 'datetime':
      return momentMask(rule, type.decimals, format)
    case 'time':
      return unitOf(rule) === 'hour' ? timeToHours(format) : toNull
    case 'other':
      return toNull
  }
}

type Keyed = Extract<MaskRule, { strategy: 'hash' | 'token' }>

function isKeyed(rule: MaskRule): rule is Keyed {
  return rule.strategy === 'hash' || rule.strategy === 'token'
}

function textMask(rule: MaskRule, { charset, characters, blankPadded }: Kind<'text'>): Masker {
  const width = { characters, bytes: null, blankPadded: false }
  if (charset.writing !== 'utf8' && !isAscii(encodeUtf8(added(rule)))) return toNull
  if (rule.strategy === 'redact') {
    const text = fitted(() => encodeUtf8(rule.text.toWellFormed()), width)(new Uint8Array(0))
    return () => text
  }
  if (rule.strategy === 'json_path') return charset.writing === 'utf8' ? jsonPathMasker(rule) : toNull
  const masker = inCharset(textMasker(rule, width), charset)
  return masker === toNull || !blankPadded ? masker : (value) => masker(withoutBlanks(value))
}

/** What the rule puts into a value that was not in it. */
function added(rule: MaskRule): string {
  if (rule.strategy === 'redact') return rule.text
  if (rule.strategy === 'partial') return rule.fill
  return rule.strategy === 'token' ? rule.prefix : ''
}

/** `redact` is no bytes, or as many zeros as the type has. */
function bytesMask(rule: MaskRule, type: Kind<'bytes'>): Masker {
  const sized: Codec<Uint8Array> = { read: (value) => value, write: (bytes) => intoLength(bytes, type) }
  if (rule.strategy === 'redact') return () => sized.write(new Uint8Array(0))
  return isKeyed(rule) ? keyedBytes(rule, sized) : toNull
}

function intoLength(bytes: Uint8Array, { length, fixed }: Kind<'bytes'>): Uint8Array {
  if (!fixed || bytes.length >= length) return bytes.subarray(0, length)
  const out = new Uint8Array(length)
  out.set(bytes)
  return out
}

function jsonMask(rule: MaskRule): Masker {
  if (rule.strategy === 'json_path') return jsonPathMasker(rule)
  if (rule.strategy === 'redact') {
    const text = encodeUtf8(JSON.stringify(rule.text.toWellFormed()))
    return () => text
  }
  return isKeyed(rule) ? asJsonString(textMasker(rule, null)) : toNull
}

function integerMask(rule: MaskRule, type: Kind<'integer'>, format: MysqlField['format']): Masker {
  if (isKeyed(rule)) return keyedInteger(rule, mysqlInteger(type, format))
  return rule.strategy === 'bucket' && rule.width !== null
    ? integerBucket(rule.width, mysqlInteger(type, format))
    : toNull
}

function decimalMask(rule: MaskRule, { modifier }: Kind<'decimal'>): Masker {
  if (isKeyed(rule)) return keyedNumeric(rule, modifier, DECIMAL_TEXT)
  return rule.strategy === 'bucket' && rule.width !== null ? numericBucket(rule.width, modifier, DECIMAL_TEXT) : toNull
}

function dayMask(rule: MaskRule, format: MysqlField['format']): Masker {
  if (rule.strategy === 'date_shift') return dateShift(rule, mysqlDate(format))
  const unit = unitOf(rule)
  return unit === null ? toNull : dateTrunc(unit, mysqlDate(format))
}

function momentMask(rule: MaskRule, decimals: number, format: MysqlField['format']): Masker {
  const codec = mysqlMoment(format, decimals)
  if (rule.strategy === 'date_shift') return momentShift(rule, decimals, codec)
  const unit = unitOf(rule)
  return unit === null ? toNull : momentTrunc(unit, codec)
}
