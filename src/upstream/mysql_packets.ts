import { SallyportError } from '../errors.ts'
import { PacketFramer } from '../wire/mysql/framer.ts'
import { encodePackets } from '../wire/mysql/packets.ts'
import type { Conversation } from './conversation.ts'

/** One packet of a login: the longest is an RSA key in PEM or an error's text. */
const PACKET_BYTES_MAX = 65_536
const SEQUENCES = 256

/** The packets of a login ("MySQL Packets"): each with the next sequence number, ours and the server's in one row. */
export class PacketStream {
  #conversation: Conversation
  readonly #framer = new PacketFramer({ maxPayloadBytes: PACKET_BYTES_MAX })
  #chunk: Uint8Array = new Uint8Array(0)
  #sequence = 0

  constructor(conversation: Conversation) {
    this.#conversation = conversation
  }

  /** Goes on over another socket, where TLS began, with the sequence as it stands. */
  move(conversation: Conversation): void {
    this.#conversation = conversation
  }

  /** A command starts a new row of numbers. */
  restart(): void {
    this.#sequence = 0
  }

  /** The payload of the server's next packet, at least one byte. Malformed is `SP-PROTOCOL`. */
  async read(): Promise<Uint8Array> {
    let packet = this.#framer.next()
    while (packet === null) {
      this.#chunk = await this.#conversation.next()
      this.#framer.push(this.#chunk)
      packet = this.#framer.next()
    }
    if (packet.payload.length === 0) throw new SallyportError('SP-PROTOCOL', 'a packet of the login is empty')
    if (packet.sequence !== this.#sequence) {
      throw new SallyportError('SP-PROTOCOL', 'a packet of the login is out of order')
    }
    this.#sequence = (packet.sequence + 1) % SEQUENCES
    return packet.payload
  }

  write(payload: Uint8Array): void {
    this.#conversation.write(encodePackets(payload, this.#sequence))
    this.#sequence = (this.#sequence + 1) % SEQUENCES
  }

  /**
   * The socket is the caller's from here on; the answer is what the server sent beyond the packets read. To be called
   * after a read: what the framer then still holds is the end of the chunk that completed the last packet.
   */
  release(): Uint8Array {
    const held = this.#chunk.subarray(this.#chunk.length - this.#framer.buffered)
    const unread = this.#conversation.release()
    const rest = new Uint8Array(held.length + unread.length)
    rest.set(held)
    rest.set(unread, held.length)
    return rest
  }
}
