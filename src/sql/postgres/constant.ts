import { flag, has, num, opaque, open, str } from './node.ts'

/** A constant of the parse tree as text (numbers as written), null for NULL. Anything else is refused. */
export function evaluateConstant(value: unknown): string | null {
  const { tag, body } = open(value)
  if (tag === 'String') return str(body, 'sval')
  if (tag === 'Integer') return String(num(body, 'ival'))
  if (tag === 'Float') return str(body, 'fval')
  if (tag === 'Boolean') return String(flag(body, 'boolval'))
  if (tag !== 'A_Const') return opaque(`${tag} stands where a constant is expected`)
  if (flag(body, 'isnull')) return null
  if (has(body, 'sval')) return part(body.sval, 'sval')
  if (has(body, 'fval')) return part(body.fval, 'fval')
  if (has(body, 'bsval')) return part(body.bsval, 'bsval')
  if (has(body, 'boolval')) return String(flag(record(body.boolval), 'boolval'))
  return String(num(record(body.ival), 'ival'))
}

/** The value of a plain integer constant, else null: an ordinal of ORDER BY or GROUP BY. */
export function integerOf(value: unknown): number | null {
  const { tag, body } = open(value)
  return tag === 'A_Const' && has(body, 'ival') ? num(record(body.ival), 'ival') : null
}

/** True for a constant of any type. */
export function isConstant(value: unknown): boolean {
  return open(value).tag === 'A_Const'
}

function part(value: unknown, key: string): string {
  return str(record(value), key)
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (value === undefined) return {}
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : opaque('a constant of unknown shape')
}
