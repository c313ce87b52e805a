import { isIP } from 'node:net'
import type { ParameterType, ParameterValue } from '../policy/role.ts'
import type { AuthMethod } from '../session/ports.ts'
import { checkAccess } from './check_access.ts'
import { checkAlerts } from './check_alerts.ts'
import { type Merged, type Placed, problemAt } from './merge.ts'
import type { Path, Problem } from './problem.ts'
import type { GrantSection, NodeSection, RoleSection } from './schema_file.ts'

type ListenerSection = NodeSection['listeners'][number]

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What one section says of another: names that must exist, and stand once. */
export function checkReferences(merged: Merged, problems: Problem[]): void {
  unique(merged.targets, 'name', (target) => target.name, problems)
  unique(merged.roles, 'name', (role) => role.name, problems)
  unique(merged.grants, 'id', (grant) => grant.id, problems)
  unique(merged.groups, 'name', (group) => group.name, problems)
  unique(merged.keys, null, (key) => key.name, problems)
  checkAccess(merged, problems)
  checkAlerts(merged, problems)
  const roles = new Map(merged.roles.map((role) => [role.value.name, role.value]))
  const targets = new Set(merged.targets.map((target) => target.value.name))
  checkListeners(merged, targets, problems)
  checkIssuers(merged, problems)
  checkServerNames(merged, problems)
  checkAccounts(merged, roles, problems)
  checkReplicas(merged, problems)
  for (const role of merged.roles) checkRole(role, merged, problems)
  for (const grant of merged.grants) checkGrant(grant, targets, roles, problems)
  checkMasks(merged, problems)
  checkClasses(merged, problems)
}

function unique<T>(
  entries: readonly Placed<T>[],
  field: string | null,
  nameOf: (value: T) => string,
  problems: Problem[],
): void {
  const seen = new Set<string>()
  for (const { value, at } of entries) {
    const name = nameOf(value)
    if (seen.has(name)) problems.push(problemAt(at, field === null ? [] : [field], `${name} stands twice`))
    seen.add(name)
  }
}

function checkListeners(merged: Merged, targets: ReadonlySet<string>, problems: Problem[]): void {
  const { value, at } = merged.node
  const engines = new Map(merged.targets.map((target) => [target.value.name, target.value.engine]))
  const seen = new Set<string>()
  for (const [index, listener] of value.listeners.entries()) {
    const address = `${listener.host}:${listener.port}`
    if (listener.port !== 0 && seen.has(address)) {
      problems.push(problemAt(at, ['listeners', index, 'port'], `${address} is used twice`))
    }
    seen.add(address)
    checkAuth(listener, (path, message) => problems.push(problemAt(at, ['listeners', index, ...path], message)))
    if (listener.target === undefined) continue
    const path = ['listeners', index, 'target']
    if (!targets.has(listener.target)) problems.push(problemAt(at, path, `unknown target ${listener.target}`))
    else if (engines.get(listener.target) !== listener.engine) {
      problems.push(problemAt(at, path, `${listener.target} is not a ${listener.engine} target`))
    }
  }
}

const WAYS_IN: Readonly<Record<ListenerSection['engine'], readonly AuthMethod[]>> = {
  postgres: ['token', 'scram', 'oauth', 'cert'],
  mysql: ['token', 'password', 'cert'],
}

function checkAuth(listener: ListenerSection, problem: (path: Path, message: string) => void): void {
  const ways = WAYS_IN[listener.engine]
  const check = (auth: AuthMethod, path: Path) => {
    if (!ways.includes(auth)) problem(path, `clients of ${listener.engine} can do ${ways.join(', ')}`)
  }
  check(listener.auth, ['auth'])
  for (const [index, { auth }] of listener.serverNames.entries()) check(auth, ['serverNames', index, 'auth'])
}

/** Each issuer is known once: whose token it is, is told by that name alone. */
function checkIssuers({ oidc: { value, at } }: Merged, problems: Problem[]): void {
  const seen = new Set([value.issuer])
  for (const [index, { issuer }] of value.workloads.entries()) {
    if (seen.has(issuer)) problems.push(problemAt(at, ['workloads', index, 'issuer'], `${issuer} stands twice`))
    seen.add(issuer)
  }
}

/** The driver that reads the catalog checks a certificate against names alone. */
function checkServerNames({ targets }: Merged, problems: Problem[]): void {
  for (const { value, at } of targets) {
    const { engine, tls, host } = value
    if (engine !== 'mysql' || tls.mode !== 'verify-full' || isIP(tls.serverName ?? host) === 0) continue
    const what = 'verify-full of a server by its address needs tls.serverName, a name in its certificate'
    problems.push(problemAt(at, tls.serverName === undefined ? ['host'] : ['tls', 'serverName'], what))
  }
}

