import { encodeUtf8 } from '../../bytes/writer.ts'
import { SallyportError } from '../../errors.ts'
import { Permit } from '../../policy/permit.ts'
import { encodeComQuery } from '../../wire/mysql/com-query.ts'
import type { Err } from '../../wire/mysql/outcome.ts'
import { encodePackets } from '../../wire/mysql/packets.ts'
import type { Classified } from '../../wire/mysql/response.ts'
import { decodeLossy } from '../../wire/mysql/text.ts'
import { textRowCells } from '../../wire/mysql/text-row.ts'
import { type Exchange, newExchange, type Run } from './exchange.ts'
import type { SessionState } from './state.ts'

/**
 * A statement of the proxy's own between two of the client's: nothing of its answer reaches the client. What comes next
 * is for `then` to say, which is told the server's error and the last row.
 */
export interface Aside {
  readonly then: (answer: AsideAnswer, now: number) => void
  row: readonly (string | null)[]
}

interface AsideAnswer {
  readonly err: Err | null
  readonly row: readonly (string | null)[]
}

/** What it is asked amid: the numbering of the client's answer goes on behind it, and its run is still under way. */
interface Amid {
  readonly sequence: number
  readonly runs: readonly Run[]
}

/** The answer to the client's next command begins with packet 1. */
const BETWEEN_COMMANDS: Amid = { sequence: 1, runs: [] }

/** The text is the proxy's own and names nothing of the client's. */
export function askAside(state: SessionState, text: string, then: Aside['then'], amid: Amid = BETWEEN_COMMANDS): void {
  const { output, capabilities } = state
  const bytes = encodeComQuery({ bytes: encodeUtf8(text), attributes: [] }, capabilities)
  output.sql(Permit.issue(text, ''), encodePackets(bytes, 0))
  const { sequence, runs } = amid
  state.current = newExchange('query', state, sequence, { runs, aside: { then, row: [] } })
}

export function takeAside(
  state: SessionState,
  { aside, response, columns }: Exchange,
  payload: Uint8Array,
  now: number,
): void {
  const message = response.next(payload)
  if (!aside) return
  if (message.kind === 'localInfile') throw new SallyportError('SP-PROTOCOL', 'the database asks for a file')
  if (message.kind === 'columnDefinition') columns.push(message.column)
  if (message.kind === 'row') aside.row = cellsOf(payload, columns.length)
  const status = statusOf(message)
  if (status !== null) state.status = status
  if (!response.done) return
  state.current = null
  aside.then({ err: message.kind === 'err' ? message.err : null, row: aside.row }, now)
}

function statusOf(message: Classified): number | null {
  if (message.kind === 'ok') return message.ok.status
  return message.kind === 'resultEnd' ? message.end.status : null
}

function cellsOf(payload: Uint8Array, count: number): readonly (string | null)[] {
  const cells = textRowCells(payload, count)
  return Array.from({ length: count }, (_, at) => {
    const [start, length] = [cells[at * 2] as number, cells[at * 2 + 1] as number]
    return length < 0 ? null : decodeLossy(payload.subarray(start, start + length))
  })
}
