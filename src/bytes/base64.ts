/** RFC 4648, section 4, with padding. */

/** A call takes only so many arguments. */
const UNITS_PER_CALL = 8192
const CANONICAL = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export function toBase64(bytes: Uint8Array): string {
  let units = ''
  for (let from = 0; from < bytes.length; from += UNITS_PER_CALL) {
    units += String.fromCharCode(...bytes.subarray(from, from + UNITS_PER_CALL))
  }
  return btoa(units)
}

/** Null where the text is not base64: bytes have one form alone, so that a signature can't be changed unseen. */
export function fromBase64(text: string): Uint8Array | null {
  if (!CANONICAL.test(text)) return null
  const units = atob(text)
  const bytes = new Uint8Array(units.length)
  for (let at = 0; at < units.length; at++) bytes[at] = units.charCodeAt(at)
  // Bits that no byte uses have to be 0.
  return text.endsWith('=') && toBase64(bytes.subarray(-((bytes.length - 1) % 3) - 1)) !== text.slice(-4) ? null : bytes
}
