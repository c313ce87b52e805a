import { emailMasker } from './email.ts'
import { fitted } from './fit.ts'
import { hashMasker } from './hash.ts'
import { partialMasker } from './partial.ts'
import { type Masker, toNull, type VariableRule } from './rule.ts'
import { tokenMasker } from './token.ts'
import type { Width } from './value_type.ts'

/** The strategies that have a meaning for text, within the room that its type has. */
export function textMasker(rule: VariableRule, width: Width | null): Masker {
  const masker = unfitted(rule, width)
  return masker === toNull ? toNull : fitted(masker, width)
}

function unfitted(rule: VariableRule, width: Width | null): Masker {
  switch (rule.strategy) {
    case 'partial':
      return partialMasker(rule.keepFirst, rule.keepLast, rule.fill)
    case 'email':
      return emailMasker
    case 'hash':
      return hashMasker(rule)
    case 'token':
      return tokenMasker(rule, width?.characters ?? width?.bytes ?? null)
    case 'null':
    case 'bucket':
    case 'date_trunc':
    case 'date_shift':
    case 'json_path':
      return toNull
  }
}
