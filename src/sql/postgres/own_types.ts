import { FIRST_USER_OID } from '../catalog.ts'
import { unplain, type Work } from './work.ts'

/**
 * An extension's `=` on its own type stands in the path for every `=` of a statement, and means it only where a value of
 * that type is compared. Such a value comes from a column, or from something that people made and that is noted already:
 * a cast, a function. Where neither is in the statement, what was put aside is dropped; else all of it counts.
 */
export function settleOwnTypes(work: Work): void {
  if (work.onOwnTypes.length === 0) return
  const near =
    work.functions.some(({ userDefined }) => userDefined) ||
    work.uses.some(({ relation }) => relation.columns.some(({ typeOid }) => typeOid >= FIRST_USER_OID))
  if (near) {
    unplain(work)
    work.functions.push(...work.onOwnTypes)
  }
  work.onOwnTypes.length = 0
}
