import { SallyportError } from '../../errors.ts'
import { CAPABILITY, has } from '../../wire/mysql/capabilities.ts'
import type { Packet } from '../../wire/mysql/framer.ts'
import { encodePackets, packetCount } from '../../wire/mysql/packets.ts'
import type { Exchange } from './exchange.ts'
import type { SessionState } from './state.ts'

const NOTHING = new Uint8Array(0)

/** A file of the client's that is on its way ("LOCAL INFILE Request"). */
export interface Upload {
  /** Number of the next packet to the server. */
  sequence: number
}

/**
 * The server asks for the file that a LOAD DATA LOCAL names. It is the server's to ask and the client's to give: what
 * the proxy sees to is that it was agreed, and that is under an unrestricted role alone.
 */
export function beginUpload(state: SessionState, { sequence }: Packet): void {
  if (!has(state.capabilities, CAPABILITY.localFiles) || !state.unrestricted) {
    throw new SallyportError('SP-PROTOCOL', 'the database asks for a file of the client, which was not offered')
  }
  state.upload = { sequence: (sequence + 1) & 0xff }
}

/** A client that is told no more sends no file either: the server gets the end of one. */
export function declineUpload({ output }: SessionState, { sequence }: Packet): void {
  output.server(encodePackets(NOTHING, (sequence + 1) & 0xff))
}

/** A piece of the file; an empty one is its end, after which the server says how it went. */
export function upload(state: SessionState, exchange: Exchange, { payload, sequence }: Packet): void {
  const sent = state.upload
  if (!sent) return
  state.output.server(encodePackets(payload, sent.sequence))
  sent.sequence = (sent.sequence + packetCount(payload.length)) & 0xff
  if (payload.length > 0) return
  state.upload = null
  exchange.sequence = (sequence + 1) & 0xff
}
