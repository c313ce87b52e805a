import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { SyslogSinkSettings } from '../../src/session/sink_settings.ts'
import type { Item, SenderDeps } from '../../src/sinks/sender.ts'
import { createSyslogSender } from '../../src/sinks/senders/syslog.ts'
import { syslogFrame } from '../../src/sinks/senders/syslog_message.ts'
import { describeUnless } from '../servers/availability.ts'
import { type Rsyslog, rsyslogUnavailable, startRsyslog } from '../servers/rsyslog.ts'
import { SINK } from './harness.ts'

const DEPS: SenderDeps = {
  secret: async () => 'secret',
  now: Date.now,
  node: 'node-1',
  version: '0.0.0',
  print: async () => undefined,
}
const SYSLOG: SyslogSinkSettings = {
  ...SINK,
  kind: 'syslog',
  host: 'localhost',
  port: 0,
  transport: 'tcp',
  facility: 13,
  hostname: 'proxy.example.test',
  appName: 'sallyport',
  sdId: 'sallyport@32473',
  maxMessageBytes: 8192,
  confirm: 'close',
  tls: { ca: null, cert: null, key: null, serverName: null },
  allowNetworks: null,
}

function item(n: number, more: Partial<Item> = {}): Item {
  const text = JSON.stringify({ n, text: `'quoted' "ä"` })
  return { uid: `uid-${n}`, sequence: n, time: 1_900_000_000_123, code: 'db.decision', severity: 1, text, ...more }
}

function items(count: number): Item[] {
  return Array.from({ length: count }, (_, n) => item(n))
}

const calm = () => AbortSignal.timeout(5_000)

describe('a message of syslog', () => {
  const frame = (one: Item) => {
    const text = syslogFrame(one, SYSLOG, { hostname: 'proxy.example.test', pid: 7 }).toString()
    return text
  }

  it('is counted in octets', () => {
    const [octets = '', ...rest] = frame(item(1)).split(' ')
    expect(Buffer.byteLength(rest.join(' '))).toBe(Number(octets))
    expect(rest.join(' ')).toBe(
      '<110>1 2030-03-17T17:46:40.123Z proxy.example.test sallyport 7 db.decision ' +
        `[sallyport@32473 uid="uid-1" seq="1"] ${item(1).text}`,
    )
  })

  it.each([
    [1, 110],
    [2, 109],
    [3, 108],
    [4, 107],
    [5, 106],
    [6, 105],
    [99, 109],
  ])('of severity %i has the priority %i', (severity, priority) => {
    expect(frame(item(1, { severity }))).toContain(` <${priority}>1 `)
  })

  it('says which piece it is, and lets nothing break out of a value or a field', () => {
    const odd = item(1, { uid: 'a"]\\b', code: 'log check\npoint', piece: { index: 0, count: 3 } })
    expect(frame(odd)).toContain(' log_check_point [sallyport@32473 uid="a\\"\\]\\\\b" seq="1" piece="1/3"] ')
  })
})

