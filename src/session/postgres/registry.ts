import type { Portal, Prepared, Undo } from './pipeline.ts'

/**
 * Prepared statements and portals by name, as the server will have them once it has answered everything sent so far.
 * Each change returns the way to take it back, for the case that the server skips the message.
 */
export class Registry {
  readonly #statements = new Map<string, Prepared>()
  readonly #portals = new Map<string, Portal>()

  statement(name: string): Prepared | undefined {
    return this.#statements.get(name)
  }

  portal(name: string): Portal | undefined {
    return this.#portals.get(name)
  }

  setStatement(name: string, prepared: Prepared): Undo {
    // A failing Parse of the unnamed statement has already dropped the old one (exec_parse_message), a failing Parse
    // of a named one leaves it.
    return replace(this.#statements, name, prepared, name !== '')
  }

  dropStatement(name: string): Undo {
    return replace(this.#statements, name, undefined, true)
  }

  setPortal(name: string, portal: Portal): Undo {
    return replace(this.#portals, name, portal, name !== '')
  }

  dropPortal(name: string): Undo {
    return replace(this.#portals, name, undefined, true)
  }

  /** Portals live no longer than their transaction. Returns those that are gone; `later` are of the next one. */
  endTransaction(later: ReadonlySet<Portal>): Portal[] {
    const gone: Portal[] = []
    for (const [name, portal] of this.#portals) {
      if (later.has(portal)) continue
      this.#portals.delete(name)
      gone.push(portal)
    }
    return gone
  }

  get portals(): Iterable<Portal> {
    return this.#portals.values()
  }

  dropAllStatements(): void {
    this.#statements.clear()
  }
}

function replace<T>(map: Map<string, T>, name: string, value: T | undefined, restores: boolean): Undo {
  const before = map.get(name)
  if (value === undefined) map.delete(name)
  else map.set(name, value)
  return () => {
    if (restores && before !== undefined) map.set(name, before)
    else map.delete(name)
  }
}
