import type { Target } from '../../src/session/ports.ts'
import type { DatabaseServer } from '../servers/process.ts'

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
    durability: 'log',
    ...change,
  }
}

/** A target that is a started server, by its superuser, with the certificate verified in full. */
export function liveTarget(engine: Target['engine'], server: DatabaseServer, change: Partial<Target> = {}): Target {
  return targetOf({
    engine,
    host: server.host,
    port: server.port,
    tls: { mode: 'verify-full', ca: server.ca, serverName: 'localhost' },
    admin: { user: server.user, password: server.password },
    ...change,
  })
}
