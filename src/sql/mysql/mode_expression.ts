import type { Token } from './token.ts'

interface Found {
  readonly value: string
  /** The place behind it. */
  readonly end: number
}

const MAX_DEPTH_CALLS = 8

/**
 * What drivers and frameworks set sql_mode to: CONCAT and REPLACE over `@@sql_mode` and strings, one inside the other.
 * Null for anything else. `modes` is what the session has now.
 */
export function modeExpression(at: (place: number) => Token, start: number, modes: string, depth = 0): Found | null {
  const { kind, value, upper } = at(start)
  if (kind === 'string') return { value, end: start + 1 }
  if (kind === 'sysvar')
    return /^(?:session\.|local\.)?sql_mode$/i.test(value) ? { value: modes, end: start + 1 } : null
  if (depth > MAX_DEPTH_CALLS || !/^(?:CONCAT|REPLACE)$/.test(upper) || at(start + 1).upper !== '(') return null
  const args: string[] = []
  let end = start + 1
  do {
    const found = modeExpression(at, end + 1, modes, depth + 1)
    if (found === null) return null
    args.push(found.value)
    end = found.end
  } while (at(end).upper === ',')
  if (at(end).upper !== ')') return null
  if (upper === 'CONCAT') return { value: args.join(''), end: end + 1 }
  const [text, from, to] = args
  return args.length === 3 && from ? { value: text!.replaceAll(from, to!), end: end + 1 } : null
}
