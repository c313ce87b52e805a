import { SallyportError } from '../errors.ts'
import type { Conversation } from './conversation.ts'

const HEADER_BYTES = 4
/** One packet of a login: the longest is an RSA key in PEM or an error's text. */
const PACKET_BYTES_MAX = 65_536
const SEQUENCES = 256

/** The packets of a login ("MySQL Packets"): each with the next sequence number, ours and the server's in one row. */
export class PacketStream {
  #conversation: Conversation
  #bytes: Uint8Array = new Uint8Array(0)
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
    await this.#fill(HEADER_BYTES)
    const [low, middle, high, sequence] = this.#bytes as unknown as readonly [number, number, number, number]
    const length = low | (middle << 8) | (high << 16)
    if (length === 0 || length > PACKET_BYTES_MAX) throw broken('a packet of the login is empty or too large')
    if (sequence !== this.#sequence) throw broken('a packet of the login is out of order')
    await this.#fill(HEADER_BYTES + length)
    this.#sequence = (sequence + 1) % SEQUENCES
    const payload = this.#bytes.subarray(HEADER_BYTES, HEADER_BYTES + length)
    this.#bytes = this.#bytes.subarray(HEADER_BYTES + length)
    return payload
  }

  write(payload: Uint8Array): void {
    const packet = new Uint8Array(HEADER_BYTES + payload.length)
    packet[0] = payload.length & 0xff
    packet[1] = (payload.length >>> 8) & 0xff
    packet[2] = payload.length >>> 16
    packet[3] = this.#sequence
    packet.set(payload, HEADER_BYTES)
    this.#sequence = (this.#sequence + 1) % SEQUENCES
    this.#conversation.write(packet)
  }

  /** The socket is the caller's from here on; the answer is what the server sent beyond the packets read. */
  release(): Uint8Array {
    const unread = this.#conversation.release()
    const rest = new Uint8Array(this.#bytes.length + unread.length)
    rest.set(this.#bytes)
    rest.set(unread, this.#bytes.length)
    return rest
  }

  async #fill(length: number): Promise<void> {
    while (this.#bytes.length < length) {
      const chunk = await this.#conversation.next()
      const joined = new Uint8Array(this.#bytes.length + chunk.length)
      joined.set(this.#bytes)
      joined.set(chunk, this.#bytes.length)
      this.#bytes = joined
    }
  }
}

function broken(detail: string): SallyportError {
  return new SallyportError('SP-PROTOCOL', detail)
}
