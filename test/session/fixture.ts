import type { SallyportError } from '../../src/errors.ts'
import type { Identity } from '../../src/identity/identity.ts'
import type { Grant } from '../../src/policy/grant.ts'
import type { MaskingPolicy } from '../../src/policy/masking_policy.ts'
import type { Limits, Role } from '../../src/policy/role.ts'
import { createEngines } from '../../src/proxy/engines.ts'
import type { Effect } from '../../src/session/effects.ts'
import { Gate, type Subject } from '../../src/session/gate.ts'
import type { PlanProgress } from '../../src/session/plan_port.ts'
import type { Quota, Refusals, Target } from '../../src/session/ports.ts'
import type { Engine } from '../../src/session/verdict.ts'
import { type Catalog, type Dialect, type Relation, relationKey } from '../../src/sql/catalog.ts'
import { MemoryQuota } from '../../src/store/memory_quota.ts'
import { ASKING } from '../policy/build.ts'

export const START = 1_800_000_000_000
export const MINUTE = 60_000

const INT = ['integer', 23] as const
const TEXT = ['text', 25] as const

export const USERS_OID = 20_001
export const ORDERS_OID = 20_002
const SECRETS_OID = 20_003
export const ARCHIVED_OID = 20_004

function table(
  schema: string,
  name: string,
  oid: number,
  columns: Readonly<Record<string, readonly [string, number]>>,
) {
  const relation: Relation = {
    kind: 'table',
    schema,
    name,
    oid,
    columns: Object.entries(columns).map(([column, [type, typeOid]], index) => ({
      name: column,
      ordinal: index + 1,
      type,
      typeOid,
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
    transactional: true,
  }
  return relation
}

const RELATIONS: readonly Relation[] = [
  table('shop', 'users', USERS_OID, { id: INT, name: TEXT, email: TEXT, ssn: TEXT }),
  table('shop', 'orders', ORDERS_OID, { id: INT, user_id: INT, total: INT, note: TEXT }),
  table('shop', 'secrets', SECRETS_OID, { id: INT, api_key: TEXT }),
  // Another schema with a table of the same name: what `orders` means hangs on the path.
  table('archive', 'orders', ARCHIVED_OID, { id: INT, user_id: INT, total: INT, note: TEXT }),
]

export function catalogOf(dialect: Dialect, digest = 'catalog-1'): Catalog {
  const postgres = dialect === 'postgres'
  return {
    dialect,
    version: postgres ? '18.0' : dialect === 'mysql' ? '9.7.0' : '10.11.19-MariaDB',
    major: postgres ? 18 : dialect === 'mysql' ? 9 : 10,
    database: postgres ? 'app' : '',
    digest,
    schemas: new Set(postgres ? ['shop', 'archive', 'pg_catalog'] : ['shop', 'archive', 'mysql', 'information_schema']),
    relations: new Map(RELATIONS.map((one) => [relationKey(one.schema, one.name), one])),
    relationsByOid: new Map(RELATIONS.map((one) => [one.oid, one])),
    functions: new Map(),
    operators: new Map(),
    types: new Map(),
    searchPath: ['shop'],
    lowerCaseTableNames: 0,
    sqlMode: new Set(),
  }
}

const NO_LIMITS: Limits = {
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
}

export function roleOf(over: Partial<Omit<Role, 'limits'>> & { readonly limits?: Partial<Limits> } = {}): Role {
  return {
    name: 'analyst',
    digest: 'role-1',
    description: '',
    unrestricted: false,
    exports: false,
    connectNotice: true,
    scope: [
      {
        databases: ['*'],
        schemas: ['shop', 'archive'],
        tables: ['*'],
        columns: null,
        exceptTables: ['secrets'],
        exceptColumns: [],
        verbs: ['read', 'insert', 'update', 'delete'],
        where: [],
      },
    ],
    call: [],
    unmask: [],
    computed: 'notice',
    requireWhere: false,
    maxRowsChanged: 0,
    parameters: new Map(),
    networks: [],
    acr: [],
    amr: [],
    maxAuthAgeMs: 0,
    sessionReason: 'none',
    ticketPattern: null,
    asking: ASKING,
    ...over,
    limits: { ...NO_LIMITS, ...over.limits },
  }
}

const EVERYWHERE = { targets: ['*'], databases: ['*'], schemas: ['shop'] }

export const MASKING: MaskingPolicy = {
  digest: 'masking-1',
  masks: [
    { ...EVERYWHERE, tables: ['users'], columns: ['email'], rule: { strategy: 'email' } },
    {
      ...EVERYWHERE,
      tables: ['users'],
      columns: ['ssn'],
      rule: { strategy: 'partial', keepFirst: 0, keepLast: 4, fill: '*' },
    },
  ],
}

export const ALICE: Identity = {
  issuer: 'https://idp.example.test',
  subject: 'alice-1',
  email: 'alice@example.test',
  name: 'Alice',
  groups: ['analysts'],
  aliases: ['alice', 'alice@example.test'],
  tokenId: null,
  expiresAt: START + 60 * MINUTE,
  authTime: null,
  acr: null,
  amr: [],
}

export function targetOf(engine: Target['engine'], over: Partial<Target> = {}): Target {
  return {
    name: 'shop-db',
    engine,
    host: 'db.example.test',
    port: 5432,
    tls: { mode: 'disable', ca: null, serverName: null },
    labels: {},
    defaultDatabase: 'app',
    admin: { user: 'admin', password: 'x' },
    maxConnections: 10,
    capture: 'normalized',
    catalogPollMs: 1000,
    durability: 'log',
    ...over,
  }
}

export function grantOf(over: Partial<Grant> = {}): Grant {
  return {
    id: 'grant-1',
    kind: 'file',
    principal: { subject: ALICE.subject, issuer: null },
    target: 'shop-db',
    role: 'analyst',
    parameters: new Map(),
    narrowing: null,
    start: START - MINUTE,
    end: START + 60 * MINUTE,
    reason: 'a ticket',
    ticket: null,
    incident: null,
    requestId: null,
    plan: null,
    ...over,
  }
}

/** Everything that a session hangs on, and that a story may change under it. */
export interface World {
  catalog: Catalog | undefined
  /** No catalog, and one is being read. */
  awaited: boolean
  role: Role
  masking: MaskingPolicy
  /** Why no statement may start under the grant. */
  refusal: SallyportError | null
  readonly gate: Gate
  readonly subject: Subject
}

const engines = createEngines()
const ENGINES: Readonly<Record<Target['engine'], Engine>> = {
  postgres: await engines(catalogOf('postgres')),
  mysql: await engines(catalogOf('mysql')),
}

export function worldOf(
  engine: Target['engine'],
  role: Role = roleOf(),
  grant: Partial<Grant> = {},
  quota: Quota = new MemoryQuota({ monotonic: () => 0 }),
  plans?: PlanProgress,
  refusals?: Refusals,
): World {
  let ids = 0
  const target = targetOf(engine)
  const held = grantOf(grant)
  const world: Omit<World, 'gate' | 'subject'> = {
    refusal: null,
    awaited: false,
    catalog: catalogOf(engine),
    role,
    masking: MASKING,
  }
  const gate = new Gate({
    catalogs: { current: () => world.catalog, latest: () => world.catalog, awaited: () => world.awaited },
    policy: {
      configDigest: 'config-1',
      roleOf: ({ role: name }) => (name === world.role.name ? world.role : undefined),
      masking: () => world.masking,
    },
    grants: { refusal: () => world.refusal },
    ids: { uuid: () => `id-${++ids}` },
    quota,
    ...(plans && { plans }),
    ...(refusals && { refusals }),
  })
  const subject: Subject = {
    session: {
      sessionId: 'session-1',
      identity: ALICE,
      claimedUser: 'alice/shop-db',
      application: null,
      protocol: engine,
      clientAddress: '192.0.2.1',
      clientPort: 1,
      tlsVersion: 'TLSv1.3',
      target: target.name,
      targetHost: target.host,
      targetPort: target.port,
      database: engine === 'postgres' ? 'app' : null,
      databaseUser: 'u',
      grantId: held.id,
      role: role.name,
      reason: held.reason,
      ticket: null,
    },
    identity: ALICE,
    grant: held,
    target,
    database: engine === 'postgres' ? 'app' : '',
    engine: ENGINES[engine],
  }
  return Object.assign(world, { gate, subject })
}

/** What a story does, one after the other; times count in milliseconds from `START`. */
export type Step =
  | { readonly from: 'client' | 'server'; readonly bytes: Uint8Array }
  | { readonly from: 'clock'; readonly at: number }
  | { readonly from: 'world'; readonly act: (world: World) => void }
  /** A cancel of the session has reached the database. */
  | { readonly from: 'cancel' }

interface Session {
  onClient(chunk: Uint8Array, now: number): Effect[]
  onServer(chunk: Uint8Array, now: number): Effect[]
  onTick(now: number): Effect[]
  abandoned(now: number): Effect[]
  cancelled?(): void
}

/** Runs the steps, each piece of bytes cut by `chunks`; the effects in order. */
export function play(
  world: World,
  session: Session,
  steps: readonly Step[],
  chunks: (bytes: Uint8Array) => readonly Uint8Array[] = (bytes) => [bytes],
): Effect[] {
  const effects: Effect[] = []
  let now = START
  for (const step of steps) {
    if (step.from === 'world') step.act(world)
    else if (step.from === 'cancel') {
      session.cancelled?.()
      effects.push(...session.onTick(now))
    } else if (step.from === 'clock') {
      now = START + step.at
      effects.push(...session.onTick(now))
    } else {
      for (const chunk of chunks(step.bytes)) {
        effects.push(...(step.from === 'client' ? session.onClient(chunk, now) : session.onServer(chunk, now)))
      }
    }
  }
  return effects
}

export function everyByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte))
}

