import { encodePackets } from '../../wire/mysql/packets.ts'
import type { Denied } from '../gate.ts'
import type { SessionState } from './state.ts'
import { errPayload } from './words.ts'

/** The whole answer to a command, of the proxy's own. */
export function answer({ output }: SessionState, payload: Uint8Array, sequence: number): void {
  output.client(encodePackets(payload, sequence))
}

/** A refusal goes on record before the client hears of it. */
export function refuse(state: SessionState, { error, events }: Denied, sequence: number): void {
  state.output.record(events)
  answer(state, errPayload(error), sequence)
}
