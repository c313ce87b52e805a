import { hash } from 'node:crypto'

/**
 * What a client may say of itself before anybody knows who it is: a name as long as the packet allows would make its
 * record larger than a record may be, and the refused login would leave none.
 */
export const CLAIM_CHARS = 256
/** Of a reason or an explanation. */
export const REASON_CHARS = 2_000

/** The begin of a text that is longer, its length, and its hash, by which the same is known again. */
export function shortened(text: string, chars: number): string {
  if (text.length <= chars) return text
  return `${text.slice(0, chars)}... (${text.length} characters, SHA-256 ${hash('sha256', text, 'hex')})`
}
