import type { Duplex } from 'node:stream'

/** Both directions, byte for byte, until either side ends; then the other ends too. */
export function relay(client: Duplex, gate: Duplex): void {
  for (const [from, to] of [
    [client, gate],
    [gate, client],
  ] as const) {
    from.pipe(to)
    from.once('close', () => to.destroy())
    from.once('error', () => to.destroy())
  }
}
