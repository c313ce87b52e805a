/** One word of a statement as it is compared (`sql/postgres/compared.ts`, `sql/mysql/compared.ts`). */
export interface Word {
  /** A name without its quotes, everything else as written. */
  readonly text: string
  /** '' for literals and quoted names, which are never keywords. */
  readonly upper: string
  readonly literal: boolean
}

const WORD = /(?:[EeBbXxNn]|[Uu]&)?'(?:[^'\\]|\\[\s\S]|'')*'|\$(\w*)\$[\s\S]*?\$\1\$|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\S+/g

export function wordsOf(compared: string): readonly Word[] {
  return [...compared.matchAll(WORD)].map(([text]) => {
    if (text.endsWith("'") || /^\$\w*\$/.test(text)) return { text, upper: '', literal: true }
    const quoted = /^["`]/.test(text)
    if (quoted) return { text: text.slice(1, -1), upper: '', literal: false }
    return { text, upper: text.toUpperCase(), literal: /^\d/.test(text) }
  })
}

/** True where the words stand one behind the other, anywhere. */
export function has(words: readonly Word[], ...sequence: readonly string[]): boolean {
  return words.some((_word, at) => sequence.every((expected, index) => words[at + index]?.upper === expected))
}

export function begins(words: readonly Word[], ...sequence: readonly string[]): boolean {
  return sequence.every((expected, index) => words[index]?.upper === expected)
}

/** What commas separate, outside of parentheses. */
export function parts(words: readonly Word[]): readonly (readonly Word[])[] {
  const found: Word[][] = [[]]
  let depth = 0
  for (const word of words) {
    if (word.text === '(' && !word.literal) depth += 1
    if (word.text === ')' && !word.literal) depth -= 1
    if (word.text === ',' && depth === 0) found.push([])
    else found.at(-1)?.push(word)
  }
  return found.filter((part) => part.length > 0)
}

/** What stands inside the first parentheses; null where there are none. */
export function inside(words: readonly Word[]): readonly Word[] | null {
  const start = words.findIndex(({ text }) => text === '(')
  if (start < 0) return null
  let depth = 0
  for (let at = start; at < words.length; at++) {
    if (words[at]?.text === '(') depth += 1
    if (words[at]?.text === ')') depth -= 1
    if (depth === 0) return words.slice(start + 1, at)
  }
  return null
}
