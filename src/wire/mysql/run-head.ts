import { type Head, headOf } from '../../bytes/head.ts'
import { HEADER_BYTES, lengthAt } from './packets.ts'

/** The first packets of a run of whole ones: as many as fit in both `maxPackets` and `maxBytes`. */
export function headOfPackets(run: Uint8Array, maxPackets: number, maxBytes: number): Head {
  return headOf(run, maxPackets, maxBytes, HEADER_BYTES, endOfPacket)
}

function endOfPacket(run: Uint8Array, at: number): number {
  return at + HEADER_BYTES + lengthAt(run, at)
}
