import { type ErrorCode, SallyportError } from '../../errors.ts'
import type { Token } from './token.ts'
import type { Notes } from './tree.ts'

/** Deeper statements than this are refused, so that no input can exhaust the stack. */
const MAX_DEPTH_LEVELS = 120

/** A place in the tokens of one statement. The last token is always of kind `end`. */
export class Cursor {
  readonly notes: Notes = {
    columns: [],
    stars: [],
    calls: [],
    unnamed: [],
    aggregated: new Set(),
    settings: [],
    into: null,
    expands: false,
    regrouped: false,
    locking: false,
    examined: false,
    onDuplicate: false,
  }
  readonly #tokens: readonly Token[]
  #at: number
  #depth = 0
  #closings: ReadonlyMap<number, number> | null = null

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
    this.#at = 0
  }

  get position(): number {
    return this.#at
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!
  }

  previous(): Token {
    return this.#tokens[Math.max(this.#at - 1, 0)]!
  }

  next(): Token {
    const token = this.peek()
    if (token.kind !== 'end') this.#at += 1
    return token
  }

  /** True where the next tokens are these words or operators. */
  sees(...uppers: readonly string[]): boolean {
    return uppers.every((upper, index) => this.peek(index).upper === upper)
  }

  seesAny(set: ReadonlySet<string>, ahead = 0): boolean {
    const { upper } = this.peek(ahead)
    return upper !== '' && set.has(upper)
  }

  accept(...uppers: readonly string[]): boolean {
    if (!this.sees(...uppers)) return false
    this.#at += uppers.length
    return true
  }

  expect(...uppers: readonly string[]): void {
    if (!this.accept(...uppers)) this.fail(`expected ${uppers.join(' ')}`)
  }

  /** True where an identifier stands: see `Token.name`. */
  seesName(ahead = 0): boolean {
    return this.peek(ahead).name
  }

  name(): Token {
    if (!this.seesName()) this.fail('expected a name')
    return this.next()
  }

  /** Behind a dot every word is a name (Reference Manual 11.2.2), and the tokenizer has marked it so. */
  nameAfterDot(): Token {
    if (!this.seesName()) this.fail('expected a name after the dot')
    return this.next()
  }

  /** A character set or collation: a name, a string or BINARY. */
  charset(): void {
    if (this.accept('BINARY')) return
    if (this.peek().kind === 'string') this.next()
    else this.name()
  }

  list<T>(item: () => T): T[] {
    const items = [item()]
    while (this.accept(',')) items.push(item())
    return items
  }

  end(): void {
    if (this.peek().kind !== 'end') this.fail('the statement goes on in a way that is not understood')
  }

  nested<T>(body: () => T): T {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH_LEVELS) this.fail('the statement is nested too deeply', 'SP-OPAQUE')
    const result = body()
    this.#depth -= 1
    return result
  }

  fail(reason: string, code: ErrorCode = 'SP-SYNTAX'): never {
    const token = this.peek()
    const near = token.kind === 'word' || token.kind === 'op' ? ` near ${token.text.slice(0, 32)}` : ''
    throw new SallyportError(code, `${reason}${near}`)
  }

  /** The offset in the cursor of the parenthesis that closes the one at `open`. */
  closing(open: number): number {
    this.#closings ??= closings(this.#tokens)
    return this.#closings.get(open) ?? this.fail('a parenthesis is not closed')
  }

  at(index: number): Token {
    return this.#tokens[Math.min(index, this.#tokens.length - 1)]!
  }
}

/** All pairs of parentheses at once, so that deep nesting costs no more than flat text. */
function closings(tokens: readonly Token[]): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>()
  const open: number[] = []
  for (const [at, { upper }] of tokens.entries()) {
    if (upper === '(') open.push(at)
    const begun = upper === ')' ? open.pop() : undefined
    if (begun !== undefined) pairs.set(begun, at)
  }
  return pairs
}
