import type { PageQuery } from '../access/control.ts'
import { ApiRefusal } from './problem.ts'

/** An id as the store makes them: printable, and never longer than what it keeps. */
const ID = /^[\x21-\x7e]{1,256}$/

/** A cursor is the id that the page before ended with, in base64url; who may see what, each page decides anew. */
export function cursorOf(next: string | null): string | null {
  return next === null ? null : Buffer.from(next, 'utf8').toString('base64url')
}

export function pageOf({
  limit,
  cursor,
}: {
  readonly limit: number
  readonly cursor?: string | undefined
}): PageQuery & { readonly limit: number } {
  if (cursor === undefined) return { limit }
  const after = Buffer.from(cursor, 'base64url').toString('utf8')
  if (ID.test(after) && cursorOf(after) === cursor) return { limit, after }
  throw new ApiRefusal('SP-INPUT', 'the cursor is not one of this API', undefined, [
    { pointer: '/query/cursor', detail: 'must be the next_cursor of a page' },
  ])
}
