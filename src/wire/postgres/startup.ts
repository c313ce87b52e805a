import { Reader } from '../../bytes/reader.ts'
import { SallyportError } from '../../errors.ts'
import { readKey, writeKey } from './cancel-key.ts'
import type { Frame } from './framer.ts'
import { broken, readString, writeString } from './message.ts'
import { MessageWriter } from './message-writer.ts'

const CANCEL_REQUEST = 80_877_102
const SSL_REQUEST = 80_877_103
const GSSENC_REQUEST = 80_877_104
const PROTOCOL_MAJOR = 3

/** `parameters` keep their order and their duplicates, so that the caller sees what the server would see. */
interface StartupMessage {
  readonly kind: 'startupMessage'
  readonly minor: number
  readonly parameters: readonly (readonly [name: string, value: string])[]
}

/** `key` has 4 bytes in protocol 3.0 and 4 to 256 in 3.2. */
interface CancelRequest {
  readonly kind: 'cancelRequest'
  readonly pid: number
  readonly key: Uint8Array
}

export type StartupPacket =
  | StartupMessage
  | CancelRequest
  | { readonly kind: 'sslRequest' }
  | { readonly kind: 'gssencRequest' }

/** A packet from `Framer.nextStartup`. Another major version than 3 is `SP-UNSUPPORTED`, all else `SP-PROTOCOL`. */
export function decodeStartup(frame: Frame): StartupPacket {
  const reader = new Reader(frame.body)
  const code = reader.i32be()
  if (code === CANCEL_REQUEST) return { kind: 'cancelRequest', pid: reader.i32be(), key: readKey(reader) }
  if (code === SSL_REQUEST) return bare(reader, 'sslRequest')
  if (code === GSSENC_REQUEST) return bare(reader, 'gssencRequest')
  if (code >>> 16 === PROTOCOL_MAJOR) return readStartup(reader, code & 0xffff)
  throw new SallyportError('SP-UNSUPPORTED', 'this is no protocol 3 startup packet')
}

export function encodeStartup(packet: StartupPacket): Uint8Array {
  const writer = new MessageWriter().i32be(0)
  switch (packet.kind) {
    case 'sslRequest':
      writer.i32be(SSL_REQUEST)
      break
    case 'gssencRequest':
      writer.i32be(GSSENC_REQUEST)
      break
    case 'cancelRequest':
      writer.i32be(CANCEL_REQUEST).i32be(packet.pid)
      writeKey(writer, packet.key)
      break
    case 'startupMessage':
      writeStartup(writer, packet)
  }
  writer.setI32be(0, writer.length)
  return writer.finish()
}

function bare<K extends string>(reader: Reader, kind: K): { readonly kind: K } {
  reader.expectEnd()
  return { kind }
}

function readStartup(reader: Reader, minor: number): StartupMessage {
  const parameters: [string, string][] = []
  while (reader.peek() !== 0) parameters.push([readString(reader), readString(reader)])
  reader.skip(1)
  reader.expectEnd()
  return { kind: 'startupMessage', minor, parameters }
}

function writeStartup(writer: MessageWriter, packet: StartupMessage): void {
  writer.i32be((PROTOCOL_MAJOR << 16) | packet.minor)
  for (const [name, value] of packet.parameters) {
    // An empty name is the terminator of the list.
    if (name === '') throw broken('a startup parameter has no name')
    writeString(writer, name)
    writeString(writer, value)
  }
  writer.u8(0)
}
