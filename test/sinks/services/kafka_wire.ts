import { gunzipSync, zstdDecompressSync } from 'node:zlib'

/** The primitive types of the protocol (kafka.apache.org/protocol), in versions without compact forms. */
export class KafkaReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  take(length: number): Buffer {
    if (length < 0 || length > this.left) throw new Error('the request is shorter than it says')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  int8 = () => this.take(1).readInt8()
  int16 = () => this.take(2).readInt16BE()
  int32 = () => this.take(4).readInt32BE()
  int64 = () => this.take(8).readBigInt64BE()
  string = () => this.take(this.int16()).toString()

  nullableString(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.take(length).toString()
  }

  array<T>(one: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, one)
  }

  /** ZigZag, seven bits a byte. */
  varint(): bigint {
    let raw = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.take(1).readUInt8()
      raw |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return (raw >> 1n) ^ -(raw & 1n)
    }
  }

  /** Null has the length -1. */
  varbytes(): string | null {
    const length = Number(this.varint())
    return length < 0 ? null : this.take(length).toString()
  }
}

export const int8 = (value: number) => sized(1, (bytes) => bytes.writeInt8(value))
export const int16 = (value: number) => sized(2, (bytes) => bytes.writeInt16BE(value))
export const int32 = (value: number) => sized(4, (bytes) => bytes.writeInt32BE(value))
export const int64 = (value: bigint) => sized(8, (bytes) => bytes.writeBigInt64BE(value))
export const string = (value: string) => Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
export const NULL_STRING = int16(-1)
export const array = (items: readonly Buffer[]) => Buffer.concat([int32(items.length), ...items])

function sized(length: number, write: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(length)
  write(bytes)
  return bytes
}

export interface KafkaRecord {
  readonly partition: number
  readonly time: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string | null>>
}

const MAGIC = 2
const GZIP = 1
const ZSTD = 4

/** A record batch of version 2. */
export function recordsOf(batch: Buffer, partition: number): KafkaRecord[] {
  const reader = new KafkaReader(batch)
  reader.take(8 + 4 + 4)
  if (reader.int8() !== MAGIC) throw new Error('the batch is not of version 2')
  reader.take(4)
  const compression = reader.int16() & 7
  reader.int32()
  const first = Number(reader.int64())
  reader.take(8 + 8 + 2 + 4)
  const count = reader.int32()
  const packed = reader.take(reader.left)
  const plain = compression === GZIP ? gunzipSync(packed) : compression === ZSTD ? zstdDecompressSync(packed) : packed
  const records = new KafkaReader(plain)
  return Array.from({ length: count }, () => recordOf(records, partition, first))
}

function recordOf(reader: KafkaReader, partition: number, first: number): KafkaRecord {
  reader.varint()
  reader.int8()
  const time = first + Number(reader.varint())
  reader.varint()
  const key = reader.varbytes()
  const value = reader.varbytes()
  const headers = Array.from({ length: Number(reader.varint()) }, () => [reader.varbytes(), reader.varbytes()])
  return { partition, time, key, value, headers: Object.fromEntries(headers) as KafkaRecord['headers'] }
}
