import { asSallyportError } from '../errors.ts'
import type { LiveCredential, Target } from '../session/ports.ts'
import type { CatalogReaders } from './catalogs.ts'

/** What servers say of a login that they refuse: PostgreSQL by SQLSTATE, MySQL by the name of the error. */
const REFUSED_LOGINS: ReadonlySet<unknown> = new Set([
  '28P01',
  '28000',
  'ER_ACCESS_DENIED_ERROR',
  'ER_ACCOUNT_HAS_BEEN_LOCKED',
  'ER_MUST_CHANGE_PASSWORD_LOGIN',
])

/** Reads the catalog with the login that is valid now, so that the rotation of its secret needs no restart. */
export function followRotation(readers: CatalogReaders, loginOf: (target: Target) => LiveCredential): CatalogReaders {
  const through = <T>(target: Target, work: (target: Target) => Promise<T>) =>
    loginOf(target).use((admin) => work({ ...target, admin }), isRefusedLogin)
  return {
    fingerprint: (target, database) => through(target, (now) => readers.fingerprint(now, database)),
    read: (target, database) => through(target, (now) => readers.read(now, database)),
  }
}

/** Of an error of an admin connection. */
export function isRefusedLogin(error: unknown): boolean {
  const { cause } = asSallyportError(error)
  return typeof cause === 'object' && cause !== null && 'code' in cause && REFUSED_LOGINS.has(cause.code)
}
