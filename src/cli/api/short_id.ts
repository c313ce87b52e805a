import { ApiProblem } from './client.ts'
import { UsageError } from './usage_error.ts'

/** Ids begin with the millisecond in which they were made (RFC 9562, 5.7): twelve digits and a hyphen. */
const SHOWN = 13
const LEAST = 8
const PREFIX = /^[0-9a-f-]+$/i
const FORBIDDEN = 403

interface Identified {
  readonly id: string
}

/** The beginnings of these ids that people are shown: short, and no two alike. What is no such id is shown whole. */
export function shortIds(items: readonly Identified[]): (id: string) => string {
  const ids = [...new Set(items.map(({ id }) => id))].filter((id) => PREFIX.test(id)).sort()
  const shared = ids.map((id, index) => sharedLength(id, ids[index + 1] ?? ''))
  const length = Math.max(SHOWN, ...shared.map((count) => count + 1))
  return (id) => (PREFIX.test(id) ? id.slice(0, length) : id)
}

function sharedLength(one: string, other: string): number {
  let count = 0
  while (count < one.length && one[count] === other[count]) count += 1
  return count
}

/**
 * The whole id where a person typed the beginning of one. `lists` are looked through in order; one that the person may not
 * see is passed over. What begins none of them is left as it is: the server knows more than a list shows.
 */
export async function wholeId(
  given: string,
  length: number,
  lists: readonly (() => Promise<readonly Identified[]>)[],
): Promise<string> {
  if (given.length >= length || given.length < LEAST || !PREFIX.test(given)) return given
  const found = new Set<string>()
  for (const list of lists) {
    for (const { id } of await seen(list)) if (id.startsWith(given.toLowerCase())) found.add(id)
    if (found.has(given)) return given
  }
  if (found.size > 1) throw new UsageError(`${given} begins several ids: ${[...found].sort().join(', ')}`)
  return [...found][0] ?? given
}

async function seen(list: () => Promise<readonly Identified[]>): Promise<readonly Identified[]> {
  try {
    return await list()
  } catch (error) {
    if (error instanceof ApiProblem && error.status === FORBIDDEN) return []
    throw error
  }
}
