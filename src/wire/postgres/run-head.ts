import { HEADER_BYTES, readI32 } from './message.ts'

/**
 * The first messages of a run of whole ones: as many as fit in both `maxMessages` and `maxBytes`. A view of the run, and
 * how many it holds.
 */
export function headOfRun(
  run: Uint8Array,
  maxMessages: number,
  maxBytes: number,
): { readonly bytes: Uint8Array; readonly count: number } {
  let at = 0
  let count = 0
  while (count < maxMessages && at + HEADER_BYTES <= run.length) {
    const next = at + 1 + readI32(run, at + 1)
    if (next > maxBytes || next > run.length) break
    at = next
    count++
  }
  return { bytes: run.subarray(0, at), count }
}
