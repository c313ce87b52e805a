import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/store/open_store.ts'
import type { SqlStore } from '../../src/store/sql_store.ts'

/** The same tests run on each kind of database. */
export interface Backend {
  readonly name: string
  /** Before the tests of a file. */
  readonly start: () => Promise<void>
  /** An empty place for one store. */
  readonly place: () => Promise<Place>
  readonly stop: () => Promise<void>
}

export interface Place {
  /** Opens what is there; again after it was closed. */
  readonly open: () => Promise<SqlStore>
}

export function sqliteBackend(): Backend {
  let root = ''
  let places = 0
  return {
    name: 'SQLite',
    start: async () => {
      root = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
    },
    place: async () => {
      const dir = join(root, String(places++))
      return { open: () => openStore({ kind: 'sqlite', dir }) }
    },
    stop: async () => rmSync(root, { recursive: true, force: true }),
  }
}
