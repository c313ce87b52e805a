import { Reader } from '../../bytes/reader.ts'
import {
  broken,
  type Format,
  message,
  readFormat,
  readList,
  readString,
  readValue,
  writeFormat,
  writeList,
  writeString,
  writeValue,
} from './message.ts'
import { CLIENT } from './type-bytes.ts'

/** Formats: none means all text, one stands for all, else one for each value. Values are views; null is NULL. */
export interface Bind {
  readonly kind: 'bind'
  readonly portal: string
  readonly statement: string
  readonly parameterFormats: readonly Format[]
  readonly values: readonly (Uint8Array | null)[]
  readonly resultFormats: readonly Format[]
}

export function decodeBind(body: Uint8Array): Bind {
  const reader = new Reader(body)
  const portal = readString(reader)
  const statement = readString(reader)
  const parameterFormats = readList(reader, readFormat)
  const values = readList(reader, readValue)
  expectFormats(parameterFormats, values)
  const resultFormats = readList(reader, readFormat)
  reader.expectEnd()
  return { kind: 'bind', portal, statement, parameterFormats, values, resultFormats }
}

export function encodeBind(bind: Bind): Uint8Array {
  expectFormats(bind.parameterFormats, bind.values)
  return message(CLIENT.bind, (writer) => {
    writeString(writer, bind.portal)
    writeString(writer, bind.statement)
    writeList(writer, bind.parameterFormats, writeFormat)
    writeList(writer, bind.values, writeValue)
    writeList(writer, bind.resultFormats, writeFormat)
  })
}

/** The server refuses a count of formats that is neither 0, 1 nor that of the values. */
export function expectFormats(formats: readonly Format[], values: readonly unknown[]): void {
  if (formats.length > 1 && formats.length !== values.length) throw broken('formats and values differ in number')
}
