import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import { SallyportError } from '../errors.ts'

export interface Secured {
  readonly socket: TLSSocket
  /** `TLSv1.3`. */
  readonly version: string
  readonly serverName: string | null
  readonly alpn: string | null
  /** DER of the certificate that the client showed, which nobody has verified yet; null for none. */
  readonly clientCertificate: Uint8Array | null
}

/**
 * Takes the server's side of TLS on an accepted socket. Bytes already read have to be put back with `unshift` before:
 * they are the ClientHello. `alpn` empty offers no protocol. With `askCertificate` a client may show a certificate: what it
 * is worth is judged by whoever reads it, and a client without one gets through.
 */
export function secureServer(
  socket: Socket,
  secureContext: SecureContext,
  alpn: readonly string[],
  askCertificate: boolean,
): Promise<Secured> {
  const { promise, resolve, reject } = Promise.withResolvers<Secured>()
  const options = {
    ...(alpn.length > 0 ? { ALPNProtocols: [...alpn] } : {}),
    ...(askCertificate ? { requestCert: true, rejectUnauthorized: false } : {}),
  }
  const secured = new TLSSocket(socket, { isServer: true, secureContext, ...options })
  const failed = () => {
    secured.destroy()
    reject(new SallyportError('SP-PROTOCOL', 'the TLS handshake failed'))
  }
  secured.once('error', failed)
  secured.once('close', failed)
  secured.once('secure', () => {
    secured.off('error', failed)
    secured.off('close', failed)
    secured.pause()
    resolve({
      socket: secured,
      version: secured.getProtocol() ?? 'unknown',
      // Set by Node on the server's side once the ClientHello named one.
      serverName: (secured as TLSSocket & { servername?: string | false }).servername || null,
      alpn: secured.alpnProtocol || null,
      clientCertificate: askCertificate ? (secured.getPeerX509Certificate()?.raw ?? null) : null,
    })
  })
  return promise
}
