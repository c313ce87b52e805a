/** `[class: pii.email]` or `[class: pii.email, contact]`, anywhere in a comment. */
const BRACKETED = /\[class:\s*([\w.-]+(?:\s*,\s*[\w.-]+)*)\s*\]/gi
/** Bytebase's form: the id of a classification, and the comment behind it (`1-4-2-mobile number`). */
const NUMBERED = /^\s*(\d{1,4}-\d{1,4}-\d{1,4})(?![\d.])/

const CLASSES_MAX = 16

/** The classes that the comment of a column names, in lower case and each once. */
export function classesInComment(comment: string): readonly string[] {
  const bracketed = [...comment.matchAll(BRACKETED)].flatMap(([, list = '']) => list.split(','))
  const numbered = NUMBERED.exec(comment)?.[1]
  const all = [...(numbered === undefined ? [] : [numbered]), ...bracketed.map((one) => one.trim().toLowerCase())]
  return [...new Set(all)].slice(0, CLASSES_MAX)
}