describeUnless(rsyslogUnavailable(), 'rsyslog', () => {
  let secure: Rsyslog
  let plain: Rsyslog

  beforeAll(async () => {
    ;[secure, plain] = await Promise.all([startRsyslog({ tls: true }), startRsyslog({ tls: false })])
  })

  afterAll(async () => {
    await Promise.all([secure?.stop(), plain?.stop()])
  })

  it.each([
    ['TLS', 'close'],
    ['TLS', 'written'],
    ['TCP', 'close'],
    ['TCP', 'written'],
  ] as const)('gets every record over %s, confirmed by %s', async (way, confirm) => {
    const server = way === 'TLS' ? secure : plain
    const uid = (n: number) => `${way}-${confirm}-${n}`
    const tls = { ...SYSLOG.tls, ca: way === 'TLS' ? server.ca : null }
    const transport = way === 'TLS' ? 'tls' : 'tcp'
    const sender = createSyslogSender({ ...SYSLOG, port: server.port, transport, tls, confirm }, DEPS)
    const sent = items(50).map((one, n) => ({ ...one, uid: uid(n) }))
    expect(await sender.send(sent.slice(0, 25), calm())).toEqual([])
    expect(await sender.send(sent.slice(25), calm())).toEqual([])
    await sender.close()
    const mine = () => server.lines().filter((line) => line.includes(`uid="${way}-${confirm}-`))
    await vi.waitFor(() => expect(mine()).toHaveLength(50), { timeout: 5_000 })
    expect(mine()[7]).toBe(
      `110 2030-03-17T17:46:40.123Z proxy.example.test sallyport ${process.pid} db.decision ` +
        `[sallyport@32473 uid="${uid(7)}" seq="7"] ${item(7).text}`,
    )
  })

  it('gets a message of the greatest length whole', async () => {
    const sender = createSyslogSender({ ...SYSLOG, port: plain.port }, DEPS)
    const text = JSON.stringify({ long: 'x'.repeat(sender.limits.maxItemBytes - 11) })
    await sender.send([item(9, { uid: 'longest', text })], calm())
    await vi.waitFor(() => expect(plain.lines().some((line) => line.endsWith(text))).toBe(true), { timeout: 5_000 })
  })

  it('is not spoken to where its certificate is not the right one', async () => {
    const port = secure.port
    const stranger = createSyslogSender({ ...SYSLOG, port, transport: 'tls' }, DEPS)
    await expect(stranger.send(items(1), calm())).rejects.toThrow(/^can not be reached \(/)
    const tls = { ...SYSLOG.tls, ca: secure.ca, serverName: 'other.example.test' }
    const other = createSyslogSender({ ...SYSLOG, port, transport: 'tls', tls }, DEPS)
    await expect(other.send(items(1), calm())).rejects.toThrow('can not be reached (ERR_TLS_CERT_ALTNAME_INVALID)')
  })
})

describe('a receiver of syslog', () => {
  let server: Server | null = null
  const sockets: Socket[] = []

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await new Promise((done) => (server === null ? done(null) : server.close(done)))
    server = null
  })

  async function receiver(take: (socket: Socket) => void): Promise<number> {
    const listening = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket)
      take(socket)
    })
    server = listening
    await new Promise<void>((done) => void listening.listen(0, '127.0.0.1', done))
    return (listening.address() as { port: number }).port
  }

  it('that breaks off has not taken the batch', async () => {
    const port = await receiver((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const sender = createSyslogSender({ ...SYSLOG, port }, DEPS)
    await expect(sender.send(items(3), calm())).rejects.toThrow('can not be reached (ECONNRESET)')
  })

  it('that reads and never closes is not waited for without end', async () => {
    const port = await receiver((socket) => socket.resume().on('error', () => socket.destroy()))
    const sender = createSyslogSender({ ...SYSLOG, port }, DEPS)
    const sent = sender.send(items(3), AbortSignal.timeout(100))
    await expect(sent).rejects.toThrow('did not answer in time')
  })

  it('gets the last batches again after a break, where it does not confirm them', async () => {
    let received = ''
    const port = await receiver((socket) => {
      socket.on('data', (bytes) => {
        received += bytes.toString()
      })
      socket.on('error', () => socket.destroy())
    })
    const sender = createSyslogSender({ ...SYSLOG, port, confirm: 'written' }, DEPS)
    await sender.send([item(1)], calm())
    await vi.waitFor(() => expect(received).toContain('uid-1'))
    received = ''
    sockets[0]?.resetAndDestroy()
    // What is written before the break is seen goes nowhere: it is among the last batches next time.
    await vi.waitFor(async () => {
      await sender.send([item(2)], calm()).catch(() => undefined)
      expect(received).toContain('uid-2')
    })
    expect(received.indexOf('uid-1')).toBeGreaterThan(-1)
    expect(received.indexOf('uid-1')).toBeLessThan(received.indexOf('uid-2'))
    for (const socket of sockets) socket.destroy()
    await sender.close()
  })

  it('in a network that nothing is sent to is not spoken to', async () => {
    const sender = createSyslogSender({ ...SYSLOG, host: '169.254.169.254', port: 514 }, DEPS)
    await expect(sender.send(items(1), calm())).rejects.toThrow('allowNetworks of the sink')
  })
})
