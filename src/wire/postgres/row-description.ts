import { Reader } from '../../bytes/reader.ts'
import {
  decodeText,
  type Format,
  message,
  readFormat,
  readList,
  writeFormat,
  writeList,
  writeString,
} from './message.ts'
import type { MessageWriter } from './message-writer.ts'
import { SERVER } from './type-bytes.ts'

/** What it takes to describe a column of a result. `tableOid` and `column` are 0 for what is no table's column. */
export interface FieldInput {
  readonly name: string
  readonly tableOid: number
  /** Attribute number in the table; negative for system columns. */
  readonly column: number
  readonly typeOid: number
  /** Bytes; negative for types of variable width. */
  readonly typeSize: number
  readonly typmod: number
  readonly format: Format
}

/** `raw` are the bytes of the name as the server sent them. */
export interface Field extends FieldInput {
  readonly raw: Uint8Array
}

export interface RowDescriptionInput {
  readonly kind: 'rowDescription'
  readonly fields: readonly FieldInput[]
}

export interface RowDescription extends RowDescriptionInput {
  readonly fields: readonly Field[]
}

/** Type OIDs of the parameters of a described statement. */
export interface ParameterDescription {
  readonly kind: 'parameterDescription'
  readonly parameterTypes: readonly number[]
}

export function decodeRowDescription(body: Uint8Array): RowDescription {
  const reader = new Reader(body)
  const fields = readList(reader, readField)
  reader.expectEnd()
  return { kind: 'rowDescription', fields }
}

export function encodeRowDescription({ fields }: RowDescriptionInput): Uint8Array {
  return message(SERVER.rowDescription, (writer) => writeList(writer, fields, writeField))
}

export function decodeParameterDescription(body: Uint8Array): ParameterDescription {
  const reader = new Reader(body)
  const parameterTypes = readList(reader, (r) => r.u32be())
  reader.expectEnd()
  return { kind: 'parameterDescription', parameterTypes }
}

export function encodeParameterDescription({ parameterTypes }: ParameterDescription): Uint8Array {
  return message(SERVER.parameterDescription, (writer) => writeList(writer, parameterTypes, (w, oid) => w.i32be(oid)))
}

function readField(reader: Reader): Field {
  const raw = reader.untilNul()
  return {
    name: decodeText(raw),
    raw,
    tableOid: reader.u32be(),
    column: reader.i16be(),
    typeOid: reader.u32be(),
    typeSize: reader.i16be(),
    typmod: reader.i32be(),
    format: readFormat(reader),
  }
}

function writeField(writer: MessageWriter, field: FieldInput): void {
  writeString(writer, field.name)
  writer.i32be(field.tableOid).i16be(field.column).i32be(field.typeOid).i16be(field.typeSize).i32be(field.typmod)
  writeFormat(writer, field.format)
}
