import { plain } from '../api/print.ts'

export interface Outcome {
  readonly name: string
  readonly person: string
  readonly target: string
  /** Empty: as expected. */
  readonly failures: readonly string[]
}

export function textReport(outcomes: readonly Outcome[]): string {
  const failed = outcomes.filter(({ failures }) => failures.length > 0)
  const shown = failed.map(
    ({ name, person, target, failures }) =>
      `FAILED ${plain(name)}\n  ${plain(person)} on ${plain(target)}\n${failures.map((one) => `  ${plain(one)}\n`).join('')}`,
  )
  return `${shown.join('')}${outcomes.length} expectations, ${failed.length} failed\n`
}

export function jsonReport(outcomes: readonly Outcome[]): string {
  const failed = outcomes.filter(({ failures }) => failures.length > 0).length
  return `${JSON.stringify({ tests: outcomes.length, failed, outcomes }, null, 2)}\n`
}

/** As CI systems read it: one suite, a case for each expectation. */
export function junitReport(file: string, outcomes: readonly Outcome[]): string {
  const failed = outcomes.filter(({ failures }) => failures.length > 0).length
  const cases = outcomes.map(({ name, person, target, failures }) => {
    const head = `<testcase name="${xml(name)}" classname="${xml(`${target}: ${person}`)}"`
    if (failures.length === 0) return `  ${head}/>\n`
    return `  ${head}><failure message="${xml(failures[0] ?? '')}">${xml(failures.join('\n'))}</failure></testcase>\n`
  })
  const head = `<testsuite name="${xml(file)}" tests="${outcomes.length}" failures="${failed}">`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${cases.join('')}</testsuite>\n`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** XML 1.0 has no way to write most control characters: they become U+FFFD. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
