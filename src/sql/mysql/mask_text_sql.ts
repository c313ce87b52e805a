import type { Column } from '../catalog.ts'
import type { SqlMask } from '../substitution.ts'
import type { MaskType } from './mask_type.ts'
import { quoteString } from './quoting.ts'
import type { LexMode } from './token.ts'

type TextType = Extract<MaskType, { kind: 'text' }>
type Partial = Extract<SqlMask, { kind: 'partial' }>
type Email = Extract<SqlMask, { kind: 'email' }>

/**
 * What a plain address is, as `src/masking/email.ts` says it: one `@`, no space or control character, and a last label
 * of 2 to 24 letters, digits and hyphens after a letter.
 */
const ADDRESS = '^[^@\\x00-\\x20]+@[^@\\x00-\\x20]+[.][A-Za-z][A-Za-z0-9-]{1,23}\\z'
const ASCII = /^\p{ASCII}*$/u

/** In the column's character set and collation where it can hold the text, else in the session's. */
export function constantText(text: string, { characters }: TextType, column: Column, mode: LexMode): string {
  const shown = quoteString(
    Array.from(text)
      .slice(0, characters ?? text.length)
      .join(''),
    mode,
  )
  const width = characters === null ? '' : `(${characters})`
  const charset = charsetOf(column)
  if (column.collation === null || charset === null || !holds(charset, text)) return `CAST(${shown} AS CHAR${width})`
  return `CAST(${shown} AS CHAR${width} CHARACTER SET ${charset}) COLLATE ${column.collation}`
}

/** LEFT and RIGHT count characters, as the mask on the wire does. */
export function partialSql(mask: Partial, name: string, type: TextType, column: Column, mode: LexMode): string | null {
  const { keepFirst, keepLast, fill, maxCharacters } = mask
  if (!holds(charsetOf(column), fill)) return null
  const value = unpadded(name, type)
  const length = `CHAR_LENGTH(${value})`
  const filler = quoteString(fill, mode)
  const kept = keepFirst + keepLast
  const parts = [
    `LEFT(${value}, ${keepFirst})`,
    `REPEAT(${filler}, ${length} - ${kept})`,
    `RIGHT(${value}, ${keepLast})`,
  ]
  const whole = `WHEN ${length} <= ${kept} THEN REPEAT(${filler}, ${length})`
  return within(`CASE WHEN ${length} > ${maxCharacters} THEN NULL ${whole} ELSE CONCAT(${parts.join(', ')}) END`, type)
}

/** Compared by code points, whatever the column's collation takes for equal; what is shown keeps that collation. */
export function emailSql({ maxBytes }: Email, name: string, type: TextType, mode: LexMode): string {
  const value = unpadded(name, type)
  const plain = `CONVERT(${value} USING utf8mb4) COLLATE utf8mb4_bin`
  const shown = `LEFT(${value}, IF(LOCATE('@', ${plain}) > 2, 1, 0))`
  const label = `RIGHT(${value}, CHAR_LENGTH(SUBSTRING_INDEX(${plain}, '.', -1)) + 1)`
  const isAddress = `${plain} REGEXP ${quoteString(ADDRESS, mode)}`
  return within(
    `CASE WHEN ${name} IS NULL THEN NULL WHEN OCTET_LENGTH(${plain}) > ${maxBytes} THEN '***' WHEN ${isAddress}` +
      ` THEN CONCAT(${shown}, '***@***', ${label}) ELSE '***' END`,
    type,
  )
}

/** PAD_CHAR_TO_FULL_LENGTH gives CHAR with spaces that are no part of the value. */
function unpadded(name: string, { padded }: TextType): string {
  return padded ? `RTRIM(${name})` : name
}

function within(value: string, { characters }: TextType): string {
  return characters === null ? value : `LEFT(${value}, ${characters})`
}

function charsetOf({ collation }: Column): string | null {
  return /^[a-z0-9]+/.exec(collation ?? '')?.[0] ?? null
}

/** Where the text may have no form in the column's character set, the server would refuse to put the two together. */
function holds(charset: string | null, text: string): boolean {
  return charset === 'utf8mb4' || ASCII.test(text)
}
