import { recipientProblem } from '../audit/seal.ts'
import { fromBase64 } from '../bytes/base64.ts'

/** A public key in base64 that only the holder of its secret half can open what is sealed to. */
export function isSealKey(text: string): boolean {
  const bytes = fromBase64(text)
  return bytes !== null && recipientProblem(bytes) === null
}
