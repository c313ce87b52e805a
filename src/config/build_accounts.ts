import type { Credential } from '../session/ports.ts'
import type { Config, DynamicAccount } from './config.ts'
import type { Placed } from './merge.ts'
import type { Resolver } from './resolve.ts'
import type { TargetSection } from './schema_file.ts'

type StaticAccount = Config['staticAccounts'] extends ReadonlyMap<string, infer A> ? A : never
type DynamicAccounts = Config['dynamicAccounts'] extends ReadonlyMap<string, infer A> ? A : never

/** What stands for a secret that could not be read: the configuration is refused then, and this never used. */
const UNREAD: Credential = { user: '', password: '' }

export async function buildStaticAccount(
  { value, at }: Placed<TargetSection>,
  resolver: Resolver,
): Promise<StaticAccount | null> {
  const section = value.accounts.static
  if (!section) return null
  const path = ['accounts', 'static']
  const read = async ({ user, password }: { user?: string | undefined; password: string }, below: string[]) =>
    (await resolver.login(password, user ?? null, at, below)) ?? UNREAD
  const byRole = new Map<string, Credential>()
  for (const [role, account] of Object.entries(section.roles)) {
    byRole.set(role, await read(account, [...path, 'roles', role]))
  }
  return { default: await read(section, path), byRole }
}

export function dynamicAccounts({ value }: Placed<TargetSection>): DynamicAccounts | null {
  const section = value.accounts.dynamic
  if (!section) return null
  const { ttlMargin, warm, ownerRole, memberOf, marker, host, replicaWait, roles } = section
  const general: DynamicAccount = {
    ttlMarginMs: ttlMargin,
    warm,
    ownerRole: ownerRole ?? null,
    memberOf,
    marker,
    host,
    replicaWaitMs: replicaWait,
  }
  const byRole = Object.entries(roles).map(([role, own]): [string, DynamicAccount] => [
    role,
    {
      ...general,
      warm: own.warm ?? general.warm,
      ownerRole: own.ownerRole ?? general.ownerRole,
      memberOf: own.memberOf ?? general.memberOf,
    },
  ])
  return { default: general, byRole: new Map(byRole), replicaOf: value.replicaOf ?? null }
}
