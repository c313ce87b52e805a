import { Reader } from '../../bytes/reader.ts'
import { message, readList, readString, writeList, writeString } from './message.ts'
import { CLIENT } from './type-bytes.ts'

/** Simple query: one text that may hold several statements. */
export interface Query {
  readonly kind: 'query'
  readonly text: string
}

/** `parameterTypes` are type OIDs; 0 leaves the type to the server. */
export interface Parse {
  readonly kind: 'parse'
  readonly name: string
  readonly text: string
  readonly parameterTypes: readonly number[]
}

export function decodeQuery(body: Uint8Array): Query {
  const reader = new Reader(body)
  const text = readString(reader)
  reader.expectEnd()
  return { kind: 'query', text }
}

export function encodeQuery({ text }: Query): Uint8Array {
  return message(CLIENT.query, (writer) => writeString(writer, text))
}

export function decodeParse(body: Uint8Array): Parse {
  const reader = new Reader(body)
  const name = readString(reader)
  const text = readString(reader)
  const parameterTypes = readList(reader, (r) => r.u32be())
  reader.expectEnd()
  return { kind: 'parse', name, text, parameterTypes }
}

export function encodeParse(parse: Parse): Uint8Array {
  return message(CLIENT.parse, (writer) => {
    writeString(writer, parse.name)
    writeString(writer, parse.text)
    writeList(writer, parse.parameterTypes, (w, oid) => w.i32be(oid))
  })
}
