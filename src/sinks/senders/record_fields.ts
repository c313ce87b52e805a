import { member } from '../../outbound/json_answer.ts'

/** The text or number at the first of some paths that has one. */
export function firstOf(record: unknown, paths: readonly string[]): string | number | undefined {
  for (const path of paths) {
    let found = record
    for (const name of path.split('/')) found = member(found, name)
    if ((typeof found === 'string' && found !== '') || typeof found === 'number') return found
  }
  return undefined
}
