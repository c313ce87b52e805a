import { classByName } from './classify_names.ts'
import { VALUE_TESTS } from './classify_values.ts'

/** A column, and some of its values as text: they are looked at here and never kept. */
export interface SampledColumn {
  readonly schema: string
  readonly table: string
  readonly column: string
  readonly type: string
  /** Without NULL; empty where none could be read. */
  readonly values: readonly string[]
}

export interface Proposal {
  readonly schema: string
  readonly table: string
  readonly column: string
  readonly class: string
  /** likely: the values say so, alone or with the name. possible: the name alone. */
  readonly confidence: 'likely' | 'possible'
  readonly byName: boolean
  /** Of how many values how many look like it; no value is ever told. */
  readonly matched: number
  readonly sampled: number
}

/** How often proposals are right over columns that a person has labelled, see docs/classification.md; tests compare. */
export const MEASURED = { columns: 101, proposals: 51, right: 49, likelyWrong: 1 } as const

/** Fewer different values say nothing. */
const VALUES_MIN = 4
/** Mistyped and missing ones are a part of any column of people. */
const SHARE_LIKELY = 0.8
const SHARE_WITH_NAME = 0.4
/** Names in a small dictionary: a good part of all people has others. */
const SHARE_OF_NAMES = 0.5
const SHARE_AGAINST = 0.1

const TEXT = /char|text|citext|clob|^enum|^set|^name$/i
const DATE = /^(?:date|timestamp|datetime)/i
const NEVER = /^bool|^tinyint\(1\)|^bit\(1\)/i

/** The class that a column's name, type and values suggest, or null. */
export function proposeClass(column: SampledColumn): Proposal | null {
  const { type } = column
  if (NEVER.test(type)) return null
  const isText = TEXT.test(type)
  const named = classByName(column.table, column.column, isText)
  const values = [...new Set(column.values.map((value) => value.trim()).filter((value) => value !== ''))]
  const best = values.length >= VALUES_MIN ? bestOf(values, DATE.test(type)) : null
  if (best && isConvincing(best, named, values.length))
    return proposal(column, best.class, 'likely', named === best.class, best.matched, values)
  if (named === null) return null
  const test = VALUE_TESTS.find((one) => one.class === named)
  const matched = test ? values.filter(test.test).length : 0
  if (
    test?.strong &&
    isText &&
    values.length >= VALUES_MIN &&
    matched / values.length < SHARE_AGAINST &&
    !OPEN.has(named)
  )
    return null
  return proposal(column, named, 'possible', true, matched, values)
}

/** Classes whose values have more forms than the tests know. */
const OPEN = new Set(['pii.national_id', 'secret', 'pii.phone', 'pii.device', 'financial.iban'])

interface Best {
  readonly class: string
  readonly strong: boolean
  readonly matched: number
}

function bestOf(values: readonly string[], isDate: boolean): Best | null {
  if (isDate) return null
  let best: Best | null = null
  for (const { class: name, strong, test } of VALUE_TESTS) {
    const matched = values.filter(test).length
    if (matched > (best?.matched ?? 0)) best = { class: name, strong, matched }
  }
  return best
}

function isConvincing(best: Best, named: string | null, count: number): boolean {
  const share = best.matched / count
  if (named === best.class) return share >= SHARE_WITH_NAME
  return best.strong ? share >= SHARE_LIKELY : share >= SHARE_OF_NAMES && named === null && best.matched >= 8
}

function proposal(
  { schema, table, column }: SampledColumn,
  name: string,
  confidence: Proposal['confidence'],
  byName: boolean,
  matched: number,
  values: readonly string[],
): Proposal {
  return { schema, table, column, class: name, confidence, byName, matched, sampled: values.length }
}

/** The proposals as a section of a policy file, those of one class together and what they rest on beside them. */
export function proposalsYaml(target: string, proposals: readonly Proposal[]): string {
  const lines = ['version: 1', 'classification:', '  columns:']
  // A name that ends in a star would be a pattern.
  const exact = proposals.filter(
    ({ schema, table, column }) => ![schema, table, column].some((name) => name.includes('*')),
  )
  const sorted = exact.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  for (const one of sorted) {
    const why = one.matched > 0 ? `${one.matched} of ${one.sampled} values` : 'its name'
    const place = [
      ['targets', target],
      ['schemas', one.schema],
      ['tables', one.table],
      ['columns', one.column],
    ]
    const fields = place.map(([field, value]) => `${field}: [${JSON.stringify(value)}]`).join(', ')
    lines.push(`    # ${one.confidence}: by ${one.byName && one.matched > 0 ? `its name and ${why}` : why}`)
    lines.push(`    - { class: ${one.class}, ${fields} }`)
  }
  if (sorted.length === 0) return 'version: 1\n'
  return `${lines.join('\n')}\n`
}

function keyOf({ class: name, schema, table, column }: Proposal): string {
  return [name, schema, table, column].join('\0')
}
