import { type ErrorCode, SallyportError } from '../../errors.ts'
import { KNOWN_FIELDS } from './known_fields.ts'

/** The fields of one node of libpg_query's JSON tree. Fields that hold their default (0, false, empty) are absent. */
export type Body = Readonly<Record<string, unknown>>

export interface Node {
  readonly tag: string
  readonly body: Body
}

/** Ends the analysis of the statement: it is refused with this code unless the grant is unrestricted. */
export function refuse(code: ErrorCode, reason: string): never {
  throw new SallyportError(code, reason)
}

export function opaque(reason: string): never {
  return refuse('SP-OPAQUE', reason)
}

/** A node as it stands where any kind may stand: `{ColumnRef: {...}}`. Unknown kinds and fields are refused. */
export function open(value: unknown): Node {
  const entries = Object.entries(asBody(value, 'node'))
  const entry = entries[0]
  if (entries.length !== 1 || entry === undefined) return opaque('a node of the parse tree has no kind')
  return { tag: entry[0], body: openAs(entry[0], entry[1]) }
}

/** The same where the tree leaves the kind out, since only one may stand there. */
export function openAs(tag: string, value: unknown): Body {
  const known = KNOWN_FIELDS.get(tag)
  if (known === undefined) return opaque(`the analysis has no rule for ${tag}`)
  const body = asBody(value, tag)
  for (const key of Object.keys(body)) {
    if (!known.has(key)) opaque(`the analysis has no rule for ${tag}.${key}`)
  }
  return body
}

/** A node that must be of one kind. */
export function openOnly(tag: string, value: unknown): Body {
  const node = open(value)
  if (node.tag !== tag) opaque(`${node.tag} stands where ${tag} is expected`)
  return node.body
}

/** The tree has `{}` for an empty place (plain DISTINCT, a function without column definitions). */
export function isEmptyNode(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

export function has(body: Body, key: string): boolean {
  return body[key] !== undefined
}

export function str(body: Body, key: string): string {
  const value = body[key] ?? ''
  return typeof value === 'string' ? value : opaque(`${key} is no text`)
}

export function num(body: Body, key: string): number {
  const value = body[key] ?? 0
  return typeof value === 'number' ? value : opaque(`${key} is no number`)
}

export function flag(body: Body, key: string): boolean {
  const value = body[key] ?? false
  return typeof value === 'boolean' ? value : opaque(`${key} is no boolean`)
}

export function list(body: Body, key: string): readonly unknown[] {
  const value = body[key] ?? []
  return Array.isArray(value) ? value : opaque(`${key} is no list`)
}

/** The texts of a list of String nodes: a qualified name. */
export function names(body: Body, key: string): readonly string[] {
  return list(body, key).map((part) => str(openOnly('String', part), 'sval'))
}

function asBody(value: unknown, what: string): Body {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return opaque(`${what} is no object`)
  return value as Body
}
