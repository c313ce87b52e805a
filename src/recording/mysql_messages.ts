import { COMMAND } from '../wire/mysql/command-codes.ts'
import { PacketFramer } from '../wire/mysql/framer.ts'
import { CHUNK_BYTES, HEADER_BYTES, lengthAt } from '../wire/mysql/packets.ts'
import { type Classified, ResponseMachine, type ResponseTo } from '../wire/mysql/response.ts'
import type { MessageKind, Visit } from './messages.ts'

/** What the session takes at most, see `session/mysql/machine.ts`. */
const MAX_COMMAND_BYTES = 64 * 1024 * 1024
/** Commands that a client has sent ahead of their answers. */
const MAX_AHEAD = 65_536

const ANSWERS: ReadonlyMap<number, ResponseTo> = new Map<number, ResponseTo>([
  [COMMAND.stmtPrepare, 'stmtPrepare'],
  [COMMAND.stmtExecute, 'stmtExecute'],
  [COMMAND.stmtBulkExecute, 'stmtExecute'],
  [COMMAND.stmtFetch, 'stmtFetch'],
  [COMMAND.fieldList, 'fieldList'],
  [COMMAND.statistics, 'statistics'],
  [COMMAND.setOption, 'setOption'],
  [COMMAND.quit, 'none'],
  [COMMAND.stmtClose, 'none'],
  [COMMAND.stmtSendLongData, 'none'],
  [COMMAND.changeUser, 'none'],
])

/**
 * Follows a MySQL connection as far as it takes to know what is a row: what an answer means hangs on its command. Where
 * it can't be followed, each packet is taken for a row: kept within the limit, and shown as bytes.
 */
export class MysqlMessages {
  readonly #capabilities: number
  readonly #extended: number
  /** Told when an answer begins. */
  readonly #begins: (to: ResponseTo | 'unknown') => void
  readonly #commands = new PacketFramer({ maxPayloadBytes: MAX_COMMAND_BYTES })
  #due: ResponseTo[] = []
  #answer: ResponseMachine | null = null
  /** The client sends a file: its packets are no commands. */
  #upload = false
  #lost = false

  constructor(
    { capabilities, extended }: { readonly capabilities: number; readonly extended: number },
    begins: (to: ResponseTo | 'unknown') => void,
  ) {
    this.#capabilities = capabilities
    this.#extended = extended
    this.#begins = begins
  }

  fromClient(chunk: Uint8Array): void {
    if (this.#lost) return
    try {
      this.#commands.push(chunk)
      for (let packet = this.#commands.next(); packet; packet = this.#commands.next()) this.#command(packet.payload)
    } catch {
      this.#lose()
    }
    if (this.#due.length > MAX_AHEAD) this.#lose()
  }

  #command(payload: Uint8Array): void {
    if (this.#upload) {
      this.#upload = payload.length > 0
      return
    }
    const to = ANSWERS.get(payload[0] ?? -1) ?? 'query'
    if (to !== 'none') this.#due.push(to)
  }

  each(bytes: Uint8Array, visit: Visit): void {
    for (let at = 0; at < bytes.length; ) {
      const end = payloadEnd(bytes, at)
      visit(at, end, this.#lost ? 'row' : this.#kind(bytes.subarray(at + HEADER_BYTES, end)))
      at = end
    }
  }

  #kind(payload: Uint8Array): MessageKind {
    if (this.#answer === null || this.#answer.done) {
      const to = this.#due.shift()
      // An error between two commands is the last word of a session.
      if (to === undefined) return 'end'
      this.#answer = new ResponseMachine(to, this.#capabilities, this.#extended)
      this.#begins(to)
    }
    if (this.#answer.acceptsRow(payload[0] ?? -1, payload.length)) return 'row'
    try {
      return this.#other(this.#answer, this.#answer.next(payload))
    } catch {
      this.#lose()
      return 'row'
    }
  }

  #other(answer: ResponseMachine, { kind }: Classified): MessageKind {
    if (kind === 'localInfile') this.#upload = true
    if (answer.done) this.#upload = false
    if (kind === 'row') return 'row'
    return kind === 'ok' || kind === 'err' || kind === 'resultEnd' ? 'end' : 'other'
  }

  #lose(): void {
    this.#lost = true
    this.#due = []
    this.#begins('unknown')
  }
}

/** Where a payload ends that may take several packets ("Sending More Than 16Mb"). */
export function payloadEnd(bytes: Uint8Array, start: number): number {
  for (let at = start; ; ) {
    const length = lengthAt(bytes, at)
    at += HEADER_BYTES + length
    if (length < CHUNK_BYTES || at >= bytes.length) return at
  }
}
