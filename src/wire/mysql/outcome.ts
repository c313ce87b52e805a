import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'
import { CAPABILITY, has } from './capabilities.ts'
import { readLenenc, readLenencBig, readLenencBytes, writeLenenc, writeLenencBytes } from './lenenc.ts'
import { STATUS } from './server-status.ts'
import { decodeSessionState, encodeSessionState, type SessionChange } from './session-state.ts'
import { broken, decodeLossy } from './text.ts'

export const OK_HEADER = 0x00
export const EOF_HEADER = 0xfe
export const ERR_HEADER = 0xff
/** An EOF packet has five bytes; with nine or more a 0xfe begins the length of a value. */
export const EOF_END_BYTES = 9
/** MariaDB's progress report in the form of an error, for clients that asked for it. */
const PROGRESS_ERRNO = 0xffff
const SQLSTATE_MARK = 0x23
const SQLSTATE_BYTES = 5

/** OK_Packet, also in the form (0xfe first) that ends rows under CLIENT_DEPRECATE_EOF. */
export interface Ok {
  readonly kind: 'ok'
  readonly affectedRows: bigint
  readonly lastInsertId: bigint
  readonly status: number
  readonly warnings: number
  /** Text for people, in the connection's character set. */
  readonly info: Uint8Array
  readonly changes: readonly SessionChange[]
}

/** ERR_Packet. `sqlState` is null where there is none: before the login is done. */
export interface Err {
  readonly kind: 'err'
  readonly errno: number
  readonly sqlState: string | null
  readonly message: string
}

/** EOF_Packet, which CLIENT_DEPRECATE_EOF replaces by an OK. */
export interface Eof {
  readonly kind: 'eof'
  readonly warnings: number
  readonly status: number
}

/** `payload` begins with 0x00 or 0xfe; which of them may stand is for the caller. Malformed throws `SP-PROTOCOL`. */
export function decodeOk(payload: Uint8Array, capabilities: number): Ok {
  const reader = new Reader(payload)
  const header = reader.u8()
  if (header !== OK_HEADER && header !== EOF_HEADER) throw broken('an OK packet has a wrong first byte')
  const affectedRows = readLenencBig(reader)
  const lastInsertId = readLenencBig(reader)
  const status = reader.u16le()
  const warnings = reader.u16le()
  const info = readInfo(reader)
  const changed = has(capabilities, CAPABILITY.sessionTrack) && has(status, STATUS.sessionStateChanged)
  const changes = changed && reader.remaining > 0 ? decodeSessionState(readLenencBytes(reader)) : []
  reader.expectEnd()
  return { kind: 'ok', affectedRows, lastInsertId, status, warnings, info, changes }
}

/** Under CLIENT_SESSION_TRACK the changes go along, and the status says so; without it they are left out. */
export function encodeOk(ok: Omit<Ok, 'kind'>, capabilities: number, header: 0x00 | 0xfe = OK_HEADER): Uint8Array {
  const tracked = has(capabilities, CAPABILITY.sessionTrack) && ok.changes.length > 0
  const status = tracked ? ok.status | STATUS.sessionStateChanged : ok.status & ~STATUS.sessionStateChanged
  const writer = new Writer(64).u8(header)
  writeLenenc(writer, ok.affectedRows)
  writeLenenc(writer, ok.lastInsertId)
  writer.u16le(status).u16le(ok.warnings)
  if (tracked || ok.info.length > 0) writeLenencBytes(writer, ok.info)
  if (tracked) writeLenencBytes(writer, encodeSessionState(ok.changes))
  return writer.finish()
}

/** An error whose text is no UTF-8 is still an error: those bytes become U+FFFD. */
export function decodeErr(payload: Uint8Array): Err {
  const reader = new Reader(payload)
  if (reader.u8() !== ERR_HEADER) throw broken('an error packet has a wrong first byte')
  const errno = reader.u16le()
  if (errno === PROGRESS_ERRNO) throw broken('the server reports progress that nobody asked for')
  const marked = reader.remaining > SQLSTATE_BYTES && reader.peek() === SQLSTATE_MARK
  const sqlState = marked ? decodeLossy(reader.bytes(1 + SQLSTATE_BYTES)).slice(1) : null
  return { kind: 'err', errno, sqlState, message: decodeLossy(reader.rest()) }
}

export function encodeErr(err: Omit<Err, 'kind'>): Uint8Array {
  const writer = new Writer().u8(ERR_HEADER).u16le(err.errno)
  if (err.sqlState !== null) {
    if (!/^[0-9A-Z]{5}$/.test(err.sqlState)) throw broken('an SQLSTATE has five letters or digits')
    writer.u8(SQLSTATE_MARK).text(err.sqlState)
  }
  return writer.text(err.message).finish()
}

export function decodeEof(payload: Uint8Array): Eof {
  const reader = new Reader(payload)
  if (reader.u8() !== EOF_HEADER) throw broken('an EOF packet has a wrong first byte')
  const eof: Eof = { kind: 'eof', warnings: reader.u16le(), status: reader.u16le() }
  reader.expectEnd()
  return eof
}

/** The end of column definitions or rows for a peer without CLIENT_DEPRECATE_EOF. */
export function encodeEof(eof: { readonly warnings: number; readonly status: number }): Uint8Array {
  const status = eof.status & ~STATUS.sessionStateChanged
  return new Writer(5).u8(EOF_HEADER).u16le(eof.warnings).u16le(status).finish()
}

/** The end of rows in the form that the receiver's capabilities ask for, whichever form it came in. */
export function encodeResultEnd(end: Ok | Eof, capabilities: number): Uint8Array {
  if (!has(capabilities, CAPABILITY.deprecateEof)) return encodeEof(end)
  const ok = end.kind === 'ok' ? end : { ...end, affectedRows: 0n, lastInsertId: 0n, info: NO_INFO, changes: [] }
  return encodeOk(ok, capabilities, EOF_HEADER)
}

const NO_INFO = new Uint8Array(0)

/** The text of an OK: servers write it with its length whatever was agreed, and leave it out when it is empty. */
function readInfo(reader: Reader): Uint8Array {
  return reader.remaining === 0 ? NO_INFO : reader.bytes(readLenenc(reader))
}
