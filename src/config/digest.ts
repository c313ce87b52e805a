import { createHash } from 'node:crypto'

/** JSON with sorted keys: the same content gives the same text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isRecord(inner) ? sorted(inner) : inner))
}

/** SHA-256 of the canonical JSON, hex. Secrets stand in it as references only. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}

/** What a configuration says, without secrets: for its digest and for differences. */
export interface ConfigTree {
  readonly node: unknown
  readonly oidc: unknown
  readonly groups: Readonly<Record<string, unknown>>
  readonly targets: Readonly<Record<string, unknown>>
  readonly roles: Readonly<Record<string, unknown>>
  readonly grants: Readonly<Record<string, unknown>>
  readonly masking: unknown
  readonly secrets: unknown
  readonly incidents: Readonly<Record<string, unknown>>
  readonly certificates: Readonly<Record<string, unknown>>
  readonly approvals: Readonly<Record<string, unknown>>
  /** The first that matches decides. */
  readonly approvalOrder: unknown
  readonly projects: Readonly<Record<string, unknown>>
  readonly access: unknown
  readonly reviews: Readonly<Record<string, unknown>>
  /** Absent where the configuration says nothing of alerts. */
  readonly alerts?: unknown
}

/** Named entries are compared whole (`roles/analyst: changed`), the rest down to the setting. */
const NAMED = ['groups', 'targets', 'roles', 'grants', 'incidents', 'approvals', 'projects', 'reviews'] as const

/** The paths that differ, `roles/analyst: added | removed | changed`, in order. */
export function diffTrees(old: ConfigTree, now: ConfigTree): string[] {
  const changes = [...diffDeep('node', old.node, now.node), ...diffDeep('oidc', old.oidc, now.oidc)]
  for (const section of NAMED) changes.push(...diffEntries(section, old[section], now[section], diffWhole))
  changes.push(...diffDeep('masking', old.masking, now.masking))
  changes.push(...diffWhole('approvalOrder', old.approvalOrder, now.approvalOrder))
  changes.push(...diffDeep('access', old.access, now.access))
  changes.push(...diffDeep('alerts', old.alerts, now.alerts))
  changes.push(...diffDeep('certificates', old.certificates, now.certificates))
  return [...changes, ...diffDeep('secrets', old.secrets, now.secrets)]
}

type Differ = (path: string, old: unknown, now: unknown) => string[]

function diffDeep(path: string, old: unknown, now: unknown): string[] {
  return isRecord(old) && isRecord(now) ? diffEntries(path, old, now, diffDeep) : diffWhole(path, old, now)
}

function diffWhole(path: string, old: unknown, now: unknown): string[] {
  if (old === undefined && now === undefined) return []
  if (old === undefined) return [`${path}: added`]
  if (now === undefined) return [`${path}: removed`]
  return canonicalJson(old) === canonicalJson(now) ? [] : [`${path}: changed`]
}

function diffEntries(path: string, old: object, now: object, differ: Differ): string[] {
  const before = new Map<string, unknown>(Object.entries(old))
  const after = new Map<string, unknown>(Object.entries(now))
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort()
  return keys.flatMap((key) => differ(`${path}/${key}`, before.get(key), after.get(key)))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sorted(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
