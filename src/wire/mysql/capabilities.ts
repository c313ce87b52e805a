import { unsupported } from './text.ts'

/** Capability flags ("Capabilities Flags" of the MySQL source documentation). */
export const CAPABILITY = {
  longPassword: 0x1,
  foundRows: 0x2,
  longFlag: 0x4,
  connectWithDb: 0x8,
  noSchema: 0x10,
  compress: 0x20,
  odbc: 0x40,
  localFiles: 0x80,
  ignoreSpace: 0x100,
  protocol41: 0x200,
  interactive: 0x400,
  ssl: 0x800,
  ignoreSigpipe: 0x1000,
  transactions: 0x2000,
  secureConnection: 0x8000,
  multiStatements: 0x10000,
  multiResults: 0x20000,
  psMultiResults: 0x40000,
  pluginAuth: 0x80000,
  connectAttrs: 0x100000,
  pluginAuthLenencData: 0x200000,
  expiredPasswords: 0x400000,
  sessionTrack: 0x800000,
  deprecateEof: 0x1000000,
  optionalResultsetMetadata: 0x2000000,
  zstd: 0x4000000,
  queryAttributes: 0x8000000,
  multiFactor: 0x10000000,
} as const

/**
 * Flags that are never agreed: a switch of sql_mode outside SQL, results without the description they are checked by,
 * and a second login round.
 */
const NEVER =
  CAPABILITY.ignoreSpace |
  CAPABILITY.optionalResultsetMetadata |
  CAPABILITY.multiFactor |
  CAPABILITY.expiredPasswords |
  CAPABILITY.noSchema

/** What the proxy offers to clients, apart from TLS and compression, which are the connection's, and files, which are few people's. */
export const OFFERED =
  CAPABILITY.longPassword |
  CAPABILITY.foundRows |
  CAPABILITY.longFlag |
  CAPABILITY.connectWithDb |
  CAPABILITY.protocol41 |
  CAPABILITY.interactive |
  CAPABILITY.transactions |
  CAPABILITY.secureConnection |
  CAPABILITY.multiStatements |
  CAPABILITY.multiResults |
  CAPABILITY.psMultiResults |
  CAPABILITY.pluginAuth |
  CAPABILITY.connectAttrs |
  CAPABILITY.pluginAuthLenencData |
  CAPABILITY.sessionTrack |
  CAPABILITY.deprecateEof |
  CAPABILITY.queryAttributes

/** MariaDB's flags above 32 bits, without those ("Capabilities"). */
export const EXTENDED = { progress: 0x1, bulkOperations: 0x4, extendedMetadata: 0x8, cacheMetadata: 0x10 } as const

/**
 * What of them is ever agreed: neither results without the description that they are checked by, nor packets of a form
 * of their own.
 */
export const EXTENDED_OFFERED = EXTENDED.bulkOperations | EXTENDED.extendedMetadata

/** Every client and server since 5.0 has these; without them the login packets have another form. */
const REQUIRED = CAPABILITY.protocol41 | CAPABILITY.secureConnection

/** The flags both sides use: unsigned, never one of `NEVER`. A peer older than 4.1 throws `SP-UNSUPPORTED`. */
export function negotiate(clientFlags: number, ourFlags: number): number {
  const agreed = clientFlags & ourFlags & ~NEVER
  if ((agreed & REQUIRED) !== REQUIRED) throw unsupported('the peer does not speak protocol 4.1')
  return agreed >>> 0
}

export function has(capabilities: number, flag: number): boolean {
  return (capabilities & flag) !== 0
}
