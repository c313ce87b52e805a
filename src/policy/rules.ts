import type { Rule } from './rule_context.ts'
import { catalogsRule } from './rules/catalogs.ts'
import { computedRule } from './rules/computed.ts'
import { countedRule } from './rules/counted.ts'
import { definitionsRule } from './rules/definitions.ts'
import { exportRule } from './rules/export.ts'
import { functionsRule } from './rules/functions.ts'
import { grantRule } from './rules/grant.ts'
import { kindsRule } from './rules/kinds.ts'
import { maskedRule } from './rules/masked.ts'
import { multiRule } from './rules/multi.ts'
import { opaqueRule } from './rules/opaque.ts'
import { plannedRule } from './rules/planned.ts'
import { referencesRule } from './rules/references.ts'
import { scopeRule } from './rules/scope.ts'
import { settingsRule } from './rules/settings.ts'
import { unrestrictedRule } from './rules/unrestricted.ts'
import { viewsRule } from './rules/views.ts'
import { writesRule } from './rules/writes.ts'

/** In this order; the first that decides ends it, and what none refuses is allowed. */
export const RULES: readonly Rule[] = [
  grantRule,
  plannedRule,
  unrestrictedRule,
  definitionsRule,
  opaqueRule,
  kindsRule,
  multiRule,
  settingsRule,
  exportRule,
  functionsRule,
  catalogsRule,
  scopeRule,
  viewsRule,
  writesRule,
  referencesRule,
  countedRule,
  maskedRule,
  computedRule,
]
