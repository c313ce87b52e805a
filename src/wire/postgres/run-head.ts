import { type Head, headOf } from '../../bytes/head.ts'
import { HEADER_BYTES, readI32 } from './message.ts'

/** The first messages of a run of whole ones: as many as fit in both `maxMessages` and `maxBytes`. */
export function headOfRun(run: Uint8Array, maxMessages: number, maxBytes: number): Head {
  return headOf(run, maxMessages, maxBytes, HEADER_BYTES, endOfMessage)
}

/** The length of a message counts itself and not the type before it. */
function endOfMessage(run: Uint8Array, at: number): number {
  return at + 1 + readI32(run, at + 1)
}
