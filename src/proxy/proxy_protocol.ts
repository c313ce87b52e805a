import { SallyportError } from '../errors.ts'

/** The client as a trusted load balancer names it, and how many bytes its header took. */
export interface ProxyHeader {
  /** Null for LOCAL or UNKNOWN: the balancer speaks for itself (a health check). */
  readonly source: { readonly address: string; readonly port: number } | null
  readonly length: number
}

/** The PROXY protocol's signature of version 2 (haproxy, proxy-protocol.txt, section 2.2). */
const SIGNATURE_V2 = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)
const HEADER_V2_BYTES = 16
/** Version 1 begins with `PROXY ` (section 2.1). */
const START_V1 = Uint8Array.of(0x50, 0x52, 0x4f, 0x58, 0x59, 0x20)
/** The longest version 1 line, CRLF included (section 2.1). */
const MAX_V1_BYTES = 107
/** Addresses of AF_INET6 take 36 bytes; the rest are TLVs, which are skipped. */
const MAX_V2_BODY_BYTES = 4096

/** The header at the start of `bytes`, or null when more bytes are needed. Anything else is `SP-PROTOCOL`. */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader | null {
  const shared = Math.min(bytes.length, SIGNATURE_V2.length)
  const isV2 = SIGNATURE_V2.subarray(0, shared).every((byte, at) => bytes[at] === byte)
  if (bytes.length === 0) return null
  return isV2 ? parseV2(bytes) : parseV1(bytes)
}

function parseV1(bytes: Uint8Array): ProxyHeader | null {
  // What can't become a header is refused at once, and not when the deadline is over.
  if (!START_V1.subarray(0, bytes.length).every((byte, at) => bytes[at] === byte)) throw bad()
  const end = bytes.indexOf(0x0a)
  if (end < 0) {
    if (bytes.length >= MAX_V1_BYTES) throw bad()
    return null
  }
  const line = String.fromCharCode(...bytes.subarray(0, end + 1))
  const match = /^PROXY (?:(UNKNOWN)[^\r\n]*|TCP[46] (\S+) \S+ (\d{1,5}) \d{1,5})\r\n$/.exec(line)
  if (!match || end + 1 > MAX_V1_BYTES) throw bad()
  if (match[1]) return { source: null, length: end + 1 }
  return { source: { address: match[2] as string, port: portOf(Number(match[3])) }, length: end + 1 }
}

function parseV2(bytes: Uint8Array): ProxyHeader | null {
  if (bytes.length < HEADER_V2_BYTES) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const versionCommand = view.getUint8(12)
  const family = view.getUint8(13)
  const bodyBytes = view.getUint16(14)
  if (versionCommand >>> 4 !== 2 || bodyBytes > MAX_V2_BODY_BYTES) throw bad()
  const length = HEADER_V2_BYTES + bodyBytes
  if (bytes.length < length) return null
  const command = versionCommand & 0x0f
  if (command === 0) return { source: null, length }
  if (command !== 1) throw bad()
  return { source: sourceV2(view, family, bodyBytes), length }
}

const TCP4 = 0x11
const TCP6 = 0x21

function sourceV2(view: DataView, family: number, bodyBytes: number): ProxyHeader['source'] {
  if (family === TCP4 && bodyBytes >= 12) {
    const octets = [0, 1, 2, 3].map((at) => view.getUint8(HEADER_V2_BYTES + at))
    return { address: octets.join('.'), port: view.getUint16(HEADER_V2_BYTES + 8) }
  }
  if (family === TCP6 && bodyBytes >= 36) {
    const groups = [0, 1, 2, 3, 4, 5, 6, 7].map((at) => view.getUint16(HEADER_V2_BYTES + at * 2).toString(16))
    return { address: groups.join(':'), port: view.getUint16(HEADER_V2_BYTES + 32) }
  }
  throw bad()
}

function portOf(port: number): number {
  if (port > 65_535) throw bad()
  return port
}

function bad(): SallyportError {
  return new SallyportError('SP-PROTOCOL', 'the connection does not start with a PROXY protocol header')
}
