import { deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SallyportError } from '../../../src/errors.ts'
import { type Compression, encodeFrames, type Frame, FrameReader } from '../../../src/wire/mysql/compressed.ts'
import { hex, join } from './samples.ts'

const ZLIB: Compression = {
  compress: (bytes) => deflateSync(bytes),
  decompress: (bytes, maxOutputLength) => inflateSync(bytes, { maxOutputLength }),
}
const ZSTD: Compression = {
  compress: (bytes) => zstdCompressSync(bytes),
  decompress: (bytes, maxOutputLength) => zstdDecompressSync(bytes, { maxOutputLength }),
}
const LONG = new Uint8Array(1000).fill(65)

function read(compression: Compression, chunks: readonly Uint8Array[]): Frame[] {
  const reader = new FrameReader(compression)
  const frames: Frame[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let frame = reader.next(); frame; frame = reader.next()) frames.push(frame)
  }
  return frames
}

const contents = (frames: readonly Frame[]) => Buffer.concat(frames.map(({ content }) => content))

describe.each([
  ['zlib', ZLIB],
  ['zstd', ZSTD],
])('frames of %s', (_name, compression) => {
  it('give back what was put in, cut at any byte', () => {
    const stream = join([
      ...encodeFrames(LONG, 0, compression),
      ...encodeFrames(hex('0100000001'), 255, compression),
      ...encodeFrames(LONG, 0, compression),
    ])
    for (let at = 0; at <= stream.length; at++) {
      const frames = read(compression, [stream.subarray(0, at), stream.subarray(at)])
      expect(frames.map(({ sequence }) => sequence)).toEqual([0, 255, 0])
      expect(contents(frames)).toEqual(Buffer.concat([LONG, hex('0100000001'), LONG]))
    }
    const single = read(
      compression,
      [...stream].map((byte) => Uint8Array.of(byte)),
    )
    expect(contents(single)).toHaveLength(2 * LONG.length + 5)
  })

  it('compress what is worth it, and say which is which', () => {
    const [frame] = encodeFrames(LONG, 7, compression)
    expect(frame!.length).toBeLessThan(100)
    expect([...frame!.subarray(3, 7)]).toEqual([7, 0xe8, 3, 0])
    const [short] = encodeFrames(LONG.subarray(0, 49), 0, compression)
    expect([...short!.subarray(0, 8)]).toEqual([49, 0, 0, 0, 0, 0, 0, 65])
  })

  it('of more than 16 MiB are several, whose numbers count on', () => {
    const large = new Uint8Array(0xffffff + 10)
    const frames = encodeFrames(large, 255, compression)
    expect(frames.map((frame) => frame[3])).toEqual([255, 0])
    expect(contents(read(compression, frames))).toHaveLength(large.length)
  })

  it.each([
    ['more than it says', 999],
    ['less than it says', 1001],
  ])('that hold %s are refused', (_what, size) => {
    const [frame] = encodeFrames(LONG, 0, compression)
    frame![4] = size & 0xff
    frame![5] = size >> 8
    expect(() => read(compression, [frame!])).toThrow(SallyportError)
  })

  it('of any bytes are read or refused, and never hold more than they say', () => {
    const small = fc.uint8Array({ maxLength: 40 })
    const framed = fc.tuple(small, fc.nat(60), fc.nat(255)).map(([bytes, size, sequence]) => {
      return join([Uint8Array.of(bytes.length, 0, 0, sequence, size, 0, 0), bytes])
    })
    const good = fc
      .uint8Array({ minLength: 50, maxLength: 300 })
      .map((bytes) => join(encodeFrames(bytes, 0, compression)))
    const damaged = fc.tuple(good, fc.nat(), fc.nat(255)).map(([bytes, place, value]) => {
      bytes[place % bytes.length] = value
      return bytes
    })
    const check = fc.property(fc.array(fc.oneof(framed, good, damaged, small), { maxLength: 5 }), (chunks) => {
      try {
        for (const { content } of read(compression, chunks)) {
          if (content.length > 0xffffff) throw new Error('too much')
        }
      } catch (error) {
        if (!(error instanceof SallyportError)) throw error
      }
    })
    fc.assert(check, { numRuns: 500 })
  })
})

describe('a reader of frames', () => {
  it('opens one at a time, when asked', () => {
    let opened = 0
    const counting = {
      ...ZLIB,
      decompress: (bytes: Uint8Array, max: number) => {
        opened++
        return ZLIB.decompress(bytes, max)
      },
    }
    const reader = new FrameReader(counting)
    reader.push(join([...encodeFrames(LONG, 0, ZLIB), ...encodeFrames(LONG, 1, ZLIB)]))
    expect(opened).toBe(0)
    reader.next()
    expect(opened).toBe(1)
  })

  it('keeps no more than has arrived, whatever a length says', () => {
    const reader = new FrameReader(ZLIB)
    reader.push(hex('ffffff00ffffff'))
    expect(reader.next()).toBeNull()
    reader.push(new Uint8Array(100))
    expect(reader.next()).toBeNull()
  })
})
