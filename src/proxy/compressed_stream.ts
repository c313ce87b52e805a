import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { asSallyportError, type SallyportError } from '../errors.ts'
import { type Compression, encodeFrames, FrameReader } from '../wire/mysql/compressed.ts'

/** How long a client may take to read why its connection ends. */
const LINGER_MS = 2_000

export interface CompressedOptions {
  readonly compression: Compression
  /** What a client is told when a frame of its own can't be opened. */
  readonly farewell: (error: SallyportError) => Uint8Array
}

/**
 * The packets inside of a connection that compresses them. The first write is the OK that ends the login, which still
 * goes as it is ("Compression"). One frame is opened at a time, when its reader wants it.
 */
export function compressedStream(socket: Socket, { compression, farewell }: CompressedOptions): Duplex {
  const reader = new FrameReader(compression)
  let sequence = 0
  let begun = false
  let leaving = false
  /** Opens what has arrived; false where the reader has enough for now. */
  const deliver = (): boolean => {
    for (;;) {
      const frame = reader.next()
      if (!frame) return true
      // The answer counts on from the command, whose first frame has the number 0 ("Compressed Packet").
      sequence = (frame.sequence + 1) & 0xff
      if (frame.content.length > 0 && !stream.push(frame.content)) return false
    }
  }
  const framed = (chunk: Uint8Array): Uint8Array => {
    const frames = encodeFrames(chunk, sequence, compression)
    sequence = (sequence + frames.length) & 0xff
    return frames.length === 1 ? (frames[0] as Uint8Array) : Buffer.concat(frames)
  }
  const onData = (chunk?: Uint8Array) => {
    try {
      if (chunk) reader.push(chunk)
      if (deliver()) socket.resume()
      else socket.pause()
    } catch (error) {
      socket.end(framed(farewell(asSallyportError(error))))
      leaving = true
      setTimeout(() => socket.destroy(), LINGER_MS).unref()
      stream.destroy()
    }
  }
  const stream = new Duplex({
    read: () => onData(),
    write: (chunk: Uint8Array, _encoding, done) => {
      const flowing = socket.write(begun ? framed(chunk) : chunk)
      begun = true
      if (flowing) done()
      else socket.once('drain', () => done())
    },
    final: (done) => void socket.end(() => done()),
    destroy: (error, done) => {
      if (!leaving) socket.destroy()
      done(error)
    },
  })
  socket.on('data', onData)
  socket.on('end', () => stream.push(null))
  socket.on('error', (error) => stream.destroy(error))
  socket.on('close', () => stream.destroy())
  return stream
}
