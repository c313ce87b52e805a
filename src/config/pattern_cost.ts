/**
 * In how many ways a regular expression can be laid over a text: an engine that goes back and tries again may go through
 * all of them before it says no. Nested repeats double with each character; a row of repeats is a power of its length.
 */

/** A text of so many characters is matched. */
export interface PatternBound {
  readonly characters: number
  readonly ways: number
}

/** Tickets and ids, as a whole: three free repeats. A fraction of a second in the worst case. */
export const WHOLE_TEXT: PatternBound = { characters: 128, ways: 10_000_000 }
/** What is looked for from each place of a text: two free repeats. */
export const WITHIN_TEXT: PatternBound = { characters: 500, ways: 1_000_000 }

interface Repeat {
  readonly least: number
  readonly most: number
}

/** Of a pattern that is valid with the flag `u`. */
export function isCheap(pattern: string, { characters, ways }: PatternBound): boolean {
  return new PatternReader(pattern, characters).ways() <= ways
}

class PatternReader {
  readonly #text: string
  readonly #characters: number
  #at = 0

  constructor(text: string, characters: number) {
    this.#text = text
    this.#characters = characters
  }

  /** Of the alternatives up to the end of the group: each is one more way. */
  ways(): number {
    let sum = 0
    let product = 1
    while (this.#at < this.#text.length && this.#text[this.#at] !== ')') {
      if (this.#take(/\|/y) === null) product *= this.#term()
      else {
        sum += product
        product = 1
      }
    }
    return sum + product
  }

  #term(): number {
    const body = this.#atom()
    const { least, most } = this.#repeat()
    return body ** most * (most - least + 1)
  }

  #atom(): number {
    if (this.#take(/\((\?(<[=!]|<[^>]*>|[^:=!]*[:=!]))?/y) !== null) {
      const ways = this.ways()
      this.#at++
      return ways
    }
    // A class, an escape (with its braces, which repeat nothing), or a character.
    this.#take(/\[(\\.|[^\]\\])*\]|\\[pPu]\{[^}]*\}|\\.|./suy)
    return 1
  }

  #repeat(): Repeat {
    const found = this.#take(/([*+?]|\{(?<least>\d+)(?<to>,)?(?<most>\d+)?\})\??/y)
    if (found === null) return { least: 1, most: 1 }
    const { least, to, most } = found.groups ?? {}
    if (least === undefined) return SHORT[found[1] ?? ''] ?? this.#bounded(found[1] === '+' ? 1 : 0, null)
    return this.#bounded(Number(least), to === undefined ? Number(least) : most === undefined ? null : Number(most))
  }

  #bounded(least: number, most: number | null): Repeat {
    const end = Math.min(most ?? this.#characters, this.#characters)
    return { least: Math.min(least, end), most: end }
  }

  #take(what: RegExp): RegExpExecArray | null {
    what.lastIndex = this.#at
    const found = what.exec(this.#text)
    if (found) this.#at = what.lastIndex
    return found
  }
}

const SHORT: Readonly<Record<string, Repeat>> = { '?': { least: 0, most: 1 } }
