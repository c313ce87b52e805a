import { randomFillSync } from 'node:crypto'
import type { Ids } from '../session/ports.ts'

const POOL_BYTES = 8 * 1024
const RANDOM_BYTES = 10
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * UUIDv7 (RFC 9562, section 5.7): milliseconds, then random bits. Random bytes are drawn a pool at a time, since three
 * ids are made for each statement and a draw of its own would cost more than all the rest.
 */
export function createIds(now: () => number): Ids {
  const pool = new Uint8Array(POOL_BYTES)
  let at = POOL_BYTES
  return {
    uuid: () => {
      if (at + RANDOM_BYTES > POOL_BYTES) {
        randomFillSync(pool)
        at = 0
      }
      const id = format(Math.floor(now()), pool, at)
      at += RANDOM_BYTES
      return id
    },
  }
}

function format(time: number, random: Uint8Array, at: number): string {
  const hex = (offset: number) => HEX[random[at + offset] as number] as string
  const stamp = time.toString(16).padStart(12, '0')
  const version = HEX[0x70 | ((random[at] as number) & 0x0f)]
  const variant = HEX[0x80 | ((random[at + 2] as number) & 0x3f)]
  const node = hex(4) + hex(5) + hex(6) + hex(7) + hex(8) + hex(9)
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-${version}${hex(1)}-${variant}${hex(3)}-${node}`
}
