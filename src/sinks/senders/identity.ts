import type { Item } from '../sender.ts'

/** The identity of what is sent: a piece has one of its own, and a record sent again the same. */
export function identityOf({ uid, piece }: Item): string {
  return piece === undefined ? uid : `${uid}/${piece.index}`
}
