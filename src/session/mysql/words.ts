import { encodeUtf8, Writer } from '../../bytes/writer.ts'
import type { SallyportError } from '../../errors.ts'
import { CAPABILITY, EXTENDED, has } from '../../wire/mysql/capabilities.ts'
import { encodeColumn } from '../../wire/mysql/column.ts'
import { EOF_HEADER, encodeEof, encodeErr, encodeOk, type Ok } from '../../wire/mysql/outcome.ts'
import { encodePackets } from '../../wire/mysql/packets.ts'
import { encodeTextRow } from '../../wire/mysql/text-row.ts'

/** The proxy's refusals in MySQL's own format: errno and SQLSTATE of the closed list, the code and the next step in the text. */
export function errPayload(error: SallyportError): Uint8Array {
  const { errno, mysqlState, next } = error.refusal
  return encodeErr({ errno, sqlState: mysqlState, message: `${error.detail} (${error.code}). ${next}` })
}

/** The server's error without a text that could quote a clear value. */
export function scrubbedErr(errno: number, sqlState: string): Uint8Array {
  const message = `the database reported error ${errno}; its message is withheld, since it could quote a protected value`
  return encodeErr({ errno, sqlState, message })
}

export function okPayload(status: number, capabilities: number, header: 0x00 | 0xfe = 0x00): Uint8Array {
  return encodeOk({ ...NO_CHANGE, status }, capabilities, header)
}

/** The end of a login: what the person is told is its text, and a warning that SHOW WARNINGS shows. */
export function welcomePayload(status: number, capabilities: number, text: string | null): Uint8Array {
  if (text === null) return okPayload(status, capabilities)
  return encodeOk({ ...NO_CHANGE, status, warnings: 1, info: encodeUtf8(text) }, capabilities)
}

const NO_CHANGE: Omit<Ok, 'kind' | 'status'> = {
  affectedRows: 0n,
  lastInsertId: 0n,
  warnings: 0,
  info: new Uint8Array(0),
  changes: [],
} as never

const VAR_STRING = 0xfd
const LONGLONG = 0x08
const UTF8MB4 = 45
const TEXT_BYTES = 1024

interface AnswerTo {
  readonly status: number
  readonly capabilities: number
  readonly extended: number
  readonly sequence: number
}

/** A whole result of the proxy's own, as text, from the packet numbered `sequence` on. */
export function textAnswer(
  columns: readonly { readonly name: string; readonly number?: true }[],
  rows: readonly (readonly (string | null)[])[],
  { status, capabilities, extended, sequence }: AnswerTo,
): Uint8Array {
  const extendedType = has(extended, EXTENDED.extendedMetadata) ? new Uint8Array(0) : null
  const blank = {
    schema: '',
    table: '',
    orgTable: '',
    orgName: '',
    flags: 0,
    decimals: 0,
    charset: UTF8MB4,
    extendedType,
  }
  const definitions = columns.map(({ name, number }) =>
    encodeColumn({ ...blank, name, type: number ? LONGLONG : VAR_STRING, length: TEXT_BYTES }),
  )
  const deprecateEof = has(capabilities, CAPABILITY.deprecateEof)
  const eof = encodeEof({ warnings: 0, status })
  const payloads = [
    Uint8Array.of(columns.length),
    ...definitions,
    ...(deprecateEof ? [] : [eof]),
    ...rows.map((row) => encodeTextRow(row.map((text) => (text === null ? null : encodeUtf8(text))))),
    deprecateEof ? okPayload(status, capabilities, EOF_HEADER) : eof,
  ]
  const out = new Writer()
  for (const [at, payload] of payloads.entries()) out.bytes(encodePackets(payload, (sequence + at) & 0xff))
  return out.finish()
}
