import { isIP } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, type PeerCertificate } from 'node:tls'
import type { Target } from '../session/ports.ts'

const MIN_TLS_VERSION = 'TLSv1.2'

export interface TlsOptions extends ConnectionOptions {
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined
}

/** The name that the certificate of a target has to carry under `verify-full`. */
export function serverIdentity(target: Target): string {
  return target.tls.serverName ?? target.host
}

/**
 * Options of `tls.connect` for a target, or null where its mode is `disable`. As libpq does it: `require` encrypts and
 * verifies nothing unless a CA is given, which makes it `verify-ca`; `verify-ca` checks the chain; `verify-full` the
 * name too. Without `ca` the chain ends at the certificate authorities that Node carries.
 */
export function tlsOptions(target: Target): TlsOptions | null {
  const { mode, ca } = target.tls
  if (mode === 'disable') return null
  const identity = serverIdentity(target)
  return {
    minVersion: MIN_TLS_VERSION,
    rejectUnauthorized: mode !== 'require' || ca !== null,
    // The expected name is ours and never one that a library derived from how it was called.
    checkServerIdentity: (_host, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(identity, certificate) : undefined,
    ...(ca === null ? {} : { ca }),
    // SNI carries names only (RFC 6066, section 3).
    ...(isIP(identity) === 0 ? { servername: identity } : {}),
  }
}
