import { emailMasker } from './email.ts'
import { hashMasker } from './hash.ts'
import { partialMasker } from './partial.ts'
import { redactMasker } from './redact.ts'
import type { FieldType, Masker, MaskRule } from './rule.ts'
import { tokenMasker } from './token.ts'
import { valueKind } from './value_kind.ts'

/**
 * The function that masks one field's values, worked out once per result. Every strategy but `null` and `redact` is
 * defined for text alone; what has no meaning for a type gives NULL. A rule that no policy can hold throws `SP-CONFIG`.
 */
export function compileMask(rule: MaskRule, type: FieldType): Masker {
  const kind = valueKind(type)
  if (rule.strategy === 'redact') return redactMasker(rule.text, kind)
  return kind === 'text' ? textMasker(rule) : toNull
}

function textMasker(rule: Exclude<MaskRule, { strategy: 'redact' }>): Masker {
  switch (rule.strategy) {
    case 'null':
      return toNull
    case 'partial':
      return partialMasker(rule.keepFirst, rule.keepLast, rule.fill)
    case 'email':
      return emailMasker
    case 'hash':
      return hashMasker(rule.key, rule.length)
    case 'token':
      return tokenMasker(rule.key, rule.prefix)
  }
}

function toNull(): null {
  return null
}
