/**
 * Words that come with a secret in some statement: PASSWORD, MASTER_PASSWORD, IDENTIFIED BY, the connection of a
 * subscription, a foreign server or dblink, an address with a password in it, the keys of functions that encrypt.
 */
const SECRET_WORDS = new RegExp(
  [
    'passw|passphrase|identified|secret|credential|dblink|conninfo|(?:api|access|private)_?key',
    String.raw`\b(?:create|alter)\b[^]{0,100}?\bsubscription\b`,
    String.raw`crypt\w{0,20}\s{0,20}\(`,
    String.raw`://[^\s/'"]{0,200}:[^\s/'"]{0,200}@`,
  ].join('|'),
  'i',
)
/** Comments, escapes, backticks and dollar quotes: where one stands, two dialects may see literals at other places. */
const UNCERTAIN = /--|\/\*|#|\\|`|\$/
const LITERAL = /'[^']*('|$)|"[^"]*("|$)|\b0x[0-9a-f]+/gi
const REDACTED = "'***'"

/** True where a statement could carry a password: its literals and its hash stay out of the log. */
export function mayHoldSecret(sql: string): boolean {
  return SECRET_WORDS.test(sql)
}

/**
 * The text without its literals, where it could carry a password. It reads no grammar, so that a statement that does
 * not parse is covered too; where it can't tell what a literal is, everything from the first quote on is left out.
 */
export function redactSecrets(sql: string): string {
  if (!mayHoldSecret(sql)) return sql
  if (!UNCERTAIN.test(sql)) return sql.replace(LITERAL, REDACTED)
  const first = sql.search(/['"$`]|\b0x[0-9a-f]/i)
  return first === -1 ? sql : sql.slice(0, first) + REDACTED
}
