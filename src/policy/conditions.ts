import { encodeUtf8 } from '../bytes/writer.ts'
import { SallyportError } from '../errors.ts'
import type { Column, Dialect, Relation } from '../sql/catalog.ts'
import type { Given } from '../sql/facts.ts'
import type { ParameterValue, RowCondition } from './role.ts'

type Operator = Exclude<RowCondition['op'], 'in' | 'is null' | 'is not null'>

const OPERATORS: ReadonlySet<string> = new Set<Operator>(['=', '<>', '<', '<=', '>', '>='])

/**
 * Row conditions as SQL over the relation's own columns, with `prefix` in front of each, or null for none; all hold
 * together. Throws `SP-SCOPE` where
 * the relation lacks a column that a condition names, and `SP-CONFIG` for a condition without a sound meaning.
 */
export function conditionSql(
  dialect: Dialect,
  relation: Relation,
  conditions: readonly RowCondition[],
  prefix = '',
): string | null {
  if (conditions.length === 0) return null
  const parts = conditions.map((condition) => `(${oneCondition(dialect, relation, condition, prefix)})`)
  return [...new Set(parts)].join(' AND ')
}

function oneCondition(
  dialect: Dialect,
  relation: Relation,
  { column, op, value }: RowCondition,
  prefix: string,
): string {
  const found = namedColumn(dialect, relation, column)
  const quoted = prefix + quotedColumn(dialect, found)
  if (op === 'is null') return `${quoted} IS NULL`
  if (op === 'is not null') return `${quoted} IS NOT NULL`
  if (value === null || 'parameter' in value) throw broken(column, 'has no values')
  const asMoment = isMoment(dialect, found)
  const name = asMoment && dialect !== 'postgres' ? `UNIX_TIMESTAMP(${quoted}) * 1000000` : quoted
  const literal = (one: ParameterValue) => (asMoment ? moment(dialect, column, one) : constant(dialect, one))
  if (op === 'in') {
    // Nothing is in an empty list: no row.
    if (value.length === 0) return dialect === 'postgres' ? 'false' : 'FALSE'
    return value.map((one) => `${name} ${operator(dialect, '=')} ${literal(one)}`).join(' OR ')
  }
  const [only, ...others] = value
  if (only === undefined || others.length > 0 || !OPERATORS.has(op)) throw broken(column, `needs one value for ${op}`)
  return `${name} ${operator(dialect, op)} ${literal(only)}`
}

/** Named by schema in PostgreSQL: an operator of the same name elsewhere in the search path must not take its place. */
function operator(dialect: Dialect, op: Operator): string {
  return dialect === 'postgres' ? `OPERATOR(pg_catalog.${op})` : op
}

/** What a value means depends on the session's zone, so that no given one surely satisfies the condition. */
export function isOfZone(dialect: Dialect, { columns }: Relation, { column, value }: RowCondition): boolean {
  const found = columns.find(({ name }) => name.toLowerCase() === column.toLowerCase())
  return value !== null && found !== undefined && isMoment(dialect, found)
}

/**
 * Why a row that is given these values would not surely satisfy the condition, or null where it does. Only constants
 * that are the condition's own values are known to.
 */
export function unsatisfied({ column, op, value }: RowCondition, given: readonly Given[] | undefined): string | null {
  if (given === undefined) return `give ${column} a constant that the grant covers`
  const allowed = Array.isArray(value) ? value.map(String) : []
  const holds = (one: Given): boolean => {
    if (op === 'is null') return one === null
    if (op === 'is not null') return one !== null && one !== undefined
    return (op === '=' || op === 'in') && one !== null && one !== undefined && allowed.includes(one)
  }
  return given.every(holds) ? null : `${column} must be given a constant that the grant covers`
}

function namedColumn(dialect: Dialect, relation: Relation, column: string): Column {
  const found = relation.columns.find(({ name }) =>
    dialect === 'postgres' ? name === column : name.toLowerCase() === column.toLowerCase(),
  )
  if (!found) {
    const table = `${relation.schema}.${relation.name}`
    throw new SallyportError('SP-SCOPE', `the row condition of ${table} names the column ${column}, which it lacks`)
  }
  return found
}

function quotedColumn(dialect: Dialect, { name }: Column): string {
  return dialect === 'postgres' ? `"${name.replaceAll('"', '""')}"` : `\`${name.replaceAll('`', '``')}\``
}

/** Types that hold a moment, which a session reads and shows in the zone that it chose. */
function isMoment(dialect: Dialect, { type }: Column): boolean {
  return dialect === 'postgres' ? /^timestamp.* with time zone$/.test(type) : /^timestamp\b/i.test(type)
}

const UTC_TEXT = /^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?$/
const ZONED_TEXT = /^\d{4}-\d{2}-\d{2}[ T][\d:.]+ ?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?)$/

/** A value without a zone is in UTC: in the session's zone it would mean earlier or later rows, as the person likes. */
function moment(dialect: Dialect, column: string, value: ParameterValue): string {
  const text = String(value)
  if (dialect === 'postgres' && ZONED_TEXT.test(text)) return `'${text}'`
  if (!UTC_TEXT.test(text))
    throw new SallyportError('SP-SCOPE', `the row condition on ${column} needs a time in UTC (2026-01-31 23:59:59)`)
  return dialect === 'postgres' ? `'${text} UTC'` : `TIMESTAMPDIFF(MICROSECOND, '1970-01-01', '${text}')`
}

/** A value as an SQL literal that reads the same under every setting that a session may have. */
function constant(dialect: Dialect, value: ParameterValue): string {
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE'
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new SallyportError('SP-CONFIG', 'a row condition holds a number without a value')
    return value < 0 ? `(${value})` : String(value)
  }
  if (value.includes('\0')) throw new SallyportError('SP-SCOPE', 'a row condition holds a value with a NUL character')
  if (dialect === 'postgres') return `'${value.replaceAll("'", "''")}'`
  // Of no character set of the session's, which may lack the value's characters or compare bytes. Whether a backslash
  // escapes depends on sql_mode: such a value, and what is not ASCII, goes as hexadecimal digits.
  return /^[ -[\]-~]*$/.test(value) ? `_utf8mb4'${value.replaceAll("'", "''")}'` : `_utf8mb4 X'${hex(value)}'`
}

function hex(value: string): string {
  return Array.from(encodeUtf8(value), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function broken(column: string, what: string): SallyportError {
  return new SallyportError('SP-CONFIG', `the row condition on ${column} ${what}`)
}
