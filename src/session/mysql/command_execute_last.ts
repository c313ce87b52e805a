import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'
import { COMMAND } from '../../wire/mysql/command-codes.ts'
import type { Packet } from '../../wire/mysql/framer.ts'

/** The statement that was prepared last ("COM_STMT_EXECUTE", MariaDB 10.2): clients send it before they know the id. */
const LAST_STATEMENT = 0xffffffff
const ID_END = 5

/**
 * An execution of the statement that was prepared last, with its own id in place: the server has then nothing to
 * remember by, and MySQL understands it too. Where the last PREPARE failed the id stays, and names no statement.
 */
export function namingLast(packet: Packet, lastStatement: number | null): Packet {
  const { payload } = packet
  const code = payload[0]
  if (lastStatement === null || payload.length < ID_END) return packet
  if (code !== COMMAND.stmtExecute && code !== COMMAND.stmtBulkExecute) return packet
  if (new Reader(payload, 1).u32le() !== LAST_STATEMENT) return packet
  const named = new Writer(payload.length).u8(code).u32le(lastStatement).bytes(payload.subarray(ID_END)).finish()
  return { ...packet, payload: named, bytes: null }
}
