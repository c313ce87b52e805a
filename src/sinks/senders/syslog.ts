import { connect, isIP, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { connect as connectTls } from 'node:tls'
import { SallyportError } from '../../errors.ts'
import { createAddressGuard, PRIVATE_NETWORKS } from '../../outbound/address.ts'
import type { SyslogSinkSettings } from '../../session/sink_settings.ts'
import { type Sender, type SenderDeps, SinkError } from '../sender.ts'
import { SyslogConnection } from './syslog_connection.ts'
import { HEADER_BYTES, syslogFrame } from './syslog_message.ts'

const MAX_ITEMS = 10_000
const MAX_BYTES = 4 * 1024 * 1024
/**
 * What a connection that broke may have lost: the buffers of two systems, and what a receiver had read and not kept. Linux
 * lets a buffer grow to 4 MiB to send and 6 MiB to receive (tcp(7), tcp_wmem and tcp_rmem).
 */
const TAIL_BYTES = 10 * 1024 * 1024
const TAIL_MS = 60_000
const CLOSE_MS = 3_000

/**
 * Syslog has no answers. With `confirm: close` each batch has a connection, which we end after the last byte; that the
 * receiver ends it too says that it has read all of them. With `written` a connection stays open, and when it breaks, what
 * was written last goes again on the next one.
 */
export function createSyslogSender(settings: SyslogSinkSettings, deps: SenderDeps): Sender {
  const origin = { hostname: settings.hostname ?? hostname(), pid: process.pid }
  const tail = new Tail(deps.now)
  let kept: SyslogConnection | null = null
  const sendAndClose = async (bytes: Buffer, signal: AbortSignal) => {
    const connection = await opened(settings, deps, signal)
    try {
      await connection.write(bytes, signal)
      await connection.end(signal)
    } finally {
      connection.destroy()
    }
  }
  const sendOn = async (bytes: Buffer, signal: AbortSignal) => {
    if (kept?.isOpen !== true) {
      kept?.destroy()
      kept = await opened(settings, deps, signal)
      await kept.write(tail.bytes(), signal)
    }
    await kept.write(bytes, signal)
    tail.add(bytes)
  }
  return {
    limits: { maxItems: MAX_ITEMS, maxBytes: MAX_BYTES, maxItemBytes: settings.maxMessageBytes - HEADER_BYTES },
    send: async (items, signal) => {
      const bytes = Buffer.concat(items.map((item) => syslogFrame(item, settings, origin)))
      try {
        await (settings.confirm === 'close' ? sendAndClose(bytes, signal) : sendOn(bytes, signal))
      } catch (error) {
        kept?.destroy()
        throw error
      }
      return []
    },
    close: async () => {
      await kept?.end(AbortSignal.timeout(CLOSE_MS)).catch(() => undefined)
      kept?.destroy()
    },
  }
}

/** What was written last, in whole batches. */
class Tail {
  readonly #now: () => number
  #batches: { readonly bytes: Buffer; readonly at: number }[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  add(bytes: Buffer): void {
    this.#batches.push({ bytes, at: this.#now() })
    let total = 0
    const since = this.#now() - TAIL_MS
    const oldest = this.#batches.findLastIndex(({ bytes: one, at }) => {
      total += one.length
      return total > TAIL_BYTES || at < since
    })
    this.#batches.splice(0, oldest + 1)
  }

  bytes(): Buffer {
    return Buffer.concat(this.#batches.map(({ bytes }) => bytes))
  }
}

async function opened(
  { host, port, transport, tls, allowNetworks }: SyslogSinkSettings,
  { secret }: SenderDeps,
  signal: AbortSignal,
): Promise<SyslogConnection> {
  const guard = createAddressGuard(allowNetworks ?? PRIVATE_NETWORKS, 'allowNetworks of the sink')
  checkHost(() => guard.checkHost(host))
  const key = tls.key === null ? null : await secret(tls.key)
  const name = tls.serverName ?? host
  const to = { host, port, lookup: guard.lookup }
  const socket: Socket =
    transport === 'tcp'
      ? connect(to)
      : connectTls({
          ...to,
          ...(isIP(name) === 0 ? { servername: name } : {}),
          ...(tls.ca === null ? {} : { ca: tls.ca }),
          ...(tls.cert === null || key === null ? {} : { cert: tls.cert, key }),
        })
  const connection = new SyslogConnection(socket)
  try {
    await connection.ready(transport === 'tcp' ? 'connect' : 'secureConnect', signal)
    return connection
  } catch (error) {
    connection.destroy()
    throw error
  }
}

function checkHost(check: () => void): void {
  try {
    check()
  } catch (error) {
    throw new SinkError(error instanceof SallyportError ? error.detail : 'the address can not be used')
  }
}
