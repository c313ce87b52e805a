import { randomBytes } from 'node:crypto'
import { SEALER_RANDOM_BYTES, Sealer } from '../audit/seal.ts'
import { fromBase64 } from '../bytes/base64.ts'
import { SallyportError } from '../errors.ts'

/** What a sealer holds in memory opens what it has sealed: it is forgotten after so long. */
const SEALER_MS = 3_600_000

/** Gives the sealer of the hour for the key in force. */
export class Sealing {
  readonly #monotonic: () => number
  #recipient: Uint8Array | null
  #sealTo: string | null
  #made: { readonly sealer: Sealer; readonly at: number } | null = null

  /** `sealTo`: a public key in base64, or null where there is none. */
  constructor(sealTo: string | null, monotonic: () => number) {
    this.#monotonic = monotonic
    this.#sealTo = sealTo
    this.#recipient = sealTo === null ? null : fromBase64(sealTo)
  }

  configure(sealTo: string | null): void {
    if (sealTo === this.#sealTo) return
    this.#sealTo = sealTo
    this.#recipient = sealTo === null ? null : fromBase64(sealTo)
    this.#made = null
  }

  readonly sealer = (): Sealer => {
    if (this.#recipient === null) throw new SallyportError('SP-AUDIT', 'there is no key to seal the statement to')
    const now = this.#monotonic()
    if (this.#made === null || now - this.#made.at > SEALER_MS) {
      this.#made = { sealer: new Sealer(this.#recipient, randomBytes(SEALER_RANDOM_BYTES)), at: now }
    }
    return this.#made.sealer
  }
}
