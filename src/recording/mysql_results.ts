import { binaryRowCells } from '../wire/mysql/binary-row.ts'
import { decodeValue } from '../wire/mysql/binary-value.ts'
import type { ColumnDefinition } from '../wire/mysql/column.ts'
import { COLUMN_TYPE } from '../wire/mysql/column-types.ts'
import type { Err, Ok } from '../wire/mysql/outcome.ts'
import { CHUNK_BYTES, HEADER_BYTES, lengthAt } from '../wire/mysql/packets.ts'
import { type Classified, ResponseMachine, type ResponseTo } from '../wire/mysql/response.ts'
import { textRowCells } from '../wire/mysql/text-row.ts'
import { payloadEnd } from './mysql_messages.ts'
import type { Screen } from './playback.ts'
import { guessedText, hexText } from './value_text.ts'

const BINARY_CHARSET = 63
const UNSIGNED = 0x20
const NUMBERS: ReadonlySet<number> = new Set([
  ...[COLUMN_TYPE.decimal, COLUMN_TYPE.tiny, COLUMN_TYPE.short, COLUMN_TYPE.long, COLUMN_TYPE.float],
  ...[COLUMN_TYPE.double, COLUMN_TYPE.longlong, COLUMN_TYPE.int24, COLUMN_TYPE.newDecimal, COLUMN_TYPE.year],
])
/** Types whose values are bytes where their character set is binary, and text otherwise. */
const STRINGS: ReadonlySet<number> = new Set([
  ...[COLUMN_TYPE.varchar, COLUMN_TYPE.tinyBlob, COLUMN_TYPE.mediumBlob, COLUMN_TYPE.longBlob, COLUMN_TYPE.blob],
  ...[COLUMN_TYPE.varString, COLUMN_TYPE.string, COLUMN_TYPE.geometry, COLUMN_TYPE.bit, COLUMN_TYPE.vector],
])
// biome-ignore lint/suspicious/noControlCharactersInRegex: a text has none but these.
const UNPRINTABLE = /[\u0000-\u0008\u000e-\u001f\ufffd]/

/** What a MySQL client was shown, out of the packets that it got and the answers that were due. */
export class MysqlResults {
  readonly #capabilities: number
  readonly #extended: number
  #answer: ResponseMachine | null = null
  #columns: ColumnDefinition[] = []
  /** The columns of a cursor, whose rows come by later commands. */
  #fetched = false

  constructor({ capabilities, extended }: { readonly capabilities: number; readonly extended: number }) {
    this.#capabilities = capabilities
    this.#extended = extended
  }

  answer(to: string): void {
    this.#answer = to === 'unknown' ? null : new ResponseMachine(to as ResponseTo, this.#capabilities, this.#extended)
    this.#fetched = to === 'stmtFetch'
    if (!this.#fetched) this.#columns = []
  }

  read(bytes: Uint8Array, screen: Screen): void {
    for (let at = 0; at < bytes.length; ) {
      const end = payloadEnd(bytes, at)
      const payload = payloadOf(bytes, at, end)
      at = end
      try {
        this.#show(payload, screen)
      } catch {
        this.#answer = null
        screen.message('error', `a packet that can not be read: ${hexText(payload)}`)
      }
    }
  }

  #show(payload: Uint8Array, screen: Screen): void {
    // Outside of an answer only an error may come: it is the last word of a session.
    const answer = this.#answer?.done === false ? this.#answer : new ResponseMachine('ok', this.#capabilities)
    const rows = answer.rows
    const message = answer.next(payload)
    if (message.kind === 'row') return this.#row(payload, rows, screen)
    this.#other(message, screen)
    if (answer.rows !== null && rows === null) screen.table(this.#columns.map(shownColumn))
  }

  #other(message: Classified, screen: Screen): void {
    switch (message.kind) {
      case 'columnCount':
        this.#columns = []
        return
      case 'columnDefinition':
        this.#columns.push(message.column)
        return
      case 'ok':
        screen.message('done', okText(message.ok))
        return screen.answered()
      case 'resultEnd':
        if (message.end.warnings > 0) screen.message('notice', `${message.end.warnings} warnings`)
        return screen.answered()
      case 'err':
        screen.message('error', errText(message.err))
        return screen.answered()
      case 'localInfile':
        return screen.message('notice', 'the client is asked for a file of its own')
      default:
    }
  }

  #row(payload: Uint8Array, format: 'text' | 'binary' | null, screen: Screen): void {
    if (this.#fetched) {
      screen.table(this.#columns.map(shownColumn))
      this.#fetched = false
    }
    const types = this.#columns.map(({ type }) => type)
    const isBinary = format === 'binary'
    const cells = isBinary ? binaryRowCells(payload, types) : textRowCells(payload, types.length)
    screen.row(
      this.#columns.map((column, index) => {
        const start = cells[index * 2] ?? 0
        const length = cells[index * 2 + 1] ?? -1
        if (length < 0) return null
        const content = payload.subarray(start, start + length)
        return isBinary ? binaryText(column, content) : stringText(column, content)
      }),
    )
  }
}

/** Of several packets, what they hold together. */
function payloadOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  if (lengthAt(bytes, start) < CHUNK_BYTES) return bytes.subarray(start + HEADER_BYTES, end)
  const parts: Uint8Array[] = []
  for (let at = start; at < end; ) {
    const next = at + HEADER_BYTES + lengthAt(bytes, at)
    parts.push(bytes.subarray(at + HEADER_BYTES, next))
    at = next
  }
  return Buffer.concat(parts)
}

function shownColumn({ name, type }: ColumnDefinition) {
  return { name, number: NUMBERS.has(type) }
}

function binaryText(column: ColumnDefinition, content: Uint8Array): string {
  const value = decodeValue(column.type, (column.flags & UNSIGNED) !== 0, content)
  if (value.kind === 'temporal') return value.text
  if (value.kind === 'bytes') return stringText(column, value.value)
  if (column.type === COLUMN_TYPE.float) return String(Number(Number(value.value).toPrecision(7)))
  return String(value.value)
}

function stringText({ type, charset }: ColumnDefinition, content: Uint8Array): string {
  const text = guessedText(content)
  return charset === BINARY_CHARSET && STRINGS.has(type) && UNPRINTABLE.test(text) ? hexText(content) : text
}

function okText({ affectedRows, info, warnings }: Ok): string {
  const parts = [`OK, ${affectedRows} ${affectedRows === 1n ? 'row' : 'rows'} affected`]
  if (info.length > 0) parts.push(guessedText(info))
  if (warnings > 0) parts.push(`${warnings} warnings`)
  return parts.join('. ')
}

function errText({ errno, sqlState, message }: Err): string {
  return `ERROR ${errno}${sqlState === null ? '' : ` (${sqlState})`}: ${message}`
}
