/** Deeper documents are not read. */
const DEPTH_MAX = 200

const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

/** The text is no JSON, or nests too deeply. Caught where a mask begins: the value is then NULL as a whole. */
export class JsonUnread extends Error {}

/** A cursor over JSON text (RFC 8259) that gives each value as it is written, so that numbers and keys stay as they are. */
export class JsonReader {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  /** The next character that is no white space, or '' at the end. */
  peek(): string {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at += 1
    return this.#text.charAt(this.#at)
  }

  string(): string {
    this.peek()
    const start = this.#at
    this.#expect('"')
    // A loop: a pattern could run out of stack on a long value.
    while (this.#text.charAt(this.#at) !== '"') {
      if (this.#at >= this.#text.length) throw new JsonUnread()
      this.#at += this.#text.charAt(this.#at) === '\\' ? 2 : 1
    }
    this.#at += 1
    return this.#text.slice(start, this.#at)
  }

  scalar(): string {
    return this.peek() === '"' ? this.string() : this.#take(SCALAR)
  }

  /** The text of the next value, whatever it is. */
  skip(): string {
    const first = this.peek()
    const start = this.#at
    if (first === '{') this.members(() => void this.skip())
    else if (first === '[') this.elements(() => void this.skip())
    else this.scalar()
    return this.#text.slice(start, this.#at)
  }

  /** Calls `member` with each key's literal, before its value, which it must read. */
  members(member: (key: string) => void): void {
    this.#list('{', '}', () => {
      const key = this.string()
      this.#expect(':')
      member(key)
    })
  }

  /** Calls `element` before each element, which it must read. */
  elements(element: (index: number) => void): void {
    let index = 0
    this.#list('[', ']', () => {
      element(index)
      index += 1
    })
  }

  end(): void {
    if (this.peek() !== '') throw new JsonUnread()
  }

  #list(open: string, close: string, entry: () => void): void {
    this.#expect(open)
    this.#depth += 1
    if (this.#depth > DEPTH_MAX) throw new JsonUnread()
    if (this.peek() !== close) {
      entry()
      while (this.peek() === ',') {
        this.#at += 1
        entry()
      }
    }
    this.#expect(close)
    this.#depth -= 1
  }

  #expect(character: string): void {
    if (this.peek() !== character) throw new JsonUnread()
    this.#at += 1
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) throw new JsonUnread()
    this.#at = pattern.lastIndex
    return found[0]
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
