import type { MaskRule } from '../masking/rule.ts'
import type { Grant } from '../policy/grant.ts'
import type { ColumnMask } from '../policy/masking_policy.ts'
import type { Role, RowCondition, ScopeRule } from '../policy/role.ts'
import { digestOf } from './digest.ts'
import type { GrantSection, MaskingSection, RoleSection } from './schema_file.ts'

export function buildRole(section: RoleSection): Role {
  const { limits } = section
  return {
    name: section.name,
    digest: digestOf(section),
    description: section.description,
    unrestricted: section.unrestricted,
    exports: section.exports,
    connectNotice: section.connectNotice,
    scope: section.scope.map(buildScope),
    call: section.call,
    unmask: section.unmask,
    computed: section.computed,
    requireWhere: section.requireWhere,
    parameters: new Map(Object.entries(section.parameters)),
    networks: section.networks,
    limits: {
      maxRowsPerResult: limits.maxRowsPerResult,
      maxBytesPerResult: limits.maxBytesPerResult,
      statementTimeoutMs: limits.statementTimeout,
      idleTimeoutMs: limits.idleTimeout,
      idleInTransactionTimeoutMs: limits.idleInTransactionTimeout,
      maxSessions: limits.maxSessions,
    },
    acr: section.acr,
  }
}

function buildScope(rule: RoleSection['scope'][number]): ScopeRule {
  return { ...rule, columns: rule.columns ?? null, where: rule.where.map(buildCondition) }
}

function buildCondition(condition: RoleSection['scope'][number]['where'][number]): RowCondition {
  const { column, op, values, parameter } = condition
  return { column, op, value: parameter !== undefined ? { parameter } : (values ?? null) }
}

export function buildGrant(section: GrantSection): Grant {
  return {
    id: section.id,
    principal: section.principal,
    target: section.target,
    role: section.role,
    parameters: new Map(Object.entries(section.parameters)),
    start: Date.parse(section.start),
    end: Date.parse(section.end),
    reason: section.reason,
    ticket: section.ticket ?? null,
  }
}

type MaskSection = MaskingSection['masks'][number]

/** Null where the key is not at hand, which is a problem told elsewhere. */
export function buildMask(section: MaskSection, keys: ReadonlyMap<string, Uint8Array>): ColumnMask | null {
  const rule = buildRule(section, keys)
  if (rule === null) return null
  const { targets, databases, schemas, tables, columns } = section
  return { targets, databases, schemas, tables, columns, rule }
}

function buildRule(section: MaskSection, keys: ReadonlyMap<string, Uint8Array>): MaskRule | null {
  switch (section.strategy) {
    case 'null':
    case 'email':
      return { strategy: section.strategy }
    case 'redact':
      return { strategy: 'redact', text: section.text }
    case 'partial': {
      const { keepFirst, keepLast, fill } = section
      return { strategy: 'partial', keepFirst, keepLast, fill }
    }
    case 'hash': {
      const key = keys.get(section.key)
      return key === undefined ? null : { strategy: 'hash', keyId: section.key, key, length: section.length }
    }
    case 'token': {
      const key = keys.get(section.key)
      return key === undefined ? null : { strategy: 'token', keyId: section.key, key, prefix: section.prefix }
    }
  }
}
