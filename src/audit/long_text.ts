import type { Sealer } from './seal.ts'

/** Texts in pieces that fit in a record: in clear as JSON, or sealed. */

/** What a piece may take of the 65,535 bytes of a line; the rest is for who, where and the chain. */
const PIECE_BYTES = 46_000
/** Sealed: base64 makes 4 bytes of 3, and its head takes some hundred. */
const SEALED_PIECE_BYTES = 34_000
const FIRST_UNITS = 44_000

const encoder = new TextEncoder()

/** `"text":..` or `"sealed":..` of each piece, in order; the texts of all together are the text, to the character. */
export function piecesOf(text: string, sealer: Sealer | null): readonly string[] {
  const pieces: string[] = []
  for (let from = 0; from < text.length; ) {
    const { end, json } = pieceAt(text, from, sealer)
    pieces.push(json)
    from = end
  }
  return pieces
}

function pieceAt(text: string, from: number, sealer: Sealer | null): { readonly end: number; readonly json: string } {
  const most = sealer === null ? PIECE_BYTES : SEALED_PIECE_BYTES
  for (let units = Math.min(FIRST_UNITS, most); ; units = Math.floor(units / 2)) {
    const end = wholeCharacters(text, from, units)
    const part = text.slice(from, end)
    const written = sealer === null ? JSON.stringify(part) : part
    if (encoder.encode(written).length > most) continue
    return { end, json: sealer === null ? `"text":${written}` : `"sealed":"${sealer.sealText(part)}"` }
  }
}

/** Where a piece of about so many units ends, with no character cut in two. */
function wholeCharacters(text: string, from: number, units: number): number {
  const end = Math.min(text.length, from + units)
  const last = text.charCodeAt(end - 1)
  const isCut = last >= 0xd800 && last <= 0xdbff && end < text.length && end - 1 > from
  return isCut ? end - 1 : end
}
