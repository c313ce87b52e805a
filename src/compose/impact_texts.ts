/**
 * Long texts stand in pieces before the first decision of their segment that refers to them: read backwards, the decisions
 * come first and wait for their text.
 */

/** Of all texts that are waited for. */
const MAX_TEXT_CHARS = 67_108_864

export interface TextPiece {
  readonly of?: string
  readonly sha256?: string | null
  readonly index?: number
  readonly text?: string
}

export class LongTexts<T> {
  readonly #waiting = new Map<string, { readonly for: T[]; readonly pieces: string[] }>()
  #chars = 0

  /** How many wait for a text that did not come. */
  get left(): number {
    return [...this.#waiting.values()].reduce((sum, waiting) => sum + waiting.for.length, 0)
  }

  wait(sha256: string, one: T): void {
    const known = this.#waiting.get(sha256)
    if (known === undefined) this.#waiting.set(sha256, { for: [one], pieces: [] })
    else known.for.push(one)
  }

  /** The last piece comes first. With the first one the text is whole, for those that have waited for it. */
  take({ of, sha256, index, text }: TextPiece): { readonly text: string; readonly for: readonly T[] } | null {
    const waiting = of === 'statement' && sha256 ? this.#waiting.get(sha256) : undefined
    if (!waiting || !sha256 || text === undefined) return null
    this.#chars += text.length
    if (this.#chars > MAX_TEXT_CHARS) return null
    waiting.pieces.push(text)
    if (index !== 0) return null
    this.#waiting.delete(sha256)
    for (const piece of waiting.pieces) this.#chars -= piece.length
    return { text: waiting.pieces.toReversed().join(''), for: waiting.for }
  }
}
