import type { SallyportError } from '../../errors.ts'
import { encodeUtf8, Writer } from '../../bytes/writer.ts'
import { CAPABILITY } from '../../wire/mysql/capabilities.ts'
import { encodeColumn } from '../../wire/mysql/column.ts'
import { writeLenenc, writeLenencBytes } from '../../wire/mysql/lenenc.ts'
import { encodeErr } from '../../wire/mysql/outcome.ts'
import { encodePackets } from '../../wire/mysql/packets.ts'
import type { Warning } from './state.ts'

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

const VAR_STRING = 0xfd
const LONG = 0x03
const UTF8MB4 = 45

/** A whole answer to SHOW WARNINGS, from the packet numbered `sequence` on. */
export function warningsAnswer(warnings: readonly Warning[], status: number, capabilities: number, sequence: number): Uint8Array {
  const blank = { schema: '', table: '', orgTable: '', orgName: '', flags: 0, decimals: 0, charset: UTF8MB4 }
  const columns = [
    encodeColumn({ ...blank, name: 'Level', type: VAR_STRING }),
    encodeColumn({ ...blank, name: 'Code', type: LONG }),
    encodeColumn({ ...blank, name: 'Message', type: VAR_STRING }),
  ]
  const rows = warnings.map(({ code, message }) => textRow(['Note', String(code), message]))
  const deprecateEof = (capabilities & CAPABILITY.deprecateEof) !== 0
  const payloads = [
    Uint8Array.of(columns.length),
    ...columns,
    ...(deprecateEof ? [] : [eof(status)]),
    ...rows,
    deprecateEof ? okAsEof(status, capabilities) : eof(status),
  ]
  const out = new Writer()
  payloads.forEach((payload, at) => out.bytes(encodePackets(payload, sequence + at)))
  return out.finish()
}

function textRow(values: readonly string[]): Uint8Array {
  const writer = new Writer()
  for (const value of values) writeLenencBytes(writer, encodeUtf8(value))
  return writer.finish()
}

function eof(status: number): Uint8Array {
  return new Writer().u8(0xfe).u16le(0).u16le(status).finish()
}

function okAsEof(status: number, capabilities: number): Uint8Array {
  const writer = new Writer().u8(0xfe)
  writeLenenc(writer, 0)
  writeLenenc(writer, 0)
  writer.u16le(status).u16le(0)
  if ((capabilities & CAPABILITY.sessionTrack) !== 0) writeLenenc(writer, 0)
  return writer.finish()
}
