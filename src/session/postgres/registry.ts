import type { Portal, Prepared } from './pipeline.ts'

/** What a message does to a name when the server takes it; `value` undefined drops it. */
export type Change =
  | { readonly of: 'statement'; readonly name: string; readonly value: Prepared | undefined }
  | { readonly of: 'portal'; readonly name: string; readonly value: Portal | undefined }

/** A simple query and a Parse without a name drop the unnamed statement, even where they fail (drop_unnamed_stmt). */
export const DROP_UNNAMED: Change = { of: 'statement', name: '', value: undefined }

/**
 * Prepared statements and portals by name, twice: as the server has them by its answers so far, and ahead of that, as it
 * will have them once it has taken everything sent. A message that fails or is skipped changes nothing, and what was
 * sent after it still holds: the names ahead are then made anew from the settled ones.
 */
export class Registry {
  readonly #settled = { statement: new Map<string, Prepared>(), portal: new Map<string, Portal>() }
  readonly #ahead = { statement: new Map<string, Prepared>(), portal: new Map<string, Portal>() }

  statement(name: string): Prepared | undefined {
    return this.#ahead.statement.get(name)
  }

  portal(name: string): Portal | undefined {
    return this.#ahead.portal.get(name)
  }

  /** Portals that the server has made. */
  get portals(): Iterable<Portal> {
    return this.#settled.portal.values()
  }

  propose(change: Change): void {
    apply(this.#ahead, change)
  }

  /** The server has taken it. Returns the portal that it put an end to. */
  settle(change: Change): Portal | undefined {
    const before = change.of === 'portal' ? this.#settled.portal.get(change.name) : undefined
    apply(this.#settled, change)
    return before
  }

  /** The server refused it, and the messages up to Sync with it; `pending` was sent after those. */
  fail(change: Change | null, pending: readonly Change[]): void {
    // A failing Parse of the unnamed statement has already dropped the old one (exec_parse_message), a failing Parse
    // of a named one leaves it.
    if (change?.name === '') this.#settled[change.of].delete('')
    this.#reset(pending)
  }

  /**
   * A command has made or dropped a name; `pending` was sent after it. Prepared statements are not transactional: one
   * made or dropped in a transaction that rolls back stays so. Returns the portal that it put an end to.
   */
  command(change: Change, pending: readonly Change[]): Portal | undefined {
    const before = this.settle(change)
    this.#reset(pending)
    return before
  }

  /**
   * Portals live no longer than their transaction, cursors WITH HOLD excepted. One of those is kept though its
   * transaction may have rolled back: then the server says that it does not exist. Returns those that are gone;
   * `pending` is of the next transaction.
   */
  endTransaction(pending: readonly Change[]): Portal[] {
    return this.#dropPortals(pending, ({ declared }) => !declared?.hold)
  }

  /** CLOSE ALL and DISCARD ALL. Returns the portals that are gone. */
  closeAll(pending: readonly Change[]): Portal[] {
    return this.#dropPortals(pending, () => true)
  }

  deallocateAll(pending: readonly Change[]): void {
    this.#settled.statement.clear()
    this.#reset(pending)
  }

  #dropPortals(pending: readonly Change[], ends: (portal: Portal) => boolean): Portal[] {
    const { portal: portals } = this.#settled
    const gone: Portal[] = []
    for (const [name, portal] of portals) {
      if (!ends(portal)) continue
      portals.delete(name)
      gone.push(portal)
    }
    this.#reset(pending)
    return gone
  }

  /** The names ahead are the settled ones, as what was sent since will change them. */
  #reset(pending: readonly Change[]): void {
    replaceAll(this.#ahead.statement, this.#settled.statement)
    replaceAll(this.#ahead.portal, this.#settled.portal)
    for (const later of pending) apply(this.#ahead, later)
  }
}

interface Held {
  readonly statement: Map<string, Prepared>
  readonly portal: Map<string, Portal>
}

function apply(held: Held, change: Change): void {
  if (change.value === undefined) held[change.of].delete(change.name)
  else if (change.of === 'statement') held.statement.set(change.name, change.value)
  else held.portal.set(change.name, change.value)
}

function replaceAll<T>(target: Map<string, T>, source: ReadonlyMap<string, T>): void {
  target.clear()
  for (const [name, value] of source) target.set(name, value)
}
