import { HEADER_BYTES, lengthAt } from './packets.ts'

/**
 * The first packets of a run of whole ones: as many as fit in both `maxPackets` and `maxBytes`. A view of the run, and
 * how many it holds.
 */
export function headOfPackets(
  run: Uint8Array,
  maxPackets: number,
  maxBytes: number,
): { readonly bytes: Uint8Array; readonly count: number } {
  let at = 0
  let count = 0
  while (count < maxPackets && at + HEADER_BYTES <= run.length) {
    const next = at + HEADER_BYTES + lengthAt(run, at)
    if (next > maxBytes || next > run.length) break
    at = next
    count++
  }
  return { bytes: run.subarray(0, at), count }
}
