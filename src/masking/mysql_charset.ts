import { characterStarts, isAscii } from './characters.ts'
import { type Masker, toNull } from './rule.ts'

/**
 * How a character set writes text: `single` is one byte for each character, the first half ASCII; `ascii` is one in
 * which bytes below 0x80 are ASCII where there are no others.
 */
type Writing = 'utf8' | 'single' | 'ascii'

export interface Charset {
  readonly writing: Writing
  /** Bytes of its widest character: lengths of columns are told in it. */
  readonly widest: number
}

const UTF8MB4: Charset = { writing: 'utf8', widest: 4 }
const UTF8MB3: Charset = { writing: 'utf8', widest: 3 }
const SINGLE: Charset = { writing: 'single', widest: 1 }
const DOUBLE: Charset = { writing: 'ascii', widest: 2 }
const TRIPLE: Charset = { writing: 'ascii', widest: 3 }
const QUADRUPLE: Charset = { writing: 'ascii', widest: 4 }

/** MariaDB's NO PAD collations have the number of the padding one and this (MY_NOPAD_ID). */
const NO_PAD = 1024
const NO_PAD_END = 2048

/** Ids in information_schema.COLLATIONS of both servers, first and last of each range. */
const RANGES: readonly (readonly [first: number, last: number, charset: Charset])[] = [
  [33, 33, UTF8MB3],
  [45, 46, UTF8MB4],
  [76, 76, UTF8MB3],
  [83, 83, UTF8MB3],
  [192, 223, UTF8MB3],
  [224, 247, UTF8MB4],
  [248, 250, QUADRUPLE],
  [255, 511, UTF8MB4],
  [576, 607, UTF8MB3],
  [608, 639, UTF8MB4],
  // The Unicode 14 collations of MariaDB.
  [2048, 2303, UTF8MB3],
  [2304, 2559, UTF8MB4],
]
/** armscii8, ascii, cp125x, cp85x, cp866, dec8, geostd8, greek, hebrew, hp8, keybcs2, koi8, latin, mac, tis620. */
const SINGLE_IDS: ReadonlySet<number> = new Set([
  2, 3, 4, 5, 6, 7, 8, 9, 11, 14, 15, 16, 18, 20, 21, 22, 23, 25, 26, 27, 29, 30, 31, 32, 34, 36, 37, 38, 39, 40, 41,
  42, 43, 44, 47, 48, 49, 50, 51, 52, 53, 57, 58, 59, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 77, 78, 79, 80,
  81, 89, 92, 93, 94, 99,
])
/** big5, cp932, euckr, gb2312, gbk, sjis. */
const DOUBLE_IDS: ReadonlySet<number> = new Set([1, 13, 19, 24, 28, 84, 85, 86, 87, 88, 95, 96])
/** eucjpms, ujis. */
const TRIPLE_IDS: ReadonlySet<number> = new Set([12, 91, 97, 98])

/** Null for UCS-2, UTF-16, UTF-32 and swe7, in which ASCII is not ASCII, and for what is not known. */
export function charsetOf(collation: number): Charset | null {
  const id = collation >= NO_PAD && collation < NO_PAD_END ? collation - NO_PAD : collation
  if (SINGLE_IDS.has(id)) return SINGLE
  if (DOUBLE_IDS.has(id)) return DOUBLE
  if (TRIPLE_IDS.has(id)) return TRIPLE
  return RANGES.find(([first, last]) => id >= first && id <= last)?.[2] ?? null
}

/** A mask of UTF-8 over text of a character set. What it adds itself must be ASCII where the set is not UTF-8. */
export function inCharset(masker: Masker, { writing }: Charset): Masker {
  if (writing === 'utf8' || masker === toNull) return masker
  return (value) => {
    if (isAscii(value)) return masker(value)
    const masked = writing === 'single' ? masker(widened(value)) : null
    return masked === null ? null : narrowed(masked)
  }
}

/** Each byte as the character of its number, so that characters are counted and cut as what they are. */
function widened(value: Uint8Array): Uint8Array {
  const out = new Uint8Array(value.length * 2)
  let at = 0
  for (const byte of value) {
    if (byte >= 0x80) out[at++] = 0xc0 | (byte >> 6)
    out[at++] = byte < 0x80 ? byte : 0x80 | (byte & 0x3f)
  }
  return out.subarray(0, at)
}

function narrowed(value: Uint8Array): Uint8Array | null {
  const starts = characterStarts(value)
  if (starts === null) return null
  return Uint8Array.from(starts.slice(0, -1), (start) => {
    const first = value[start] as number
    return first < 0x80 ? first : ((first & 0x03) << 6) | ((value[start + 1] as number) & 0x3f)
  })
}
