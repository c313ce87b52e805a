import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { encodeUtf8 } from '../../../bytes/writer.ts'
import { SallyportError } from '../../../errors.ts'
import { broken, decodeText } from '../message.ts'
import { fromBase64, toBase64 } from './base64.ts'
import type { ScramVerifier } from './scram_verifier.ts'

const PLAIN = 'SCRAM-SHA-256'
const PLUS = 'SCRAM-SHA-256-PLUS'
const BINDING = 'tls-server-end-point'
const KEY_BYTES = 32
/** A client of PostgreSQL sends 24. */
const MAX_NONCE_CHARS = 256

/** RFC 5802 section 5.1: printable ASCII without the comma. */
const NONCE = /^[\x21-\x2b\x2d-\x7e]+$/
/** gs2-header, then client-first-message-bare. Extensions after the nonce are optional ones, which a server may ignore. */
const CLIENT_FIRST = /^(n|y|p=[A-Za-z0-9.-]{1,64}),(a=[^,]*)?,(n=[^,]*,r=([^,]+)(?:,[A-Za-z]=[^,]*)*)$/
/** The proof is the last attribute; what stands before it is signed. */
const CLIENT_FINAL = /^(c=([^,]*),r=([^,]*)(?:,[A-Za-oq-z]=[^,]*)*),p=([^,]*)$/

export interface ScramOffer {
  /** The certificate's hash for tls-server-end-point; null where the certificate's signature names no one hash. */
  readonly endPoint: Uint8Array | null
}

export interface ScramGreeted {
  readonly firstBare: string
  readonly nonce: string
  /** base64 of what the client's final message has to repeat: the header, with the binding data where it binds. */
  readonly bindingInput: string
}

export interface ScramChallenged extends ScramGreeted {
  readonly serverFirst: string
}

/** The mechanisms in the order of preference; libpq takes -PLUS where it can. */
export function scramMechanisms({ endPoint }: ScramOffer): readonly string[] {
  return endPoint === null ? [PLAIN] : [PLUS, PLAIN]
}

/**
 * Reads the client-first-message. Malformed is `SP-PROTOCOL`; so is a client that could bind the channel and was told that
 * we can't (`y`), which is what a stripped offer looks like (RFC 5802, section 6).
 */
export function greetScram(mechanism: string, data: Uint8Array, offer: ScramOffer): ScramGreeted {
  if (!scramMechanisms(offer).includes(mechanism))
    throw broken('the client chose a SASL mechanism that was not offered')
  const [, flag, authzid, firstBare, nonce] = CLIENT_FIRST.exec(decodeText(data)) ?? []
  if (flag === undefined || firstBare === undefined || nonce === undefined) {
    throw broken('a SCRAM client-first-message is malformed')
  }
  if (authzid !== undefined) throw new SallyportError('SP-UNSUPPORTED', 'SCRAM with an authorization identity')
  if (nonce.length > MAX_NONCE_CHARS || !NONCE.test(nonce)) throw broken('a SCRAM nonce is malformed')
  return { firstBare, nonce, bindingInput: bindingInputOf(mechanism, flag, offer) }
}

function bindingInputOf(mechanism: string, flag: string, { endPoint }: ScramOffer): string {
  if (mechanism === PLUS) {
    if (flag !== `p=${BINDING}` || endPoint === null) throw broken('SCRAM-SHA-256-PLUS without its channel binding')
    return toBase64(Uint8Array.from([...encodeUtf8(`${flag},,`), ...endPoint]))
  }
  if (flag.startsWith('p=')) throw broken('a channel binding without SCRAM-SHA-256-PLUS')
  if (flag === 'y' && endPoint !== null) throw broken('the offer of channel binding did not reach the client')
  return toBase64(encodeUtf8(`${flag},,`))
}

/** The server-first-message. `ours` is our part of the nonce: random and printable. */
export function challengeScram(
  greeted: ScramGreeted,
  ours: string,
  { salt, iterations }: Pick<ScramVerifier, 'salt' | 'iterations'>,
): ScramChallenged {
  if (!NONCE.test(ours)) throw new SallyportError('SP-INTERNAL', 'a SCRAM nonce is not printable')
  const nonce = greeted.nonce + ours
  return { ...greeted, nonce, serverFirst: `r=${nonce},s=${toBase64(salt)},i=${iterations}` }
}

/**
 * Reads the client-final-message: which of the verifiers its proof fits, with the server-final-message, or null. All are
 * tried, and all have the salt of the challenge.
 */
export function judgeScram<V extends ScramVerifier>(
  challenged: ScramChallenged,
  data: Uint8Array,
  verifiers: readonly V[],
): { readonly verifier: V; readonly message: Uint8Array } | null {
  const [, withoutProof, binding, nonce, proof] = CLIENT_FINAL.exec(decodeText(data)) ?? []
  if (withoutProof === undefined || proof === undefined) throw broken('a SCRAM client-final-message is malformed')
  if (nonce !== challenged.nonce) throw broken('a SCRAM nonce is not ours')
  if (binding !== challenged.bindingInput) throw broken('a SCRAM message is bound to another channel')
  const shown = fromBase64(proof)
  if (shown.length !== KEY_BYTES) throw broken('a SCRAM proof has another length')
  const authMessage = `${challenged.firstBare},${challenged.serverFirst},${withoutProof}`
  const [found] = verifiers.filter(({ storedKey }) => fits(shown, storedKey, authMessage))
  if (found === undefined) return null
  return { verifier: found, message: encodeUtf8(`v=${toBase64(hmac(found.serverKey, authMessage))}`) }
}

function fits(proof: Uint8Array, storedKey: Uint8Array, authMessage: string): boolean {
  const signature = hmac(storedKey, authMessage)
  const clientKey = proof.map((byte, i) => byte ^ signature[i]!)
  return timingSafeEqual(createHash('sha256').update(clientKey).digest(), storedKey)
}

function hmac(key: Uint8Array, data: string): Uint8Array {
  return createHmac('sha256', key).update(data).digest()
}
