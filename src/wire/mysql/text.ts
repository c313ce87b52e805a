import type { Reader } from '../../bytes/reader.ts'
import type { Writer } from '../../bytes/writer.ts'
import { SallyportError } from '../../errors.ts'

/** A leading byte order mark is kept: a text that was judged must hold every character that is forwarded. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lossyUtf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** The usual error of the codec. The detail names the fault and never quotes what was received. */
export function broken(detail: string): SallyportError {
  return new SallyportError('SP-PROTOCOL', detail)
}

export function unsupported(detail: string): SallyportError {
  return new SallyportError('SP-UNSUPPORTED', detail)
}

/** Strict UTF-8 (`SP-PROTOCOL` otherwise). */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw broken('text is not valid UTF-8')
  }
}

/** For what is shown and never judged: bytes that are no UTF-8 become U+FFFD. */
export function decodeLossy(bytes: Uint8Array): string {
  return lossyUtf8.decode(bytes)
}

/** A NUL-terminated string, strict UTF-8. */
export function readNulText(reader: Reader): string {
  return decodeText(reader.untilNul())
}

/** A NUL inside would end the string early for the receiver, so it is refused. */
export function writeNulText(writer: Writer, text: string): void {
  if (text.includes('\0')) throw broken('text holds a NUL')
  writer.cstring(text)
}
