import { Reader } from '../../bytes/reader.ts'
import {
  broken,
  type Format,
  message,
  readFormat,
  readList,
  readString,
  writeFormat,
  writeList,
  writeString,
} from './message.ts'
import { CLIENT, SERVER } from './type-bytes.ts'

/** Either direction; the data is a view and nothing is known of its line or tuple boundaries. */
export interface CopyData {
  readonly kind: 'copyData'
  readonly data: Uint8Array
}

export interface CopyFail {
  readonly kind: 'copyFail'
  readonly reason: string
}

/** Start of COPY in a direction: the overall format and that of each column. */
export interface CopyResponse {
  readonly kind: 'copyInResponse' | 'copyOutResponse' | 'copyBothResponse'
  readonly format: Format
  readonly columnFormats: readonly Format[]
}

export function encodeCopyData({ data }: CopyData): Uint8Array {
  return message(CLIENT.copyData, (writer) => writer.bytes(data))
}

export function decodeCopyFail(body: Uint8Array): CopyFail {
  const reader = new Reader(body)
  const reason = readString(reader)
  reader.expectEnd()
  return { kind: 'copyFail', reason }
}

export function encodeCopyFail({ reason }: CopyFail): Uint8Array {
  return message(CLIENT.copyFail, (writer) => writeString(writer, reason))
}

export function decodeCopyResponse(body: Uint8Array, kind: CopyResponse['kind']): CopyResponse {
  const reader = new Reader(body)
  const format = reader.u8()
  if (format !== 0 && format !== 1) throw broken('unknown COPY format')
  const columnFormats = readList(reader, readFormat)
  reader.expectEnd()
  return { kind, format, columnFormats }
}

export function encodeCopyResponse(response: CopyResponse): Uint8Array {
  return message(SERVER[response.kind], (writer) => {
    writer.u8(response.format)
    writeList(writer, response.columnFormats, writeFormat)
  })
}
