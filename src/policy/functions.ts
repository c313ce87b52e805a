import type { Dialect } from '../sql/catalog.ts'
import type { FunctionUse } from '../sql/facts.ts'
import { MYSQL_FUNCTIONS, MYSQL_HIDDEN_VARIABLES } from './functions_mysql.ts'
import { POSTGRES_FUNCTIONS } from './functions_postgres.ts'
import { POSTGRES_BROWSING } from './functions_postgres_browsing.ts'

/** What the views of information_schema are made with, and pgJDBC calls by name. */
const INFORMATION_SCHEMA_FUNCTIONS: ReadonlySet<string> = new Set([
  '_pg_char_max_length',
  '_pg_char_octet_length',
  '_pg_datetime_precision',
  '_pg_expandarray',
  '_pg_index_position',
  '_pg_interval_type',
  '_pg_numeric_precision',
  '_pg_numeric_precision_radix',
  '_pg_numeric_scale',
  '_pg_truetypid',
  '_pg_truetypmod',
])

/** An operator of pg_catalog: none of them reads by name or runs SQL. */
const OPERATOR = /^[-+*/<>=~!@#%^&|`?]+$/

/** The first of the calls that is neither a listed built-in nor listed under `call`, by name, or null. */
export function unsafeFunction(
  dialect: Dialect,
  call: readonly string[],
  functions: readonly FunctionUse[],
): string | null {
  const unsafe = functions.find((used) => !isVouchedFor(dialect, call, used) && !isBuiltIn(dialect, used))
  return unsafe ? qualifiedName(unsafe) : null
}

function isVouchedFor(dialect: Dialect, call: readonly string[], used: FunctionUse): boolean {
  const name = qualifiedName(used)
  if (dialect === 'postgres') return call.includes(name)
  return call.some((listed) => listed.toLowerCase() === name.toLowerCase())
}

function isBuiltIn(dialect: Dialect, { schema, name, userDefined }: FunctionUse): boolean {
  if (dialect === 'postgres' && schema === 'information_schema') return INFORMATION_SCHEMA_FUNCTIONS.has(name)
  if (userDefined) return false
  if (dialect !== 'postgres') return schema === '' && isMysqlBuiltIn(name.toLowerCase())
  if (schema !== 'pg_catalog' && schema !== '') return false
  return POSTGRES_FUNCTIONS.has(name) || POSTGRES_BROWSING.has(name) || OPERATOR.test(name)
}

/** `@@name` reads a setting; a few of them hold what other statements left behind. */
function isMysqlBuiltIn(name: string): boolean {
  if (!name.startsWith('@@')) return MYSQL_FUNCTIONS.has(name)
  const variable = name.slice(name.lastIndexOf('.') + 1).replace(/^@@/, '')
  return /^[a-z0-9_]+$/.test(variable) && !MYSQL_HIDDEN_VARIABLES.has(variable)
}

function qualifiedName({ schema, name }: FunctionUse): string {
  return schema === '' ? name : `${schema}.${name}`
}
