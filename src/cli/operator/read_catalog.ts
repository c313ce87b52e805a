import type { Config } from '../../config/config.ts'
import type { Target } from '../../session/ports.ts'
import type { Catalog } from '../../sql/catalog.ts'
import { readMysqlCatalog } from '../../upstream/mysql_catalog.ts'
import { readPostgresCatalog } from '../../upstream/postgres_catalog.ts'

export interface ReadCatalog {
  /** '' in MySQL. */
  readonly database: string
  readonly catalog: Catalog
}

/** The catalog as the running proxy reads it, or on MySQL that part of it which is the database `only`. */
export async function readCatalog(config: Config, target: Target, only: string | null): Promise<ReadCatalog> {
  if (target.engine === 'postgres') {
    const database = only ?? target.defaultDatabase
    const account = config.staticAccounts.get(target.name)?.default.user ?? null
    return { database, catalog: await readPostgresCatalog(target, database, account === '' ? null : account) }
  }
  const catalog = await readMysqlCatalog(target)
  if (only === null) return { database: '', catalog }
  const relations = new Map([...catalog.relations].filter(([, { schema }]) => schema === only))
  return { database: '', catalog: { ...catalog, relations } }
}
