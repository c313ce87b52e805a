import { columns as cellsOf } from '../wire/postgres/data-row.ts'
import { errorField } from '../wire/postgres/error-response.ts'
import { HEADER_BYTES } from '../wire/postgres/message.ts'
import type { Field } from '../wire/postgres/row-description.ts'
import { decodeServer, type ServerMessage } from '../wire/postgres/server.ts'
import type { Screen } from './playback.ts'
import { eachPostgresMessage } from './postgres_messages.ts'
import { isNumber, postgresText } from './postgres_values.ts'
import { hexText, utf8Text } from './value_text.ts'

type Fields = ReturnType<typeof Array.from<Field>>

/** What a PostgreSQL client was shown, out of the messages that it got. */
export class PostgresResults {
  #fields: readonly Field[] = []
  /** Rows follow the description of a result, or come of a cursor that was described before. */
  #open = false
  #copy: 'text' | 'binary' | null = null

  read(bytes: Uint8Array, screen: Screen): void {
    eachPostgresMessage(bytes, (start, end) => {
      const message = bytes.subarray(start, end)
      try {
        const type = message[0] ?? 0
        this.#show(decodeServer({ type, bytes: message, body: message.subarray(HEADER_BYTES) }), screen)
      } catch {
        screen.message('error', `a message that can not be read: ${hexText(message)}`)
      }
    })
  }

  #show(message: ServerMessage, screen: Screen): void {
    switch (message.kind) {
      case 'rowDescription':
        this.#fields = message.fields
        this.#open = false
        return
      case 'dataRow':
        return this.#row(message.body, screen)
      case 'copyOutResponse':
        this.#copy = message.format === 0 ? 'text' : 'binary'
        return screen.table([{ name: `COPY data (${this.#copy})`, number: false }])
      case 'copyData':
        return this.#copied(message.data, screen)
      case 'commandComplete':
        // A result without rows is shown too, by its columns.
        if (message.tag.startsWith('SELECT') && !this.#open && this.#fields.length > 0) this.#begin(screen)
        return this.#answered(screen, 'done', message.tag)
      case 'emptyQueryResponse':
        return this.#answered(screen, 'done', 'empty statement')
      case 'portalSuspended':
        this.#open = false
        screen.message('done', 'more rows are left with the server')
        return screen.answered()
      case 'errorResponse':
        return this.#answered(screen, 'error', reportText(message.fields))
      case 'noticeResponse':
        return screen.message('notice', reportText(message.fields))
      case 'notificationResponse':
        return screen.message('notice', `NOTIFY ${message.channel}: ${message.payload}`)
      default:
    }
  }

  #begin(screen: Screen): void {
    screen.table(this.#fields.map(({ name, typeOid }) => ({ name, number: isNumber(typeOid) })))
    this.#open = true
  }

  #row(body: Uint8Array, screen: Screen): void {
    const cells = cellsOf(body)
    const count = cells.length / 2
    if (this.#fields.length !== count) this.#fields = unnamed(count)
    if (!this.#open) this.#begin(screen)
    screen.row(
      this.#fields.map(({ typeOid, format }, index) => {
        const start = cells[index * 2] ?? 0
        const length = cells[index * 2 + 1] ?? -1
        return length < 0 ? null : postgresText(body.subarray(start, start + length), typeOid, format)
      }),
    )
  }

  #copied(data: Uint8Array, screen: Screen): void {
    screen.row([this.#copy === 'binary' ? hexText(data) : utf8Text(data).replace(/\r?\n$/, '')])
  }

  #answered(screen: Screen, level: 'done' | 'error', text: string): void {
    screen.message(level, text)
    screen.answered()
    this.#open = false
    this.#copy = null
    this.#fields = []
  }
}

/** Rows whose description stands in no message: their values are read as text. */
function unnamed(count: number): Fields {
  return Array.from({ length: count }, (_, index) => ({
    ...{ name: `column ${index + 1}`, raw: new Uint8Array(0), tableOid: 0, column: 0 },
    ...{ typeOid: 0, typeSize: -1, typmod: -1, format: 0 as const },
  }))
}

function reportText(fields: Parameters<typeof errorField>[0]): string {
  const lines = [`${errorField(fields, 'S') ?? 'ERROR'}:  ${errorField(fields, 'M') ?? ''}`]
  const detail = errorField(fields, 'D')
  const hint = errorField(fields, 'H')
  if (detail !== undefined) lines.push(`DETAIL:  ${detail}`)
  if (hint !== undefined) lines.push(`HINT:  ${hint}`)
  const code = errorField(fields, 'C')
  return code === undefined || code === '00000' ? lines.join('\n') : `${lines.join('\n')}\nSQLSTATE:  ${code}`
}
