import { decodeUtf8 } from '../../bytes/reader.ts'
import { UNREAD_BASE } from '../../bytes/unread.ts'
import { encodeUtf8 } from '../../bytes/writer.ts'
import { SallyportError } from '../../errors.ts'

/**
 * How the bytes of a statement are read. `utf8`: as what they are. `bytes`: ASCII as itself, and each byte above it as one
 * character of a private range, which no name may hold: a literal or a comment may, and goes upstream as it came.
 */
export type Reading = 'utf8' | 'bytes'

/** A statement's text with the way back to its bytes. */
export interface ReadText {
  readonly text: string
  readonly reading: Reading
}

const ASCII_END = 0x80
/** String.fromCharCode takes its characters as arguments. */
const PIECE_CHARS = 8192

/**
 * Character sets of a client in which every byte below 0x80 is the ASCII character, wherever it stands: none of them
 * has a character that holds a quote or a backslash (Reference Manual 12.10; the trailing bytes of each are in
 * strings/ctype-*.cc). Not among them: big5, cp932, gb18030, gbk and sjis, whose characters may end with one; ucs2,
 * utf16 and utf32, which no server takes from a client; swe7, which has letters where ASCII has brackets.
 */
const PLAIN: ReadonlySet<string> = new Set(
  `utf8mb4 utf8mb3 utf8 ascii binary latin1 latin2 latin5 latin7 cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 dec8 hp8
  koi8r koi8u greek hebrew tis620 armscii8 geostd8 keybcs2 macce macroman ujis eucjpms euckr gb2312`.split(/\s+/),
)

const UTF8: ReadonlySet<string> = new Set(['utf8mb4', 'utf8mb3', 'utf8'])

/** Collations by id, where the character set is none of the above; a handshake names one by a single byte. */
const HIDING: ReadonlySet<number> = new Set([
  ...[1, 84, 10, 82, 13, 88, 28, 87, 95, 96, 248, 249, 250],
  // ucs2, utf16, utf16le, utf32.
  ...[35, 90, 54, 55, 56, 62, 60, 61],
  ...Array.from({ length: 83 }, (_, at) => 101 + at),
])

const UTF8_COLLATIONS: readonly (readonly [first: number, last: number])[] = [
  [33, 33],
  [45, 46],
  [76, 76],
  [83, 83],
  [192, 247],
  [255, 255],
]

/** The reading of a client's character set by name, or null where one of its characters could hide a quote. */
export function readingOfCharset(name: string): Reading | null {
  const lower = name.toLowerCase()
  if (!PLAIN.has(lower)) return null
  return UTF8.has(lower) ? 'utf8' : 'bytes'
}

/** The same by the id of a collation, 1 to 255; 0 means that the client leaves it to the server. */
export function readingOfCollation(id: number): Reading | null {
  if (HIDING.has(id)) return null
  return id === 0 || UTF8_COLLATIONS.some(([first, last]) => id >= first && id <= last) ? 'utf8' : 'bytes'
}

/**
 * Text as it was sent. Bytes that are no UTF-8 are read as bytes though the session speaks UTF-8: drivers send binary
 * values inside of literals (`_binary'...'`), and the server takes them.
 */
export function readText(bytes: Uint8Array, reading: Reading): ReadText {
  const text = reading === 'utf8' ? utf8Text(bytes) : null
  return text === null ? { text: bytesText(bytes), reading: 'bytes' } : { text, reading: 'utf8' }
}

/** A character that the client's character set may not have throws `SP-UNSUPPORTED`. */
export function encodeRead({ text, reading }: ReadText): Uint8Array {
  if (reading === 'utf8') return encodeUtf8(text)
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const byte = code < ASCII_END ? code : code - UNREAD_BASE
    if (code >= ASCII_END && (byte < ASCII_END || byte > 0xff)) {
      throw new SallyportError('SP-UNSUPPORTED', 'the statement takes names outside of ASCII: use utf8mb4')
    }
    bytes[at] = byte
  }
  return bytes
}

function utf8Text(bytes: Uint8Array): string | null {
  try {
    return decodeUtf8(bytes)
  } catch {
    return null
  }
}

function bytesText(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += PIECE_CHARS) {
    const codes = Array.from(bytes.subarray(at, at + PIECE_CHARS), (byte) =>
      byte < ASCII_END ? byte : UNREAD_BASE + byte,
    )
    text += String.fromCharCode(...codes)
  }
  return text
}
