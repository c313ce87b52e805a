/**
 * To which statement the messages belong that a client gets: answers come in the order of the statements, also where
 * many were sent ahead. `done` is said a little before or after the message that ends the answer.
 */
export class StatementQueue<T> {
  readonly #open: { readonly id: string; readonly value: T; done: boolean }[] = []
  #last: T | null = null

  begin(id: string, value: T): void {
    // What was done without an answer of its own (a statement behind one that failed) gets none any more.
    while (this.#open[0]?.done) this.#leave()
    this.#open.push({ id, value, done: false })
  }

  done(id: string): T | null {
    const open = this.#open.find((one) => one.id === id)
    if (open) open.done = true
    return open?.value ?? null
  }

  /** A message came that ends an answer. `ifDone`: one statement may have several, and the last comes once it is done. */
  answered(ifDone: boolean): void {
    if (!ifDone || this.#open[0]?.done) this.#leave()
  }

  /** What a message belongs to: what follows the last answer belongs to that. Null before the first statement. */
  get current(): T | null {
    return this.#open[0]?.value ?? this.#last
  }

  #leave(): void {
    const gone = this.#open.shift()
    if (gone) this.#last = gone.value
  }
}
