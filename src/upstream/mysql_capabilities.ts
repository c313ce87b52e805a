import { SallyportError } from '../errors.ts'
import { CAPABILITY, has, negotiate } from '../wire/mysql/capabilities.ts'

const ALWAYS =
  CAPABILITY.protocol41 |
  CAPABILITY.secureConnection |
  CAPABILITY.pluginAuth |
  CAPABILITY.pluginAuthLenencData |
  CAPABILITY.longPassword |
  CAPABILITY.transactions |
  CAPABILITY.multiResults |
  CAPABILITY.psMultiResults

/** What a client's own wish may add, as far as the server knows it. */
const BY_WISH =
  CAPABILITY.foundRows |
  CAPABILITY.longFlag |
  CAPABILITY.interactive |
  CAPABILITY.multiStatements |
  CAPABILITY.sessionTrack |
  CAPABILITY.deprecateEof |
  CAPABILITY.queryAttributes |
  CAPABILITY.localFiles

export interface Wish {
  readonly client: number
  readonly server: number
  readonly tls: boolean
  readonly database: boolean
  readonly attributes: boolean
}

/**
 * The flags that this login uses: never one that the server lacks. A server without authentication plugins (before
 * 5.5), without TLS where the target wants it, or without databases in the login is refused.
 */
export function agreedCapabilities({ client, server, tls, database, attributes }: Wish): number {
  const wanted =
    ALWAYS |
    (client & BY_WISH) |
    (tls ? CAPABILITY.ssl : 0) |
    (database ? CAPABILITY.connectWithDb : 0) |
    (attributes ? CAPABILITY.connectAttrs : 0)
  const agreed = negotiate(wanted, server)
  if (!has(agreed, CAPABILITY.pluginAuth)) {
    throw new SallyportError('SP-UNSUPPORTED', 'the server knows no authentication plugins')
  }
  if (tls && !has(agreed, CAPABILITY.ssl)) throw new SallyportError('SP-UPSTREAM', 'the database offers no TLS')
  if (database && !has(agreed, CAPABILITY.connectWithDb)) {
    throw new SallyportError('SP-UNSUPPORTED', 'the server takes no database in a login')
  }
  return agreed
}
