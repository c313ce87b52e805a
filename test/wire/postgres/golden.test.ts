import { join as joinPath } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type ClientPhase, encodeClient } from '../../../src/wire/postgres/client.ts'
import { type Frame, Framer } from '../../../src/wire/postgres/framer.ts'
import { encodeServer } from '../../../src/wire/postgres/server.ts'
import { encodeStartup } from '../../../src/wire/postgres/startup.ts'
import { traceClient, traceServer } from '../../../src/wire/postgres/trace.ts'
import { join, toHex } from './samples.ts'
import { stories } from './stories.ts'

const MAX_BYTES = 1 << 16

interface Told {
  readonly side: 'F' | 'B'
  readonly phase: ClientPhase | 'startup'
  readonly bytes: Uint8Array
}

function tell(step: (typeof stories)[string][number]): Told {
  if ('server' in step) return { side: 'B', phase: 'ready', bytes: encodeServer(step.server) }
  const message = step.client
  switch (message.kind) {
    case 'startupMessage':
    case 'cancelRequest':
    case 'sslRequest':
    case 'gssencRequest':
      return { side: 'F', phase: 'startup', bytes: encodeStartup(message) }
    case 'passwordMessage':
      return { side: 'F', phase: 'password', bytes: encodeClient(message) }
    case 'saslInitialResponse':
      return { side: 'F', phase: 'saslInitial', bytes: encodeClient(message) }
    case 'saslResponse':
      return { side: 'F', phase: 'saslResponse', bytes: encodeClient(message) }
    default:
      return { side: 'F', phase: 'ready', bytes: encodeClient(message) }
  }
}

/** The frames of one side when its bytes arrive as `chunks`. */
function framesOf(told: readonly Told[], chunks: readonly Uint8Array[]): Frame[] {
  const framer = new Framer({ maxBytes: MAX_BYTES })
  const frames: Frame[] = []
  for (const chunk of chunks) {
    framer.push(chunk)
    for (;;) {
      const frame = told[frames.length]?.phase === 'startup' ? framer.nextStartup() : framer.next()
      if (frame === null) break
      frames.push(frame)
    }
  }
  expect(framer.buffered).toBe(0)
  return frames
}

describe.each(Object.entries(stories))('%s', (name, steps) => {
  const told = steps.map(tell)

  it('reads as its golden trace', async () => {
    const frames = {
      F: framesOf(
        told.filter(({ side }) => side === 'F'),
        [join(told.filter(({ side }) => side === 'F').map((t) => t.bytes))],
      ),
      B: framesOf(
        told.filter(({ side }) => side === 'B'),
        [join(told.filter(({ side }) => side === 'B').map((t) => t.bytes))],
      ),
    }
    const lines = told.map(({ side, phase }) => {
      const frame = frames[side].shift()
      if (frame === undefined) throw new Error('a frame is missing')
      return side === 'F' ? traceClient(frame, phase) : traceServer(frame)
    })
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(joinPath(import.meta.dirname, 'golden', `${name}.txt`))
  })

  it.each(['F', 'B'] as const)('gives the same frames of side %s when split at every byte', (side) => {
    const mine = told.filter((t) => t.side === side)
    const wanted = mine.map((t) => toHex(t.bytes))
    const bytes = join(mine.map((t) => t.bytes))
    const splits = Array.from({ length: bytes.length + 1 }, (_, at) => [bytes.slice(0, at), bytes.slice(at)])
    for (const chunks of [...splits, Array.from(bytes, (byte) => Uint8Array.of(byte))]) {
      expect(framesOf(mine, chunks).map((frame) => toHex(frame.bytes))).toEqual(wanted)
    }
  })
})
