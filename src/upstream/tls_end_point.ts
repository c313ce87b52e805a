import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

const HASHES = ['sha224', 'sha256', 'sha384', 'sha512']
const WEAK_HASHES = ['md5', 'sha1']

/**
 * The data of channel binding tls-server-end-point (RFC 5929, section 4.1): the server's certificate hashed as its
 * signature is, with SHA-256 in place of MD5 and SHA-1. Null without TLS, and where the signature names no one hash.
 */
export function tlsEndPoint(socket: Socket): Uint8Array | null {
  if (!(socket instanceof TLSSocket)) return null
  const certificate = socket.getPeerX509Certificate()
  // `ecdsa-with-SHA256`, `sha384WithRSAEncryption`; Ed25519 and RSA-PSS name none here.
  const signature = certificate?.signatureAlgorithm?.toLowerCase() ?? ''
  const hash = WEAK_HASHES.some((name) => signature.includes(name))
    ? 'sha256'
    : HASHES.find((name) => signature.includes(name))
  return certificate === undefined || hash === undefined ? null : createHash(hash).update(certificate.raw).digest()
}
