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
    replaceAll(this.#ahead.statement, this.#settled.statement)
    replaceAll(this.#ahead.portal, this.#settled.portal)
    for (const later of pending) apply(this.#ahead, later)
  }

  /** Portals live no longer than their transaction. Returns those that are gone; `pending` is of the next one. */
  endTransaction(pending: readonly Change[]): Portal[] {
    const gone = [...this.#settled.portal.values()]
    this.#settled.portal.clear()
    this.#ahead.portal.clear()
    for (const later of pending) if (later.of === 'portal') apply(this.#ahead, later)
    return gone
  }

  /** DEALLOCATE: what follows it waits for its answer, so nothing is ahead. */
  deallocate(name: string): void {
    this.#settled.statement.delete(name)
    this.#ahead.statement.delete(name)
  }

  deallocateAll(): void {
    this.#settled.statement.clear()
    this.#ahead.statement.clear()
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
