import { PATH_DEFAULT_SQL, PATH_SETTINGS_SQL, USABLE_SCHEMAS_SQL } from './postgres_catalog_sql.ts'
import type { AdminSession } from './postgres_client.ts'

interface PathSetting {
  readonly path: string
  readonly account: boolean
  readonly own: boolean
  readonly everyone: boolean
}

/**
 * The schemas that a fresh session of `account` searches, by ALTER ROLE and ALTER DATABASE and the server's default.
 * Schemas that don't exist or that the account may not use are left out, as the server does. Without an account
 * `$user` is left out too.
 */
export async function readSearchPath(
  session: AdminSession,
  schemas: ReadonlySet<string>,
  account: string | null,
): Promise<readonly string[]> {
  const settings = await session.query<PathSetting>(PATH_SETTINGS_SQL, [account])
  const [defaults] = await session.query<{ reset_val: string; boot_val: string }>(PATH_DEFAULT_SQL)
  // The admin's own session starts with its own setting; what everybody else has is then read from the catalog.
  const general = settings.some((setting) => setting.own)
    ? (settings.find((setting) => setting.everyone)?.path ?? defaults?.boot_val)
    : defaults?.reset_val
  const path = settings.find((setting) => setting.account)?.path ?? general ?? ''
  const usable = account === null ? schemas : await usableSchemas(session, schemas, account)
  const names = splitPath(path).map((name) => (name === '$user' ? (account ?? '') : name))
  return [...new Set(names.filter((name) => usable.has(name)))]
}

/** A role that does not exist yet gets its privileges later: then every schema counts. */
async function usableSchemas(
  session: AdminSession,
  schemas: ReadonlySet<string>,
  account: string,
): Promise<ReadonlySet<string>> {
  const rows = await session.query<{ name: string }>(USABLE_SCHEMAS_SQL, [account])
  return rows.length === 0 ? schemas : new Set(rows.map((row) => row.name))
}

/** Splits a list of identifiers as SplitIdentifierString of the server does: quoted as they are, bare in lower case. */
function splitPath(text: string): readonly string[] {
  const names: string[] = []
  for (const match of text.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)) {
    names.push(match[1] === undefined ? match[2]!.toLowerCase() : match[1].replaceAll('""', '"'))
  }
  return names
}
