const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })
const latin1 = new TextDecoder('windows-1252')
/** A value that is no text is shown up to here. */
const HEX_BYTES_MAX = 64

export function utf8Text(bytes: Uint8Array): string {
  return lenient.decode(bytes)
}

/** In a character set that is not known: UTF-8 where it can be that. */
export function guessedText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch {
    return latin1.decode(bytes)
  }
}

/** Bytes that are no text, as PostgreSQL writes them. */
export function hexText(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEX_BYTES_MAX)).toString('hex')
  return bytes.length > HEX_BYTES_MAX ? `\\x${shown}… (${bytes.length} bytes)` : `\\x${shown}`
}
