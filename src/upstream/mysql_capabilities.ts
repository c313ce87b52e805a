/** Capability flags of the login ("Capabilities Flags" in the server's source documentation). */
export const CAPABILITY = {
  longPassword: 0x1,
  foundRows: 0x2,
  longFlag: 0x4,
  connectWithDb: 0x8,
  protocol41: 0x200,
  interactive: 0x400,
  ssl: 0x800,
  transactions: 0x2000,
  secureConnection: 0x8000,
  multiStatements: 0x10000,
  multiResults: 0x20000,
  psMultiResults: 0x40000,
  pluginAuth: 0x80000,
  connectAttrs: 0x100000,
  pluginAuthLenencData: 0x200000,
  sessionTrack: 0x800000,
  deprecateEof: 0x1000000,
  queryAttributes: 0x8000000,
} as const

/** Without these there is no login that is done here; every server since 5.5 has them. */
export const REQUIRED = CAPABILITY.protocol41 | CAPABILITY.secureConnection | CAPABILITY.pluginAuth

const ALWAYS =
  REQUIRED | CAPABILITY.longPassword | CAPABILITY.transactions | CAPABILITY.multiResults | CAPABILITY.psMultiResults

/**
 * What a client's own wish may add. Not here: LOCAL_FILES and COMPRESS; IGNORE_SPACE, which changes sql_mode;
 * OPTIONAL_RESULTSET_METADATA, which leaves out the description that results are checked by; expired passwords.
 */
const BY_WISH =
  CAPABILITY.foundRows |
  CAPABILITY.longFlag |
  CAPABILITY.interactive |
  CAPABILITY.multiStatements |
  CAPABILITY.sessionTrack |
  CAPABILITY.deprecateEof |
  CAPABILITY.queryAttributes

export interface Wish {
  readonly client: number
  readonly server: number
  readonly tls: boolean
  readonly database: boolean
  readonly attributes: boolean
}

/** The flags that this login uses: never one that the server lacks. */
export function agreedCapabilities({ client, server, tls, database, attributes }: Wish): number {
  const wanted =
    ALWAYS |
    CAPABILITY.pluginAuthLenencData |
    (client & BY_WISH) |
    (tls ? CAPABILITY.ssl : 0) |
    (database ? CAPABILITY.connectWithDb : 0) |
    (attributes ? CAPABILITY.connectAttrs : 0)
  return (wanted & server) >>> 0
}