export const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value)
export const join = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))

/** What both sides got and what was recorded, whatever the pieces were that it came in. */
export function outcome(effects: readonly Effect[]) {
  const bytes = (kinds: readonly string[]) =>
    join(effects.flatMap((effect) => (kinds.includes(effect.kind) && 'bytes' in effect ? [effect.bytes] : [])))
  return {
    client: Buffer.from(bytes(['client'])).toString('latin1'),
    server: Buffer.from(bytes(['sql', 'server'])).toString('latin1'),
    // When the catalog is read again hangs on nothing else in the list.
    rest: effects.filter(({ kind }) => !['client', 'sql', 'server', 'catalog_stale'].includes(kind)),
  }
}

/** SQL under a permit only after the record that its decision is in; nothing at all after the end. */
export function breaches(effects: readonly Effect[]): string[] {
  const recorded = new Set<string>()
  const found: string[] = []
  for (const [index, effect] of effects.entries()) {
    if (effect.kind === 'record' && effect.event.kind === 'decision') recorded.add(effect.event.statementId)
    if (effect.kind === 'sql' && effect.permit.decisionId !== '' && !recorded.has(effect.permit.decisionId)) {
      found.push(`sql before its record at ${index}`)
    }
    if (effect.kind === 'end' && index !== effects.length - 1) found.push(`${effects[index + 1]?.kind} after the end`)
  }
  return found
}

