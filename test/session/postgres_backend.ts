import type { ClientMessage } from '../../src/wire/postgres/client.ts'
import { encodeServer } from '../../src/wire/postgres/server.ts'
import type { TransactionStatus } from '../../src/wire/postgres/session-facts.ts'
import { described, done, failed, ready, row, SUSPENDED } from './postgres_story.ts'

/** The first byte of COPY data that the model refuses. */
export const BAD = 0x21

interface Portal {
  readonly text: string
  sent: number
}

/** What the model does with a text before the server would: null lets it pass, else it fails with this SQLSTATE. */
export type Guard = (text: string) => string | null

/**
 * A PostgreSQL server as far as the flow of messages goes (PostgresMain, "Message Flow"): skip until Sync after an error,
 * implicit and explicit transactions, portals that end with theirs, a search_path that follows transactions.
 */
export class PostgresBackend {
  readonly #out: Uint8Array[] = []
  readonly #guard: Guard
  readonly #email: (value: string) => string
  readonly #statements = new Map<string, string>()
  readonly #portals = new Map<string, Portal>()
  #status: TransactionStatus = 'I'
  #skipping = false
  /** COPY data is read; `simple` where a simple query asked for it. */
  #copying: { readonly simple: boolean; rows: number } | null = null
  #failed = false
  #committed = 'shop'
  #path = 'shop'
  /** Names that were sent in another schema than the path says. */
  readonly misread: string[] = []

  constructor(guard: Guard, email: (value: string) => string) {
    this.#guard = guard
    this.#email = email
  }

  take(): Uint8Array[] {
    return this.#out.splice(0)
  }

  accept(message: ClientMessage): void {
    if (this.#copying) return this.#copy(this.#copying, message)
    if (message.kind === 'sync') return this.#sync()
    if (this.#skipping) return
    const error = this.#handle(message)
    if (error !== null) this.#fail(error, message.kind === 'query')
  }

  #fail(error: string, simple: boolean): void {
    this.#say(failed(error, 'refused'))
    this.#failed = true
    if (this.#status === 'T') this.#status = 'E'
    if (simple) this.#sync()
    else this.#skipping = true
  }

  /** CopyGetData: Sync and Flush are ignored, and nothing but COPY data may come. */
  #copy(copying: { readonly simple: boolean; rows: number }, message: ClientMessage): void {
    if (message.kind === 'sync' || message.kind === 'flush') return
    if (message.kind === 'copyData' && message.data[0] !== BAD) {
      copying.rows++
      return
    }
    this.#copying = null
    if (message.kind === 'copyDone') {
      this.#say(done(`COPY ${copying.rows}`))
      if (copying.simple) this.#sync()
    } else if (message.kind === 'copyFail') this.#fail('57014', copying.simple)
    else if (message.kind === 'copyData') this.#fail('22P02', copying.simple)
    else throw new Error(`the model met a ${message.kind} in COPY data`)
  }

  #say(message: Parameters<typeof encodeServer>[0] | Uint8Array): null {
    this.#out.push(message instanceof Uint8Array ? message : encodeServer(message))
    return null
  }

  #sync(): void {
    this.#skipping = false
    if (this.#status === 'I') this.#end(!this.#failed)
    this.#failed = false
    this.#say(ready(this.#status))
  }

