import type { Identity } from '../../src/identity/identity.ts'
import type { MaskRule } from '../../src/masking/rule.ts'
import { decide } from '../../src/policy/decide.ts'
import type { Allow, DecisionInput, Deny } from '../../src/policy/decision.ts'
import type { Grant } from '../../src/policy/grant.ts'
import type { ColumnMask } from '../../src/policy/masking_policy.ts'
import type { Role, ScopeRule } from '../../src/policy/role.ts'
import { type Catalog, type Dialect, type Relation, relationKey } from '../../src/sql/catalog.ts'
import type { ColumnUse, FunctionUse, RelationUse, StatementFacts, Verb } from '../../src/sql/facts.ts'

export const NOW = 1_800_000_000_000

export function relation(name: string, columns: readonly string[], over: Partial<Relation> = {}): Relation {
  return {
    kind: 'table',
    schema: 'shop',
    name,
    oid: 16000 + name.length,
    columns: columns.map((column, index) => ({
      name: column,
      ordinal: index + 1,
      type: column === 'id' || column === 'dob' ? 'integer' : 'text',
      typeOid: column === 'id' || column === 'dob' ? 23 : 25,
      collation: null,
      generatedFrom: [],
    })),
    primaryKey: ['id'],
    constrained: ['id'],
    parents: [],
    definition: null,
    hasTriggers: false,
    hasRules: false,
    rowSecurity: false,
    ...over,
  }
}

export function catalogOf(relations: readonly Relation[], dialect: Dialect = 'postgres'): Catalog {
  return {
    dialect,
    version: dialect === 'postgres' ? '18.0' : '9.7.0',
    major: dialect === 'postgres' ? 18 : 9,
    database: dialect === 'postgres' ? 'app' : '',
    digest: 'c',
    schemas: new Set(relations.map(({ schema }) => schema)),
    relations: new Map(relations.map((one) => [relationKey(one.schema, one.name), one])),
    relationsByOid: new Map(),
    functions: new Map(),
    operators: new Map(),
    types: new Map(),
    searchPath: ['shop'],
    lowerCaseTableNames: 0,
    sqlMode: new Set(),
  }
}

export function use(
  of: Relation,
  columns: Readonly<Record<string, ColumnUse>> = {},
  over: Partial<RelationUse> = {},
): RelationUse {
  return {
    id: 0,
    relation: of,
    role: 'read',
    span: { start: 0, end: 1 },
    only: false,
    qualified: false,
    alias: of.name,
    hasAlias: false,
    qualifiers: [],
    columns: new Map(Object.entries(columns)),
    wholeRow: false,
    fixed: null,
    ...over,
  }
}

export function statement(over: Partial<StatementFacts> = {}): StatementFacts {
  const kind = over.kind ?? 'select'
  const verbs: readonly Verb[] = kind === 'select' ? ['read'] : []
  return {
    kind,
    verbs,
    span: { start: 0, end: 1 },
    normalized: '',
    uses: [],
    functions: [],
    output: null,
    rowSources: [],
    settings: [],
    name: null,
    killQuery: false,
    inner: null,
    hasWhere: false,
    opaque: null,
    ...over,
  }
}

/** SELECT of bare columns: each passes through into the field of its name. */
export function selectOf(of: Relation, passed: readonly string[], computed: readonly string[] = []): StatementFacts {
  const columns: Record<string, ColumnUse> = {}
  for (const name of passed) columns[name] = 'passed'
  for (const name of computed) columns[name] = 'computed'
  const origins = passed.map((column) => ({
    name: column,
    origin: computed.includes(column) ? null : { use: 0, column },
    sources: [{ relation: of, column }],
  }))
  const values = computed.map((column) => ({ name: 'x', origin: null, sources: [{ relation: of, column }] }))
  return statement({ uses: [use(of, columns)], output: [...origins, ...values] })
}

export function call(name: string, over: Partial<FunctionUse> = {}): FunctionUse {
  return { schema: 'pg_catalog', name, userDefined: false, args: 1, ...over }
}

