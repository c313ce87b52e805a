import type { Relation } from '../catalog.ts'
import type { LexMode } from './token.ts'

export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

export function qualifiedText({ schema, name }: Relation): string {
  return `${quoteName(schema)}.${quoteName(name)}`
}

/** A string literal that reads the same in the session's sql_mode. */
export function quoteString(text: string, mode: LexMode): string {
  const doubled = text.replaceAll("'", "''")
  return `'${mode.noBackslashEscapes ? doubled : doubled.replaceAll('\\', '\\\\')}'`
}
