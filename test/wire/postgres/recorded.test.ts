import { readFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type ClientPhase, decodeClient, encodeClient } from '../../../src/wire/postgres/client.ts'
import { type Frame, Framer } from '../../../src/wire/postgres/framer.ts'
import { decodeServer, encodeServer } from '../../../src/wire/postgres/server.ts'
import { decodeStartup, encodeStartup } from '../../../src/wire/postgres/startup.ts'
import { traceClient, traceServer } from '../../../src/wire/postgres/trace.ts'
import { hex, toHex } from './samples.ts'

/**
 * A session with PostgreSQL 18.4, one message a line (side, phase, bytes): negotiation from protocol 3.9999 down to
 * 3.2, SCRAM, simple and extended queries, COPY both ways, the function call, a cancelled statement.
 */
const golden = joinPath(import.meta.dirname, 'golden')
const recorded = readFileSync(joinPath(golden, 'recorded-postgres-18.hex'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => line.split(' ') as ['F' | 'B', ClientPhase | 'startup', string])

function frameOf(bytes: Uint8Array, phase: string): Frame {
  const framer = new Framer({ maxBytes: bytes.length })
  framer.push(bytes)
  const frame = phase === 'startup' ? framer.nextStartup() : framer.next()
  if (frame === null) throw new Error('the recorded message is not whole')
  return frame
}

function again(side: 'F' | 'B', phase: ClientPhase | 'startup', frame: Frame): Uint8Array {
  if (side === 'B') return encodeServer(decodeServer(frame))
  return phase === 'startup' ? encodeStartup(decodeStartup(frame)) : encodeClient(decodeClient(frame, phase))
}

describe('a recorded session', () => {
  it('is written as it was read', () => {
    for (const [side, phase, bytes] of recorded) {
      expect(toHex(again(side, phase, frameOf(hex(bytes), phase)))).toBe(bytes)
    }
  })

  it('reads as its golden trace', async () => {
    const lines = recorded.map(([side, phase, bytes]) => {
      const frame = frameOf(hex(bytes), phase)
      return side === 'F' ? traceClient(frame, phase) : traceServer(frame)
    })
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(joinPath(golden, 'recorded-postgres-18.txt'))
  })
})
