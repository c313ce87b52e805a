/** Words that come with a secret in some statement: PASSWORD, MASTER_PASSWORD, IDENTIFIED BY, a connection string. */
const SECRET_WORDS = /passw|identified|secret|credential/i
const REDACTED = "'***'"

/** True where a statement could carry a password: its literals and its hash stay out of the log. */
export function mayHoldSecret(sql: string): boolean {
  return SECRET_WORDS.test(sql)
}

/**
 * The text with every literal blanked, where it could carry a password. It reads no grammar, so that a statement that
 * does not parse is covered too: single, double, dollar and backtick quotes, and to the end where one isn't closed.
 */
export function redactSecrets(sql: string): string {
  return mayHoldSecret(sql) ? blankLiterals(sql) : sql
}

function blankLiterals(sql: string): string {
  let out = ''
  let at = 0
  while (at < sql.length) {
    const end = literalEnd(sql, at)
    if (end === at) {
      out += sql[at]
      at += 1
    } else {
      out += REDACTED
      at = end
    }
  }
  return out
}

/** The end of the literal that starts here, or `at` where none does. */
function literalEnd(sql: string, at: number): number {
  const quote = sql[at]
  if (quote === "'" || quote === '"' || quote === '`') return quotedEnd(sql, at, quote)
  if (quote !== '$') return at
  const tag = /^\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/.exec(sql.slice(at, at + MAX_TAG_CHARS))?.[0]
  if (tag === undefined) return at
  const close = sql.indexOf(tag, at + tag.length)
  return close === -1 ? sql.length : close + tag.length
}

const MAX_TAG_CHARS = 130

/**
 * A backslash may or may not escape, by dialect and settings. Where it stands before a quote the two readings differ,
 * so that everything to the end is blanked.
 */
function quotedEnd(sql: string, at: number, quote: string): number {
  const close = sql.indexOf(quote, at + 1)
  if (close === -1) return sql.length
  return sql[close - 1] === '\\' ? sql.length : close + 1
}
