/**
 * The session's search_path as the server has it, followed through transactions and savepoints: a wrong path would
 * make names mean something else here than there. Null is the path that a fresh session has.
 */
export type Path = readonly string[] | null

const NAME = /\s*(?:"((?:[^"]|"")*)"|([^\s",]+))\s*(,|$)/y

/** False where the server reports another path than was followed; what is not known can't differ. */
export function agrees(followed: Path, reported: string | null): boolean {
  if (followed === null || reported === null) return true
  const names: string[] = []
  NAME.lastIndex = 0
  for (let more = reported.trim() !== ''; more; ) {
    const match = NAME.exec(reported)
    if (match === null) return false
    names.push(match[1]?.replaceAll('""', '"') ?? (match[2] ?? '').replace(/[A-Z]/g, (letter) => letter.toLowerCase()))
    more = match[3] === ','
  }
  const plain = (path: readonly string[]) => JSON.stringify(path.filter((name) => name !== ''))
  return plain(names) === plain(followed)
}

interface Savepoint {
  readonly name: string
  readonly session: Path
  readonly local: Path | undefined
}

export class SearchPath {
  readonly #initial: Path
  #committed: Path
  #session: Path
  /** SET LOCAL: undefined where there is none. */
  #local: Path | undefined = undefined
  #savepoints: Savepoint[] = []

  /** `initial` is what the startup message set, and what RESET goes back to; null for the account's own path. */
  constructor(initial: Path) {
    this.#initial = initial
    this.#committed = initial
    this.#session = initial
  }

  get current(): Path {
    return this.#local === undefined ? this.#session : this.#local
  }

  /** True where a ROLLBACK would change the path. */
  get uncommitted(): boolean {
    return this.#local !== undefined || this.#session !== this.#committed
  }

  /** SET ... TO DEFAULT, RESET: what the startup message said; SET LOCAL for the transaction alone. */
  reset(scope: 'session' | 'local' = 'session'): void {
    this.set(scope, this.#initial)
  }

  set(scope: 'session' | 'local', path: Path): void {
    if (scope === 'local') {
      this.#local = path
      return
    }
    // SET after SET LOCAL in one transaction wins (PostgreSQL documentation, SET).
    this.#session = path
    this.#local = undefined
  }

  savepoint(name: string): void {
    this.#savepoints.push({ name, session: this.#session, local: this.#local })
  }

  /** The newest savepoint of that name stays; those after it are gone. */
  rollbackTo(name: string): void {
    const at = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
    const found = this.#savepoints[at]
    if (!found) return
    this.#session = found.session
    this.#local = found.local
    this.#savepoints.length = at + 1
  }

  release(name: string): void {
    const at = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
    if (at >= 0) this.#savepoints.length = at
  }

  commit(): void {
    this.#committed = this.#session
    this.#local = undefined
    this.#savepoints = []
  }

  rollback(): void {
    this.#session = this.#committed
    this.#local = undefined
    this.#savepoints = []
  }
}
