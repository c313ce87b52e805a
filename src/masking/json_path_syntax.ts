/**
 * The part of JSONPath (RFC 9535) that says where a value stands: `$`, then `.name`, `["any name"]`, `[0]`, `[*]` for
 * every element and `.*` for every member.
 */

export type JsonStep =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'element'; readonly index: number }
  | { readonly kind: 'members' | 'elements' }

const STEP = /\.([A-Za-z_\u0080-\uffff][\w\u0080-\uffff-]*)|\.(\*)|\[(\d{1,9})\]|\[(\*)\]|\[("(?:[^"\\]|\\.)*")\]/y

/** Null where it is no such path. */
export function parseJsonPath(path: string): readonly JsonStep[] | null {
  if (!path.startsWith('$')) return null
  const steps: JsonStep[] = []
  for (let at = 1; at < path.length; at = STEP.lastIndex) {
    STEP.lastIndex = at
    const found = STEP.exec(path)
    const step = found && stepOf(found)
    if (!step) return null
    steps.push(step)
  }
  return steps
}

function stepOf([, name, members, index, elements, quoted]: RegExpExecArray): JsonStep | null {
  if (name !== undefined) return { kind: 'member', name }
  if (members !== undefined) return { kind: 'members' }
  if (elements !== undefined) return { kind: 'elements' }
  if (index !== undefined) return { kind: 'element', index: Number(index) }
  const text = stringOf(quoted ?? '')
  return text === null ? null : { kind: 'member', name: text }
}

/** What a JSON string literal means, or null where it is none. */
export function stringOf(literal: string): string | null {
  try {
    const value: unknown = JSON.parse(literal)
    return typeof value === 'string' ? value : null
  } catch {
    return null
  }
}
