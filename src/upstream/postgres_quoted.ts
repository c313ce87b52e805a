/** A name as SQL that means exactly it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text as SQL that reads the same whatever standard_conforming_strings says. */
export function literal(text: string): string {
  const plain = text.replaceAll("'", "''")
  return text.includes('\\') ? ` E'${plain.replaceAll('\\', '\\\\')}'` : `'${plain}'`
}
