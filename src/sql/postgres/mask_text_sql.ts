import type { SqlMask } from '../substitution.ts'

type Partial = Extract<SqlMask, { kind: 'partial' }>
type Email = Extract<SqlMask, { kind: 'email' }>

/**
 * What a plain address is, as `src/masking/email.ts` says it: one `@`, no space or control character, and a last label
 * of 2 to 24 letters, digits and hyphens after a letter.
 */
const ADDRESS = '^[^@\\u0001-\\u0020]+@[^@\\u0001-\\u0020]+[.][A-Za-z][A-Za-z0-9-]{1,23}$'
const CONCATENATE = 'OPERATOR(pg_catalog.||)'

/** A literal that reads the same whatever `standard_conforming_strings` is. */
export function textLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

/** Collation C: nothing here depends on a language, and no collation refuses the operators. */
function plainText(name: string): string {
  return `((${name})::pg_catalog.text COLLATE pg_catalog."C")`
}

/** Functions and not operators: `left` and `right` count characters, as the mask on the wire does. */
export function partialSql(name: string, { keepFirst, keepLast, fill, maxCharacters }: Partial): string {
  const value = plainText(name)
  const length = `pg_catalog.length(${value})`
  const filler = `${textLiteral(fill)}::pg_catalog.text`
  const kept = keepFirst + keepLast
  const hidden = `pg_catalog.repeat(${filler}, ${length} OPERATOR(pg_catalog.-) ${kept})`
  const parts = [`pg_catalog.left(${value}, ${keepFirst})`, hidden, `pg_catalog.right(${value}, ${keepLast})`]
  return `(CASE WHEN ${length} OPERATOR(pg_catalog.>) ${maxCharacters} THEN NULL
    WHEN ${length} OPERATOR(pg_catalog.<=) ${kept} THEN pg_catalog.repeat(${filler}, ${length})
    ELSE ${parts.join(` ${CONCATENATE} `)} END)`
}

/** The last label with its dot is what follows the first dot of the reversed address. */
export function emailSql(name: string, { maxBytes }: Email): string {
  const value = plainText(name)
  const at = `pg_catalog.strpos(${value}, '@'::pg_catalog.text)`
  const shown = `CASE WHEN ${at} OPERATOR(pg_catalog.>) 2 THEN pg_catalog.left(${value}, 1) ELSE ''::pg_catalog.text END`
  const label = `pg_catalog.right(${value}, pg_catalog.strpos(pg_catalog.reverse(${value}), '.'::pg_catalog.text))`
  const masked = [`(${shown})`, `'***@***'::pg_catalog.text`, label].join(` ${CONCATENATE} `)
  return `(CASE WHEN ${value} IS NULL THEN NULL
    WHEN pg_catalog.octet_length(${value}) OPERATOR(pg_catalog.>) ${maxBytes} THEN '***'::pg_catalog.text
    WHEN ${value} OPERATOR(pg_catalog.~) ${textLiteral(ADDRESS)}::pg_catalog.text THEN ${masked}
    ELSE '***'::pg_catalog.text END)`
}
