/** A policy pattern: an exact name, `prefix*`, or `*` for every name. A star anywhere else is a plain character. */
export function matchesPattern(pattern: string, name: string): boolean {
  if (pattern === '*') return true
  if (!pattern.endsWith('*')) return pattern === name
  return name.startsWith(pattern.slice(0, -1))
}

export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, name))
}

/** As `matchesAny`, without regard to case: MySQL's column names, and whatever must rather match too much. */
export function matchesAnyFolded(patterns: readonly string[], name: string): boolean {
  const folded = name.toLowerCase()
  return patterns.some((pattern) => matchesPattern(pattern.toLowerCase(), folded))
}
