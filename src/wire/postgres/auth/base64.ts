import { broken } from '../message.ts'

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

/** Strict: no white space, and padding in its place. Anything else throws `SP-PROTOCOL`. */
export function fromBase64(text: string): Uint8Array {
  if (!BASE64.test(text)) throw broken('a SCRAM value is not base64')
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}
