import { holdsUnread } from '../../bytes/unread.ts'
import type { StatementFacts, StatementKind } from '../../sql/facts.ts'
import { quoteString } from '../../sql/mysql/quoting.ts'
import { lexMode } from '../../sql/mysql/token.ts'

/** Longer texts, and more variables, are not kept: PREPARE from them is refused. */
const MAX_TEXT_CHARS = 64 * 1024
const MAX_TEXTS = 64

/** What may set any variable without naming it. */
const UNKNOWN: ReadonlySet<StatementKind> = new Set(['call', 'do', 'opaque', 'execute'])

/**
 * The user variables that hold a text which the session knows, for PREPARE FROM @x: set to a constant by a plain SET
 * and by nothing since. Names match without case, as in the server.
 */
export class UserTexts {
  readonly #texts = new Map<string, string>()

  /** A statement goes out: what it may set is unknown from here on, also should it fail half way. */
  sent(facts: StatementFacts): void {
    if (UNKNOWN.has(facts.kind) || facts.functions.some(({ userDefined }) => userDefined)) this.#texts.clear()
    for (const { name } of facts.settings) this.#texts.delete(name.toLowerCase())
    if (facts.inner) this.sent(facts.inner)
  }

  /** It was answered with OK. */
  done({ kind, settings }: StatementFacts): void {
    if (kind !== 'set') return
    for (const { name, values } of settings) this.#keep(name.toLowerCase(), values)
  }

  clear(): void {
    this.#texts.clear()
  }

  /** `PREPARE name FROM 'text'` for the text that the variable holds, or null where that is not known. */
  prepare(name: string, variable: string, sqlMode: ReadonlySet<string>): string | null {
    const text = this.#texts.get(`@${variable.replace(/^@/, '')}`.toLowerCase())
    if (text === undefined) return null
    return `PREPARE \`${name.replaceAll('`', '``')}\` FROM ${quoteString(text, lexMode(sqlMode))}`
  }

  /** In a list of assignments each sees those before it, so that the last one counts. */
  #keep(name: string, values: StatementFacts['settings'][number]['values']): void {
    const [text] = Array.isArray(values) ? values : []
    this.#texts.delete(name)
    if (!name.startsWith('@') || text === undefined || holdsUnread(text)) return
    if (text.length <= MAX_TEXT_CHARS && this.#texts.size < MAX_TEXTS) this.#texts.set(name, text)
  }
}
