import { Reader } from '../../bytes/reader.ts'
import { expectFormats } from './bind.ts'
import { type Format, message, readFormat, readList, readValue, writeFormat, writeList, writeValue } from './message.ts'
import { CLIENT, SERVER } from './type-bytes.ts'

/** The fast path call of a function by OID. */
export interface FunctionCall {
  readonly kind: 'functionCall'
  readonly functionOid: number
  readonly argumentFormats: readonly Format[]
  readonly values: readonly (Uint8Array | null)[]
  readonly resultFormat: Format
}

export interface FunctionCallResponse {
  readonly kind: 'functionCallResponse'
  readonly value: Uint8Array | null
}

export function decodeFunctionCall(body: Uint8Array): FunctionCall {
  const reader = new Reader(body)
  const functionOid = reader.u32be()
  const argumentFormats = readList(reader, readFormat)
  const values = readList(reader, readValue)
  expectFormats(argumentFormats, values)
  const resultFormat = readFormat(reader)
  reader.expectEnd()
  return { kind: 'functionCall', functionOid, argumentFormats, values, resultFormat }
}

export function encodeFunctionCall(call: FunctionCall): Uint8Array {
  expectFormats(call.argumentFormats, call.values)
  return message(CLIENT.functionCall, (writer) => {
    writer.i32be(call.functionOid)
    writeList(writer, call.argumentFormats, writeFormat)
    writeList(writer, call.values, writeValue)
    writeFormat(writer, call.resultFormat)
  })
}

export function decodeFunctionCallResponse(body: Uint8Array): FunctionCallResponse {
  const reader = new Reader(body)
  const value = readValue(reader)
  reader.expectEnd()
  return { kind: 'functionCallResponse', value }
}

export function encodeFunctionCallResponse({ value }: FunctionCallResponse): Uint8Array {
  return message(SERVER.functionCallResponse, (writer) => writeValue(writer, value))
}
