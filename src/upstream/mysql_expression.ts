/** Letters, digits, `_`, `$` and everything above ASCII may stand in a bare name (MySQL manual, "Schema Object Names"). */
const NAME_CHARACTER = /[0-9A-Za-z_$\u0080-\uffff]/

/**
 * The columns among `names` whose name stands as a word in the text of an expression, whether quoted or inside a
 * literal: too many, but never one too few, since the text is the server's and is not parsed here.
 */
export function columnsNamedIn(expression: string, names: readonly string[]): readonly string[] {
  if (expression === '') return []
  const text = expression.toLowerCase()
  return names.filter((name) => {
    const word = name.toLowerCase()
    return standsIn(text, word) || standsIn(text, word.replaceAll('`', '``'))
  })
}

function standsIn(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const before = text[at - 1] ?? ' '
    const after = text[at + word.length] ?? ' '
    if (!NAME_CHARACTER.test(before) && !NAME_CHARACTER.test(after)) return true
  }
  return false
}
