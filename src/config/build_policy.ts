import type { JsonPathRule, JsonRule, MaskRule } from '../masking/rule.ts'
import type { Grant, Principal } from '../policy/grant.ts'
import type { ColumnMask } from '../policy/masking_policy.ts'
import type { Asking, Role, RowCondition, ScopeRule } from '../policy/role.ts'
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
    maxRowsChanged: section.maxRowsChanged,
    parameters: new Map(Object.entries(section.parameters)),
    networks: section.networks,
    limits: {
      maxRowsPerResult: limits.maxRowsPerResult,
      maxBytesPerResult: limits.maxBytesPerResult,
      statementTimeoutMs: limits.statementTimeout,
      idleTimeoutMs: limits.idleTimeout,
      idleInTransactionTimeoutMs: limits.idleInTransactionTimeout,
      maxSessions: limits.maxSessions,
      maxStatements: limits.maxStatements,
      lockTimeoutMs: limits.lockTimeout,
      maxRowsPerHour: limits.maxRowsPerHour,
      maxBytesPerHour: limits.maxBytesPerHour,
      maxRowsPerDay: limits.maxRowsPerDay,
      maxBytesPerDay: limits.maxBytesPerDay,
      maxRowsPerTableAndHour: limits.maxRowsPerTableAndHour,
      bulkReadRows: limits.bulkReadRows,
      rowsPerSecond: limits.rowsPerSecond,
      bytesPerSecond: limits.bytesPerSecond,
    },
    acr: section.acr,
    amr: section.amr,
    maxAuthAgeMs: section.maxAuthAge,
    sessionReason: section.sessionReason,
    ticketPattern: section.ticketPattern ?? null,
    asking: buildAsking(section),
  }
}

function buildAsking(section: RoleSection): Asking {
  const { standingCap } = section
  return {
    defaultDurationMs: section.defaultDuration,
    maxDurationMs: section.maxDuration,
    idleAfterMs: section.idleAfter,
    standingCap: standingCap ? { maxMs: standingCap.max, windowMs: standingCap.within } : null,
    reasonPattern: section.reasonPattern ?? null,
    ticketRequired: section.ticketRequired,
    approval: section.approval ?? null,
    claims: new Map(Object.entries(section.parametersFromClaims)),
    delegable: section.delegable,
    recording: section.recording,
    durability: section.durability,
    breakGlass: section.breakGlass,
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
    kind: 'file',
    principal: principalOf(section.principal),
    target: section.target,
    role: section.role,
    parameters: new Map(Object.entries(section.parameters)),
    narrowing: null,
    start: Date.parse(section.start),
    end: Date.parse(section.end),
    reason: section.reason,
    ticket: section.ticket ?? null,
    incident: null,
    requestId: null,
    plan: null,
  }
}

function principalOf(section: GrantSection['principal']): Principal {
  return 'subject' in section ? { subject: section.subject, issuer: section.issuer ?? null } : section
}

type MaskSection = MaskingSection['masks'][number]

type Keys = ReadonlyMap<string, Uint8Array>

const ANY = ['*']
type KeyedSection = Extract<MaskSection, { key: string }>

/** Null where a key is not at hand, which is a problem told elsewhere. */
export function buildMask(section: MaskSection, keys: Keys): ColumnMask | null {
  const rule = section.strategy === 'json_path' ? buildJsonPath(section, keys) : buildRule(section, keys)
  if (rule === null) return null
  const { targets, databases, schemas, tables, columns, classes, aggregate, budgetPerHour } = section
  return {
    targets,
    databases,
    schemas: schemas ?? ANY,
    tables: tables ?? ANY,
    columns: columns ?? ANY,
    rule,
    ...(classes && { classes }),
    ...(aggregate && { aggregate }),
    ...(section.predicates === 'equality' && budgetPerHour !== undefined && { equality: { budgetPerHour } }),
  }
}

type JsonPathSection = Extract<MaskSection, { strategy: 'json_path' }>

function buildJsonPath(section: JsonPathSection, keys: Keys): MaskRule | null {
  const paths: JsonPathRule[] = []
  for (const inner of section.paths) {
    const rule: JsonRule | null = inner.strategy === 'keep' ? { strategy: 'keep' } : buildRule(inner, keys)
    if (rule === null) return null
    paths.push({ path: inner.path, rule })
  }
  return { strategy: 'json_path', paths, default: section.default }
}

type RuleSection =
  | Exclude<MaskSection, JsonPathSection>
  | Exclude<JsonPathSection['paths'][number], { strategy: 'keep' }>

function buildRule(section: RuleSection, keys: Keys): Exclude<MaskRule, { strategy: 'json_path' }> | null {
  switch (section.strategy) {
    case undefined:
    case 'null':
      return { strategy: 'null' }
    case 'email':
      return { strategy: 'email' }
    case 'redact':
      return { strategy: 'redact', text: section.text }
    case 'partial': {
      const { keepFirst, keepLast, fill } = section
      return { strategy: 'partial', keepFirst, keepLast, fill }
    }
    case 'bucket':
      return {
        strategy: 'bucket',
        width: section.width ?? null,
        unit: 'unit' in section ? (section.unit ?? null) : null,
      }
    case 'date_trunc':
      return { strategy: 'date_trunc', unit: section.unit }
    default:
      return buildKeyed(section, keys)
  }
}

function buildKeyed(
  section: Pick<KeyedSection, 'key' | 'scope'> &
    (
      | { strategy: 'hash'; length: number }
      | { strategy: 'token'; prefix: string }
      | { strategy: 'date_shift'; maxDays: number }
    ),
  keys: Keys,
): Exclude<MaskRule, { strategy: 'json_path' }> | null {
  const key = keys.get(section.key)
  if (key === undefined) return null
  const keyed = { keyId: section.key, key, scope: section.scope }
  switch (section.strategy) {
    case 'hash':
      return { strategy: 'hash', ...keyed, length: section.length }
    case 'token':
      return { strategy: 'token', ...keyed, prefix: section.prefix }
    case 'date_shift':
      return { strategy: 'date_shift', ...keyed, maxDays: section.maxDays }
  }
}
