const NOTE = /[^\n]+\n(?:0|[1-9]\d*)\n[A-Za-z0-9+/]{43}=\n\n(?:— [^ \n]+ [A-Za-z0-9+/=]+\n)+/g

/**
 * The notes in a file that was kept elsewhere: one after the other, or in JSON lines of any shape that hold them in one
 * of their texts, as a SIEM exports them.
 */
export function keptNotes(text: string): readonly string[] {
  return [...new Set([...notesInText(text), ...text.split('\n').flatMap(notesInLine)])]
}

function notesInText(text: string): string[] {
  return (text.endsWith('\n') ? text : `${text}\n`).match(NOTE) ?? []
}

/** A syslog header, or the like, may stand before the object. */
function notesInLine(line: string): string[] {
  const from = line.indexOf('{')
  if (from === -1) return []
  try {
    return textsIn(JSON.parse(line.slice(from))).flatMap(notesInText)
  } catch {
    return []
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(textsIn) : []
}
