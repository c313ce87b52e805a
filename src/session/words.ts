import type { LoginAllowed } from './login.ts'

/** What a person is told when a session begins: target, environment, role and end of the grant. */
export function welcome({ target, grant }: LoginAllowed): string {
  const environment = target.labels.env ? ` (${target.labels.env})` : ''
  return `connected to ${target.name}${environment} as role ${grant.role} until ${new Date(grant.end).toISOString()}`
}
