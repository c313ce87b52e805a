import { Reader } from '../../bytes/reader.ts'
import { broken, message, writeString } from './message.ts'
import { SERVER } from './type-bytes.ts'

type ErrorField = readonly [code: string, value: string]

/** Fields in the order of the wire ("Error and Notice Message Fields"); codes are single ASCII characters. */
export interface ErrorResponse {
  readonly kind: 'errorResponse'
  readonly fields: readonly ErrorField[]
}

export interface NoticeResponse {
  readonly kind: 'noticeResponse'
  readonly fields: readonly ErrorField[]
}

/** What the proxy says in an error or notice of its own. `position` counts characters of the query from 1. */
export interface ErrorReport {
  readonly severity: 'ERROR' | 'FATAL' | 'PANIC' | 'WARNING' | 'NOTICE' | 'DEBUG' | 'INFO' | 'LOG'
  readonly sqlstate: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
  readonly position?: number
}

/** Before the login the server speaks in its own encoding, and nothing is judged by these texts: so not strict. */
const lenient = new TextDecoder('utf-8', { ignoreBOM: true })

export function decodeErrorFields(body: Uint8Array): ErrorField[] {
  const reader = new Reader(body)
  const fields: ErrorField[] = []
  for (let code = reader.u8(); code !== 0; code = reader.u8()) {
    if (code > 0x7f) throw broken('an error field code is not ASCII')
    fields.push([String.fromCharCode(code), lenient.decode(reader.untilNul())])
  }
  reader.expectEnd()
  return fields
}

export function encodeErrorFields({ kind, fields }: ErrorResponse | NoticeResponse): Uint8Array {
  return message(SERVER[kind], (writer) => {
    for (const [code, value] of fields) {
      writer.u8(fieldByte(code))
      writeString(writer, value)
    }
    writer.u8(0)
  })
}

/** The fields of a report: S, V, C and M always, as protocol 3.0 wants since version 9.6; the others when given. */
export function errorFields(report: ErrorReport): ErrorField[] {
  const fields: ErrorField[] = [
    ['S', report.severity],
    ['V', report.severity],
    ['C', report.sqlstate],
    ['M', report.message],
  ]
  if (report.detail !== undefined) fields.push(['D', report.detail])
  if (report.hint !== undefined) fields.push(['H', report.hint])
  if (report.position !== undefined) fields.push(['P', String(report.position)])
  return fields
}

/** The value of a field, undefined when the sender left it out (a server may leave out even the SQLSTATE). */
export function errorField(fields: readonly ErrorField[], code: string): string | undefined {
  return fields.find(([candidate]) => candidate === code)?.[1]
}

function fieldByte(code: string): number {
  const byte = code.charCodeAt(0)
  if (code.length !== 1 || byte === 0 || byte > 0x7f) throw broken('an error field code is one ASCII character')
  return byte
}
