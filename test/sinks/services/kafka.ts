import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTls } from 'node:tls'
import { onTestFinished } from 'vitest'
import {
  array,
  int8,
  int16,
  int32,
  int64,
  KafkaReader,
  type KafkaRecord,
  NULL_STRING,
  recordsOf,
  string,
} from './kafka_wire.ts'
import { certificates } from './listening.ts'

export interface KafkaOptions {
  readonly topic: string
  readonly partitions: number
  /** message.max.bytes of the topic. */
  readonly maxBytes?: number
  /** PLAIN over TLS. */
  readonly account?: { readonly user: string; readonly password: string }
  readonly tls?: boolean
}

/** What becomes of one produce request instead: an error of the protocol by its number, or none of an answer. */
export type KafkaFault = number | 'silence' | 'reset' | 'cut' | 'garbage'

const PRODUCE = 0
const METADATA = 3
const SASL_HANDSHAKE = 17
const API_VERSIONS = 18
const SASL_AUTHENTICATE = 36
/** The highest versions that have no compact forms. */
const VERSIONS: readonly (readonly [key: number, min: number, max: number])[] = [
  [PRODUCE, 3, 7],
  [METADATA, 8, 8],
  [SASL_HANDSHAKE, 1, 1],
  [API_VERSIONS, 0, 1],
  [SASL_AUTHENTICATE, 1, 1],
]
const UNKNOWN_TOPIC = 3
const NOT_LEADER = 6
const TOO_LARGE = 10
const WRONG_MECHANISM = 33
const UNSUPPORTED_VERSION = 35
const WRONG_PASSWORD = 58

/** Two brokers, of which the one that leads takes records. What they speak is a small part of Kafka's protocol. */
export class KafkaCluster {
  readonly records: KafkaRecord[] = []
  readonly instead: KafkaFault[] = []
  /** The acks of each produce request. */
  readonly acks: number[] = []
  leader = 0
  /** Where metadata says that the leader is. */
  known = 0
  ca = ''
  readonly #options: KafkaOptions
  readonly #ports: number[] = []

  constructor(options: KafkaOptions) {
    this.#options = options
  }

  get brokers(): string[] {
    return this.#ports.map((port) => `${this.#host}:${port}`)
  }

  get #host(): string {
    return this.#options.tls === true ? 'localhost' : '127.0.0.1'
  }

  async listen(): Promise<this> {
    const pair = this.#options.tls === true ? certificates() : null
    this.ca = pair?.ca ?? ''
    for (const node of [0, 1]) {
      const serve = (socket: Socket) => this.#serve(node, socket)
      const server = pair === null ? createServer(serve) : createTls(pair, serve)
      this.#ports.push(await listening(server))
    }
    return this
  }

  #serve(node: number, socket: Socket): void {
    let waiting = Buffer.alloc(0)
    const session = { trusted: this.#options.account === undefined }
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk])
      while (waiting.length >= 4 && waiting.length >= 4 + waiting.readInt32BE()) {
        const length = waiting.readInt32BE()
        const reader = new KafkaReader(waiting.subarray(4, 4 + length))
        waiting = waiting.subarray(4 + length)
        this.#answer(node, socket, reader, session)
      }
    })
  }

  #answer(node: number, socket: Socket, reader: KafkaReader, session: { trusted: boolean }): void {
    const key = reader.int16()
    const version = reader.int16()
    const correlation = int32(reader.int32())
    reader.nullableString()
    const reply = (body: Buffer) => {
      socket.write(Buffer.concat([int32(correlation.length + body.length), correlation, body]))
    }
    if (key === API_VERSIONS) return reply(apiVersions(version))
    if (key === SASL_HANDSHAKE) return reply(this.#handshake(reader))
    if (key === SASL_AUTHENTICATE) return reply(this.#authenticate(reader, session))
    if (!session.trusted) return void socket.destroy()
    if (key === METADATA) return reply(this.#metadata(reader))
    if (key !== PRODUCE) return void socket.destroy()
    const fault = this.instead.shift()
    if (fault === 'silence') return
    if (fault === 'reset') return void socket.resetAndDestroy()
    if (fault === 'cut') return void socket.end(Buffer.concat([int32(100), correlation]))
    if (fault === 'garbage') return void socket.end('HTTP/1.1 400 Bad Request s3cr3t\r\n\r\n')
    reply(this.#produce(node, reader, fault ?? 0))
  }

  #handshake(reader: KafkaReader): Buffer {
    const fits = reader.string() === 'PLAIN'
    return Buffer.concat([int16(fits ? 0 : WRONG_MECHANISM), array([string('PLAIN')])])
  }

  #authenticate(reader: KafkaReader, session: { trusted: boolean }): Buffer {
    const { user = '', password = '' } = this.#options.account ?? {}
    const given = reader.take(reader.int32()).toString()
    session.trusted = given === `\0${user}\0${password}`
    const message = string(session.trusted ? '' : 's3cr3t')
    return Buffer.concat([int16(session.trusted ? 0 : WRONG_PASSWORD), message, int32(0), int64(0n)])
  }

  #metadata(reader: KafkaReader): Buffer {
    const asked = reader.array(() => reader.string())
    const nodes = this.#ports.map((port, node) =>
      Buffer.concat([int32(node), string(this.#host), int32(port), NULL_STRING]),
    )
    const topics = asked.map((name) => this.#topic(name))
    return Buffer.concat([int32(0), array(nodes), string('cluster'), int32(0), array(topics), int32(0)])
  }

  #topic(name: string): Buffer {
    const exists = name === this.#options.topic
    const one = (index: number) =>
      Buffer.concat([int16(0), int32(index), int32(this.known), int32(0), ...Array.from({ length: 3 }, () => int32(0))])
    const partitions = exists ? Array.from({ length: this.#options.partitions }, (_, index) => one(index)) : []
    return Buffer.concat([int16(exists ? 0 : UNKNOWN_TOPIC), string(name), int8(0), array(partitions), int32(0)])
  }

  #produce(node: number, reader: KafkaReader, fault: number): Buffer {
    reader.nullableString()
    this.acks.push(reader.int16())
    reader.int32()
    const topics = reader.array(() => {
      const name = reader.string()
      const partitions = reader.array(() => {
        const index = reader.int32()
        const batch = reader.take(reader.int32())
        return Buffer.concat([
          int32(index),
          int16(this.#append(node, index, batch, fault)),
          int64(0n),
          int64(-1n),
          int64(0n),
        ])
      })
      return Buffer.concat([string(name), array(partitions)])
    })
    return Buffer.concat([array(topics), int32(0)])
  }

  #append(node: number, partition: number, batch: Buffer, fault: number): number {
    if (node !== this.leader) {
      this.known = this.leader
      return NOT_LEADER
    }
    if (fault !== 0) return fault
    if (batch.length > (this.#options.maxBytes ?? Number.POSITIVE_INFINITY)) return TOO_LARGE
    this.records.push(...recordsOf(batch, partition))
    return 0
  }
}

/** A client that asks in a newer version gets the error in the oldest (KIP-511). */
function apiVersions(version: number): Buffer {
  if (version > 1) return Buffer.concat([int16(UNSUPPORTED_VERSION), array([])])
  const apis = VERSIONS.map(([key, min, max]) => Buffer.concat([int16(key), int16(min), int16(max)]))
  return Buffer.concat([int16(0), array(apis), int32(0)])
}

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