/** Allowed decisions without exactly one completion. */
export function uncompleted(effects: readonly Effect[]): string[] {
  const open = new Map<string, number>()
  for (const effect of effects) {
    if (effect.kind !== 'record' && effect.kind !== 'note') continue
    const { event } = effect
    if (event.kind === 'decision' && event.effect === 'allow') open.set(event.statementId, 0)
    if (event.kind === 'completion') open.set(event.statementId, (open.get(event.statementId) ?? 9) + 1)
  }
  return [...open].flatMap(([id, completions]) => (completions === 1 ? [] : [`${id}: ${completions}`]))
}

/** The effects that are no bytes, one line each. */
export function lineOf(effect: Effect): string {
  switch (effect.kind) {
    case 'record':
    case 'note': {
      const { event } = effect
      if (event.kind === 'decision') {
        return `${effect.kind} ${event.effect} ${event.statementKind}${event.code ? ` ${event.code}` : ''}`
      }
      if (event.kind !== 'completion') return `${effect.kind} ${event.kind}`
      const withheld = event.rowsWithheld > 0 ? ` withheld ${event.rowsWithheld}` : ''
      return `${effect.kind} ${event.outcome}${event.status ? ` ${event.status}` : ''} ${event.statementKind} rows ${event.rows}${withheld}`
    }
    case 'cancel':
      return `cancel ${effect.sessionId}${effect.statementOnly ? ' statement' : ''}`
    case 'catalog_stale':
      return effect.certain ? 'catalog stale' : 'catalog doubted'
    case 'end':
      return `end ${effect.error?.code ?? 'normal'}`
    default:
      return effect.kind
  }
}
