/**
 * Characters that would act on a terminal, or change the order in which text is read: C0 and C1 controls, DEL, line and
 * paragraph separators, the marks of bidirectional text, and halves of surrogate pairs.
 */
const ACTING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu
/** What East Asian terminals show two columns wide (Unicode's East Asian Width), and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u
const NO_WIDTH = /\p{Mark}/u

/** One line: nothing in it acts on a terminal. A line break is shown as `⏎`, any other such character as its number. */
export function printable(text: string): string {
  return text.replace(ACTING, (char) => {
    if (char === '\n') return '⏎'
    if (char === '\t') return '    '
    if (char === '\r') return ''
    return `<${(char.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}>`
  })
}

/** The same, line by line. */
export function printableLines(text: string): string[] {
  return text.split('\n').map(printable)
}

/** Columns that a printable text takes. */
export function widthOf(text: string): number {
  let width = 0
  for (const char of text) width += NO_WIDTH.test(char) ? 0 : WIDE.test(char) ? 2 : 1
  return width
}

/** At most `width` columns of it. */
export function clipped(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let taken = ''
  let used = 1
  for (const char of text) {
    used += widthOf(char)
    if (used > width) break
    taken += char
  }
  return `${taken}…`
}