  #end(committed: boolean): void {
    this.#portals.clear()
    if (committed) this.#committed = this.#path
    else this.#path = this.#committed
  }

  /** The SQLSTATE of the error, or null. */
  #handle(message: ClientMessage): string | null {
    switch (message.kind) {
      case 'query':
        return this.#query(message.text)
      case 'parse':
        return this.#parse(message.name, message.text)
      case 'bind':
        return this.#bind(message.portal, message.statement)
      case 'execute':
        return this.#execute(message.portal, message.maxRows)
      case 'describe': {
        const portal = this.#portals.get(message.name)
        return portal ? this.#describe(portal.text) : '34000'
      }
      case 'close':
        ;(message.target === 'portal' ? this.#portals : this.#statements).delete(message.name)
        return this.#say({ kind: 'closeComplete' })
      default:
        return null
    }
  }

  #query(text: string): string | null {
    const error = this.#analysed(text)
    if (error) return error
    const portal = { text, sent: 0 }
    if (fieldsOf(text)) this.#describe(text)
    const refused = this.#run(portal, 0, true)
    if (refused === null && !this.#copying) this.#sync()
    return refused
  }

  #parse(name: string, text: string): string | null {
    const error = this.#analysed(text)
    if (error) return error
    if (name !== '' && this.#statements.has(name)) return '42P05'
    this.#statements.set(name, text)
    return this.#say({ kind: 'parseComplete' })
  }

  #analysed(text: string): string | null {
    const refused = this.#guard(text)
    if (refused) return refused
    if (text.startsWith('SALLYPORT')) return '42601'
    if (this.#status === 'E' && !/^(COMMIT|ROLLBACK)/.test(text)) return '25P02'
    const schema = /"(\w+)"\."orders"/.exec(text)?.[1]
    if (schema !== undefined && schema !== this.#path) this.misread.push(`${schema} under ${this.#path}`)
    return null
  }

  #bind(name: string, statement: string): string | null {
    const text = this.#statements.get(statement)
    if (text === undefined) return '26000'
    if (this.#status === 'E' && !/^(COMMIT|ROLLBACK)/.test(text)) return '25P02'
    if (name !== '' && this.#portals.has(name)) return '42P03'
    this.#portals.set(name, { text, sent: 0 })
    return this.#say({ kind: 'bindComplete' })
  }

  #describe(text: string): null {
    const fields = fieldsOf(text)
    return this.#say(fields ? described(fields) : { kind: 'noData' })
  }

  #execute(name: string, maxRows: number): string | null {
    const portal = this.#portals.get(name)
    if (!portal) return '34000'
    if (this.#status === 'E' && !/^(COMMIT|ROLLBACK)/.test(portal.text)) return '25P02'
    return this.#run(portal, maxRows, false)
  }

  #run(portal: Portal, maxRows: number, simple: boolean): string | null {
    if (portal.text === 'SELECT 1/0') return '22012'
    if (portal.text.startsWith('COPY')) {
      this.#copying = { simple, rows: 0 }
      return this.#say({ kind: 'copyInResponse', format: 0, columnFormats: [0] })
    }
    const rows = this.#rowsOf(portal.text)
    if (!rows) return this.#command(portal.text)
    const end = maxRows > 0 ? Math.min(rows.length, portal.sent + maxRows) : rows.length
    const sent = rows.slice(portal.sent, end)
    portal.sent = end
    for (const one of sent) this.#say(one)
    // A portal that gave as many rows as asked for is suspended, even where there are no more.
    return this.#say(maxRows > 0 && sent.length === maxRows ? SUSPENDED : done(`SELECT ${sent.length}`))
  }

  #rowsOf(text: string): Uint8Array[] | null {
    if (text.includes('users'))
      return [row('1', this.#email('bob@example.test')), row('2', this.#email('eve@example.test'))]
    return fieldsOf(text) ? [row('7')] : null
  }

  #command(text: string): string | null {
    if (text === 'BEGIN') {
      if (this.#status === 'I') this.#status = 'T'
      return this.#say(done('BEGIN'))
    }
    if (text === 'COMMIT' || text === 'ROLLBACK') {
      const committed = text === 'COMMIT' && this.#status !== 'E'
      this.#status = 'I'
      this.#end(committed)
      return this.#say(done(committed ? 'COMMIT' : 'ROLLBACK'))
    }
    const path = /^SET search_path = (\w+)$/.exec(text)?.[1]
    if (path === undefined) throw new Error(`the model does not know ${text}`)
    this.#path = path
    return this.#say(done('SET'))
  }
}

function fieldsOf(text: string): readonly string[] | null {
  if (text.startsWith('COPY')) return null
  if (text.includes('users')) return ['users.id', 'users.email']
  if (text.includes('"archive"')) return ['archived.id']
  if (text.includes('orders')) return ['orders.id']
  return text.startsWith('SELECT') ? ['?'] : null
}
