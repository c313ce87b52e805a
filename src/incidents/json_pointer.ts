/** More than any list in an answer has. */
const MAX_FOUND = 200

/**
 * What a JSON pointer (RFC 6901) leads to. A part `*` stands for each item of a list, so there may be several; none where
 * the way ends before. Only what the document itself holds is found.
 */
export function pointTo(document: unknown, pointer: string): readonly unknown[] {
  if (pointer === '') return [document]
  let found: readonly unknown[] = [document]
  for (const part of pointer.slice(1).split('/')) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    found = found.flatMap((value) => step(value, name)).slice(0, MAX_FOUND)
  }
  return found
}

function step(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) {
    if (name === '*') return value.slice(0, MAX_FOUND)
    return /^(0|[1-9]\d{0,8})$/.test(name) && Number(name) < value.length ? [value[Number(name)]] : []
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return []
  return [(value as Record<string, unknown>)[name]]
}

/** The one text, number or boolean that it leads to, as a text; null where there is none, or several. */
export function oneText(document: unknown, pointer: string | null): string | null {
  const [value, ...more] = pointer === null ? [] : pointTo(document, pointer)
  if (more.length > 0) return null
  const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  return plain && value !== '' ? String(value) : null
}

/** All texts and numbers that any of the pointers lead to, each once. */
export function allTexts(document: unknown, pointers: readonly string[]): readonly string[] {
  const found = pointers.flatMap((pointer) => pointTo(document, pointer))
  const texts = found.filter((value) => (typeof value === 'string' && value !== '') || typeof value === 'number')
  return [...new Set(texts.map(String))]
}
