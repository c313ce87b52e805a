/** The first pieces of a run of whole ones: a view of the run, and how many it holds. */
export interface Head {
  readonly bytes: Uint8Array
  readonly count: number
}

/** As many pieces as fit in both `maxPieces` and `maxBytes`; `endOf` gives where the piece that begins at `at` ends. */
export function headOf(
  run: Uint8Array,
  maxPieces: number,
  maxBytes: number,
  headerBytes: number,
  endOf: (run: Uint8Array, at: number) => number,
): Head {
  let at = 0
  let count = 0
  while (count < maxPieces && at + headerBytes <= run.length) {
    const next = endOf(run, at)
    if (next > maxBytes || next > run.length) break
    at = next
    count++
  }
  return { bytes: run.subarray(0, at), count }
}
