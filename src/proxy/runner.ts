import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { AuditEvent } from '../audit/event.ts'
import { asSallyportError, type ErrorCode, SallyportError } from '../errors.ts'
import type { SessionRecording } from '../recording/session_recording.ts'
import type { Effect } from '../session/effects.ts'
import type { AuditLog, Clock } from '../session/ports.ts'
import type { Machine } from './machine.ts'

/** Chunks that may wait for a record before their socket is paused. */
const MAX_WAITING_CHUNKS = 16
/** Pieces up to this size are joined before they are written. */
const SMALL_BYTES = 16 * 1024
/** How long a client may take to read a last error before its connection is cut. */
const LINGER_MS = 2_000
/** The same where the right to read has ended: what is still on its way to a slow reader is cut. */
const REVOKED_LINGER_MS = 250
const REVOKED: ReadonlySet<ErrorCode> = new Set(['SP-GRANT-ENDED', 'SP-REVOKED', 'SP-LOCKED', 'SP-LEASE'])
/** What setTimeout can take. */
const MAX_TIMER_MS = 2 ** 31 - 1

export interface RunnerInput {
  /** The client's socket, or what takes its packets out of a compressed connection. */
  readonly client: Duplex
  readonly upstream: Socket
  readonly machine: Machine
  readonly audit: AuditLog
  /** Null where the session is not recorded. */
  readonly recording: SessionRecording | null
  readonly clock: Clock
  /** Bytes that came with the end of either login. */
  readonly fromUpstream: Uint8Array
  readonly fromClient: Uint8Array
  /** `over`: the session has ended, and left a statement running. */
  readonly cancel: (sessionId: string, statementOnly: boolean, over: boolean) => void
  readonly catalogStale: (reason: string, certain: boolean) => void
  /** Called once, when both connections are over. */
  readonly ended: (cause: string) => void
  /** The client's connection is handed over for another login; the session is over by then. */
  readonly loginAgain: (command: Uint8Array, sequence: number) => void
  readonly failed: (error: SallyportError) => void
  /** Called with each record once it is durable, and with each note once it is on its way. */
  readonly recorded: (event: AuditEvent) => void
}

interface Step {
  readonly from: 'client' | 'upstream'
  readonly chunk: Uint8Array
}

/**
 * Performs a machine's effects strictly in order. A `record` is awaited before anything after it happens; while it is,
 * chunks wait in line, so that both directions keep one order. A record that fails ends the session. Where the session is
 * recorded, what goes to the client waits likewise until it stands in the recording.
 */
export class Runner {
  readonly #input: RunnerInput
  readonly #waiting: Step[] = []
  #busy = false
  #over = false
  readonly #toClient: Uint8Array[] = []
  readonly #toUpstream: Uint8Array[] = []
  #lingerMs = LINGER_MS
  /** Counts the lists of effects: one that ends the session overtakes another that waits. */
  #turn = 0
  #recording: SessionRecording | null
  /** Set while the database has to wait, since a rate is used up. */
  #pacing: NodeJS.Timeout | null = null
  #pacedUntil = 0
  /** Takes the listeners off the client's connection. */
  readonly #ofClient: (() => void)[] = []

  constructor(input: RunnerInput) {
    this.#input = input
    this.#recording = input.recording
  }

  start(first: readonly Effect[]): void {
    const { client, upstream, fromUpstream, fromClient } = this.#input
    this.#watch(client, 'client')
    this.#watch(upstream, 'upstream')
    this.#run(first)
    if (fromUpstream.length > 0) this.#take({ from: 'upstream', chunk: fromUpstream })
    if (fromClient.length > 0) this.#take({ from: 'client', chunk: fromClient })
    client.resume()
    upstream.resume()
  }

