import type { Target } from '../../src/session/ports.ts'

export const NO_TLS = { mode: 'disable', ca: null, serverName: null } as const

/** A target on this machine; `change` overrides any part of it. */
export function targetOf(change: Partial<Target> & Pick<Target, 'engine' | 'port'>): Target {
  return {
    name: 'shop',
    host: '127.0.0.1',
    tls: NO_TLS,
    labels: {},
    defaultDatabase: 'shop',
    admin: { user: 'carol', password: 'not-a-secret' },
    maxConnections: 5,
    capture: 'normalized',
    catalogPollMs: 5_000,
    ...change,
  }
}
