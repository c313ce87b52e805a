import { createHash, X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

const HASHES = ['sha224', 'sha256', 'sha384', 'sha512']
const WEAK_HASHES = ['md5', 'sha1']

/** Certificates in DER. Node 24 answers once when a socket is asked for its peer's; it is kept from the handshake on. */
const certificates = new WeakMap<Socket, Uint8Array>()

/** Keeps the server's certificate; `seen` is what the check of the server's identity was given, if it ran. */
export function keepCertificate(socket: TLSSocket, seen: Uint8Array | undefined): void {
  const certificate = seen ?? socket.getPeerX509Certificate()?.raw
  if (certificate !== undefined) certificates.set(socket, certificate)
}

/**
 * The data of channel binding tls-server-end-point (RFC 5929, section 4.1): the server's certificate hashed as its
 * signature is, with SHA-256 in place of MD5 and SHA-1. Null without TLS, and where the signature names no one hash.
 */
export function tlsEndPoint(socket: Socket): Uint8Array | null {
  const certificate = certificates.get(socket)
  return certificate === undefined ? null : endPointOf(new X509Certificate(certificate))
}

/** The same of a certificate of our own. */
export function endPointOf(certificate: X509Certificate): Uint8Array | null {
  // `ecdsa-with-SHA256`, `sha384WithRSAEncryption`; Ed25519 and RSA-PSS name none here.
  const signature = certificate.signatureAlgorithm?.toLowerCase() ?? ''
  const hash = WEAK_HASHES.some((name) => signature.includes(name))
    ? 'sha256'
    : HASHES.find((name) => signature.includes(name))
  return hash === undefined ? null : createHash(hash).update(certificate.raw).digest()
}
