import { Reader } from '../../bytes/reader.ts'
import { broken, message, readString, writeString } from './message.ts'
import { CLIENT } from './type-bytes.ts'

type Target = 'statement' | 'portal'

export interface Describe {
  readonly kind: 'describe'
  readonly target: Target
  readonly name: string
}

export interface Close {
  readonly kind: 'close'
  readonly target: Target
  readonly name: string
}

/** `maxRows` of 0 or less means no limit, as in the server. */
export interface Execute {
  readonly kind: 'execute'
  readonly portal: string
  readonly maxRows: number
}

const STATEMENT = 0x53 // S
const PORTAL = 0x50 // P

export function decodeDescribe(body: Uint8Array): Describe {
  return { kind: 'describe', ...readTarget(body) }
}

export function decodeClose(body: Uint8Array): Close {
  return { kind: 'close', ...readTarget(body) }
}

export function encodeDescribe({ target, name }: Describe): Uint8Array {
  return encodeTarget(CLIENT.describe, target, name)
}

export function encodeClose({ target, name }: Close): Uint8Array {
  return encodeTarget(CLIENT.close, target, name)
}

export function decodeExecute(body: Uint8Array): Execute {
  const reader = new Reader(body)
  const portal = readString(reader)
  const maxRows = reader.i32be()
  reader.expectEnd()
  return { kind: 'execute', portal, maxRows }
}

export function encodeExecute({ portal, maxRows }: Execute): Uint8Array {
  return message(CLIENT.execute, (writer) => {
    writeString(writer, portal)
    writer.i32be(maxRows)
  })
}

function readTarget(body: Uint8Array): { target: Target; name: string } {
  const reader = new Reader(body)
  const byte = reader.u8()
  if (byte !== STATEMENT && byte !== PORTAL) throw broken('neither a statement nor a portal is named')
  const name = readString(reader)
  reader.expectEnd()
  return { target: byte === STATEMENT ? 'statement' : 'portal', name }
}

function encodeTarget(type: number, target: Target, name: string): Uint8Array {
  return message(type, (writer) => {
    writer.u8(target === 'statement' ? STATEMENT : PORTAL)
    writeString(writer, name)
  })
}