  tick(): void {
    if (!this.#over && !this.#busy) this.#run(this.#input.machine.onTick(this.#input.clock.now()))
  }

  /** What waited for a cancel goes on. */
  cancelled(): void {
    this.#input.machine.cancelled?.()
    this.tick()
  }

  /** Ends the session with an error that the client sees. */
  end(error: SallyportError): void {
    if (!this.#over) this.#run(this.#input.machine.end(error))
  }

  get idle(): boolean {
    return !this.#busy && this.#input.machine.idle
  }

  #watch(socket: Duplex, from: Step['from']): void {
    const other = from === 'client' ? this.#input.upstream : this.#input.client
    const listen = (event: string, listener: (chunk: Uint8Array) => void) => {
      socket.on(event, listener)
      if (from === 'client') this.#ofClient.push(() => socket.off(event, listener))
    }
    listen('data', (chunk: Uint8Array) => this.#take({ from, chunk }))
    // A slow reader stops the writer at its other end: nothing piles up in between.
    listen('drain', () => {
      if (!this.#busy) this.#resumeOne(other)
    })
    listen('error', () => this.#finish(`the ${from} connection broke`))
    listen('close', () => this.#finish(`the ${from} closed the connection`))
    listen('end', () => this.#finish(`the ${from} closed the connection`))
  }

  /** Ends the session, and leaves the client's connection open and unread for who takes it over. */
  #handOver({ command, sequence }: Extract<Effect, { kind: 'login_again' }>): void {
    const { client, loginAgain } = this.#input
    client.pause()
    // Between two listeners of this kind an error has to find one.
    client.on('error', () => client.destroy())
    for (const off of this.#ofClient.splice(0)) off()
    this.#finish('the client logs in anew', true)
    loginAgain(command, sequence)
  }

  #take(step: Step): void {
    if (this.#over) return
    if (!this.#busy) return this.#step(step)
    this.#waiting.push(step)
    if (this.#waiting.length >= MAX_WAITING_CHUNKS) this.#pause()
  }

  #step({ from, chunk }: Step): void {
    const { machine, clock } = this.#input
    if (from === 'client') this.#recording?.fromClient(chunk)
    this.#run(from === 'client' ? machine.onClient(chunk, clock.now()) : machine.onServer(chunk, clock.now()))
  }

  #run(effects: readonly Effect[]): void {
    this.#turn++
    const stopped = this.#perform(effects, 0)
    if (stopped < 0) return
    this.#busy = true
    this.#recordAndGoOn(effects, stopped).catch((error: unknown) => this.#auditFailed(error))
  }

  /** Performs effects from `at` on; the index of what has to wait for a record, or -1 when all are done. */
  #perform(effects: readonly Effect[], at: number): number {
    const { audit, cancel, catalogStale } = this.#input
    const recording = this.#recording
    for (let i = at; i < effects.length; i++) {
      const effect = effects[i] as Effect
      switch (effect.kind) {
        case 'record':
          // What has gathered waits too: it goes out with what follows the record, in one write.
          return i
        case 'note':
          audit.note([effect.event]).catch((error: unknown) => this.#auditFailed(error))
          this.#input.recorded(effect.event)
          recording?.told(effect.event)
          break
        case 'sql':
        case 'server':
          this.#toUpstream.push(effect.bytes)
          break
        case 'client':
          this.#toClient.push(effect.bytes)
          recording?.toClient(effect.bytes)
          break
        case 'described':
          recording?.described(effect.body)
          break
        case 'pace':
          this.#pace(effect.ms)
          break
        case 'cancel':
          cancel(effect.sessionId, effect.statementOnly, false)
          break
        case 'catalog_stale':
          catalogStale(effect.reason, effect.certain)
          break
        case 'login_again':
          if (recording?.pending) return i
          this.#send()
          this.#handOver(effect)
          return -1
        case 'end':
          if (recording?.pending) return i
          this.#send()
          this.#lingerMs = lingerOf(effect.error)
          this.#finish(effect.cause)
          return -1
      }
    }
    if (recording?.pending) return effects.length
    this.#send()
    return -1
  }

  /**
   * What has gathered for either side goes out as one write: a vectored write cost 40 % of a point query, and over TLS
   * made a record of each message.
   */
  #send(): void {
    const { client, upstream } = this.#input
    if (!writeAll(upstream, this.#toUpstream)) client.pause()
    if (!writeAll(client, this.#toClient)) upstream.pause()
  }

  /** All records that stand side by side go as one batch: they are waited for together. */
  async #recordAndGoOn(effects: readonly Effect[], at: number): Promise<void> {
    const turn = this.#turn
    let next = at
    while (next >= 0) {
      const events: AuditEvent[] = []
      let effect = effects[next]
      while (effect?.kind === 'record') {
        events.push(effect.event)
        effect = effects[++next]
      }
      await this.#recordAll(events)
      for (const event of events) this.#input.recorded(event)
      if (this.#over || turn !== this.#turn) return
      next = this.#perform(effects, next)
    }
    this.#busy = false
    this.#drain()
  }

  #recordAll(events: readonly AuditEvent[]): Promise<unknown> {
    const { audit } = this.#input
    const recording = this.#recording
    if (!recording) return audit.append(events)
    for (const event of events) recording.told(event)
    return Promise.all([events.length > 0 && audit.append(events), recording.flush()])
  }

  #drain(): void {
    while (!this.#busy && !this.#over) {
      const step = this.#waiting.shift()
      if (!step) break
      this.#step(step)
    }
    if (!this.#busy && !this.#over) this.#resume()
  }

  #pause(): void {
    this.#input.client.pause()
    this.#input.upstream.pause()
  }

  #resume(): void {
    const { client, upstream } = this.#input
    if (!upstream.writableNeedDrain) client.resume()
    if (!client.writableNeedDrain) this.#resumeOne(upstream)
  }

  #resumeOne(socket: Duplex): void {
    if (socket !== this.#input.upstream || !this.#pacing) socket.resume()
  }

  /** Reads nothing more from the database for so long: its socket fills, and it stops by itself. */
  #pace(ms: number): void {
    const until = this.#input.clock.monotonic() + ms
    if (until <= this.#pacedUntil) return
    this.#pacedUntil = until
    if (this.#pacing) clearTimeout(this.#pacing)
    this.#input.upstream.pause()
    this.#pacing = setTimeout(
      () => {
        this.#pacing = null
        if (!this.#busy && !this.#over) this.#resume()
      },
      Math.min(ms, MAX_TIMER_MS),
    )
  }

  /** No audit, no query: what stood after the record never happens. */
  #auditFailed(cause: unknown): void {
    if (this.#over) return
    const error = asSallyportError(cause)
    this.#input.failed(error)
    const isRecording = error.code === 'SP-RECORDING'
    const told = isRecording ? error : new SallyportError('SP-AUDIT', 'the audit record could not be written')
    this.#busy = false
    this.#turn++
    this.#toUpstream.length = 0
    // What does not stand in the recording has not been seen.
    if (this.#recording) this.#toClient.length = 0
    this.#recording = null
    const effects = this.#input.machine.end(told)
    this.#perform(
      effects.filter(({ kind }) => kind !== 'record'),
      0,
    )
    this.#finish(isRecording ? 'the recording failed' : 'the audit log failed')
  }

  #finish(cause: string, keepsClient = false): void {
    if (this.#over) return
    this.#over = true
    if (this.#pacing) clearTimeout(this.#pacing)
    const { client, upstream, machine, audit, clock, ended } = this.#input
    const notes = machine.abandoned(clock.now())
    for (const effect of notes) {
      if (effect.kind === 'note') this.#recording?.told(effect.event)
      if (effect.kind === 'note')
        audit.append([effect.event]).catch((error: unknown) => this.#input.failed(asSallyportError(error)))
      if (effect.kind === 'catalog_stale') this.#input.catalogStale(effect.reason, effect.certain)
      if (effect.kind === 'cancel') this.#input.cancel(effect.sessionId, effect.statementOnly, true)
    }
    if (!keepsClient) closeGently(client, this.#lingerMs)
    closeGently(upstream, this.#lingerMs)
    ended(cause)
  }
}

function lingerOf(error: SallyportError | null): number {
  return error !== null && REVOKED.has(error.code) ? REVOKED_LINGER_MS : LINGER_MS
}

/** Empties `pieces` into the socket; false where the peer reads too slowly. Large pieces are not worth copying. */
function writeAll(socket: Duplex, pieces: Uint8Array[]): boolean {
  if (pieces.length === 0) return true
  let flowing = true
  let small: Uint8Array[] = []
  for (const piece of pieces) {
    if (piece.length <= SMALL_BYTES) {
      small.push(piece)
      continue
    }
    if (small.length > 0) socket.write(joined(small))
    small = []
    flowing = socket.write(piece)
  }
  if (small.length > 0) flowing = socket.write(joined(small))
  pieces.length = 0
  return flowing
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces)
}

/** Lets what was written go out, then cuts a peer that does not close its side. */
function closeGently(socket: Duplex, lingerMs: number): void {
  if (socket.destroyed) return
  // Bytes that still arrive have no reader any more; without one the end would never be seen.
  socket.removeAllListeners('data')
  socket.resume()
  socket.end()
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}