function checkAccounts(merged: Merged, roles: ReadonlyMap<string, RoleSection>, problems: Problem[]): void {
  for (const { value, at } of merged.targets) {
    for (const kind of ['static', 'dynamic'] as const) {
      for (const role of Object.keys(value.accounts[kind]?.roles ?? {})) {
        if (!roles.has(role)) problems.push(problemAt(at, ['accounts', kind, 'roles', role], `unknown role ${role}`))
      }
    }
  }
}

/** A replica has no accounts of its own: they come to it from where they are made. */
function checkReplicas({ targets }: Merged, problems: Problem[]): void {
  const byName = new Map(targets.map(({ value }) => [value.name, value]))
  for (const { value, at } of targets) {
    if (value.replicaOf === undefined) continue
    const primary = byName.get(value.replicaOf)
    const problem = (message: string) => problems.push(problemAt(at, ['replicaOf'], message))
    if (primary === undefined) problem(`unknown target ${value.replicaOf}`)
    else if (primary.engine !== value.engine) problem(`${primary.name} is not a ${value.engine} target`)
    else if (primary.replicaOf !== undefined) problem(`${primary.name} is a replica itself`)
    else if (!primary.accounts.dynamic || !value.accounts.dynamic) problem('both targets need dynamic accounts')
  }
}

function checkRole({ value, at }: Placed<RoleSection>, merged: Merged, problems: Problem[]): void {
  for (const [name, claim] of Object.entries(value.parametersFromClaims)) {
    const problem = (message: string) => problems.push(problemAt(at, ['parametersFromClaims', name], message))
    if (value.parameters[name] === undefined) problem(`unknown parameter ${name}`)
    if (merged.oidc.value.claims.values[claim] === undefined) problem(`oidc.claims.values has no ${claim}`)
  }
  for (const [rule, scope] of value.scope.entries()) {
    for (const [index, condition] of scope.where.entries()) {
      const { parameter } = condition
      if (parameter === undefined || value.parameters[parameter] !== undefined) continue
      const path = ['scope', rule, 'where', index, 'parameter']
      problems.push(problemAt(at, path, `unknown parameter ${parameter}`))
    }
  }
}

function checkGrant(
  { value, at }: Placed<GrantSection>,
  targets: ReadonlySet<string>,
  roles: ReadonlyMap<string, RoleSection>,
  problems: Problem[],
): void {
  if (!targets.has(value.target)) problems.push(problemAt(at, ['target'], `unknown target ${value.target}`))
  const role = roles.get(value.role)
  if (role === undefined) {
    problems.push(problemAt(at, ['role'], `unknown role ${value.role}`))
    return
  }
  const types = new Map(Object.entries(role.parameters))
  for (const [name, parameter] of Object.entries(value.parameters)) {
    const type = types.get(name)
    if (type === undefined)
      problems.push(problemAt(at, ['parameters', name], `role ${role.name} has no such parameter`))
    else if (!fits(type, parameter)) problems.push(problemAt(at, ['parameters', name], `must be of type ${type}`))
    types.delete(name)
  }
  for (const name of types.keys()) problems.push(problemAt(at, ['parameters'], `parameter ${name} is missing`))
}

/** One id has one class, whichever file says it. */
function checkClasses({ classIds, classified, targets }: Merged, problems: Problem[]): void {
  const names = new Set(targets.map(({ value }) => value.name))
  const known = new Map<string, string>()
  for (const { value, at } of classIds) {
    const before = known.get(value.id)
    if (before !== undefined && before !== value.class)
      problems.push(problemAt(at, [], `the id ${value.id} is called ${before} elsewhere`))
    known.set(value.id, value.class)
  }
  for (const { value, at } of classified) {
    for (const [index, target] of value.targets.entries()) {
      if (!target.endsWith('*') && !names.has(target))
        problems.push(problemAt(at, ['targets', index], `unknown target ${target}`))
    }
  }
}

function checkMasks(merged: Merged, problems: Problem[]): void {
  const keys = new Set(merged.keys.map((key) => key.value.name))
  const targets = new Set(merged.targets.map((target) => target.value.name))
  for (const { value, at } of merged.masks) {
    if ('key' in value && !keys.has(value.key)) problems.push(problemAt(at, ['key'], `unknown key ${value.key}`))
    for (const [index, inner] of ('paths' in value ? value.paths : []).entries()) {
      if (!('key' in inner) || keys.has(inner.key)) continue
      problems.push(problemAt(at, ['paths', index, 'key'], `unknown key ${inner.key}`))
    }
    for (const [index, target] of value.targets.entries()) {
      if (target.endsWith('*') || targets.has(target)) continue
      problems.push(problemAt(at, ['targets', index], `unknown target ${target}`))
    }
  }
}

function fits(type: ParameterType, value: ParameterValue): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string'
    case 'integer':
      return Number.isSafeInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'uuid':
      return typeof value === 'string' && UUID.test(value)
  }
}