export function scopeRule(over: Partial<ScopeRule> = {}): ScopeRule {
  return {
    databases: ['*'],
    schemas: ['shop'],
    tables: ['*'],
    columns: null,
    exceptTables: [],
    exceptColumns: [],
    verbs: ['read'],
    where: [],
    ...over,
  }
}

/** What a role demands of requests that name nothing special. */
export const ASKING: Role['asking'] = {
  defaultDurationMs: 3_600_000,
  maxDurationMs: 28_800_000,
  idleAfterMs: 0,
  standingCap: null,
  claims: new Map(),
  reasonPattern: null,
  ticketRequired: false,
  approval: null,
  delegable: false,
  recording: false,
  durability: 'log',
  breakGlass: false,
}

export function roleOf(over: Partial<Role> = {}): Role {
  return {
    name: 'analyst',
    digest: 'r',
    description: '',
    unrestricted: false,
    exports: false,
    connectNotice: true,
    scope: [scopeRule()],
    call: [],
    unmask: [],
    computed: 'notice',
    requireWhere: false,
    maxRowsChanged: 0,
    parameters: new Map(),
    networks: [],
    limits: {
      maxRowsPerResult: 0,
      maxBytesPerResult: 0,
      statementTimeoutMs: 0,
      idleTimeoutMs: 0,
      idleInTransactionTimeoutMs: 0,
      maxSessions: 0,
      maxStatements: 0,
      lockTimeoutMs: 0,
      maxRowsPerHour: 0,
      maxBytesPerHour: 0,
      maxRowsPerDay: 0,
      maxBytesPerDay: 0,
      maxRowsPerTableAndHour: 0,
      bulkReadRows: 0,
      rowsPerSecond: 0,
      bytesPerSecond: 0,
    },
    acr: [],
    amr: [],
    maxAuthAgeMs: 0,
    sessionReason: 'none',
    ticketPattern: null,
    asking: ASKING,
    ...over,
  }
}

export function maskLine(table: string, column: string, rule: MaskRule): ColumnMask {
  return { targets: ['*'], databases: ['*'], schemas: ['shop'], tables: [table], columns: [column], rule }
}

export const IDENTITY: Identity = {
  issuer: 'https://idp.example.test',
  subject: 'alice-1',
  email: 'alice@example.test',
  name: 'Alice',
  groups: ['analysts'],
  aliases: ['alice@example.test'],
  tokenId: null,
  expiresAt: NOW + 1000,
  authTime: null,
  acr: null,
  amr: [],
}

export function grantOf(over: Partial<Grant> = {}): Grant {
  return {
    id: 'g1',
    kind: 'file',
    principal: { subject: 'alice-1', issuer: null },
    target: 'shop-db',
    role: 'analyst',
    parameters: new Map(),
    narrowing: null,
    start: NOW - 1000,
    end: NOW + 1000,
    reason: 'test',
    ticket: null,
    incident: null,
    requestId: null,
    plan: null,
    ...over,
  }
}

export interface Given {
  readonly relations: readonly Relation[]
  readonly statements: readonly StatementFacts[]
  readonly role?: Partial<Role>
  readonly grant?: Partial<Grant>
  readonly masks?: readonly ColumnMask[]
  readonly views?: Readonly<Record<string, StatementFacts | null>>
  readonly dialect?: Dialect
  readonly now?: number
}

export function inputOf(given: Given): DecisionInput {
  const dialect = given.dialect ?? 'postgres'
  return {
    identity: IDENTITY,
    target: 'shop-db',
    database: dialect === 'postgres' ? 'app' : '',
    grant: grantOf(given.grant),
    role: roleOf(given.role),
    masking: { digest: 'm', masks: given.masks ?? [] },
    catalog: catalogOf(given.relations, dialect),
    facts: { dialect, text: '', statements: given.statements },
    viewFacts: ({ name }) => given.views?.[name] ?? null,
    now: given.now ?? NOW,
  }
}

export function allowed(given: Given): Allow {
  const decision = decide(inputOf(given))
  if (decision.effect === 'deny') throw new Error(`denied by ${decision.rule}: ${decision.code} ${decision.reason}`)
  return decision
}

export function refused(given: Given): Deny {
  const decision = decide(inputOf(given))
  if (decision.effect === 'allow') throw new Error('allowed')
  return decision
}
