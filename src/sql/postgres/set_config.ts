import type { FunctionUse, SettingChange } from '../facts.ts'
import { evaluateConstant, isConstant } from './constant.ts'
import { type Body, has, list, names, open, openOnly } from './node.ts'
import { builtinName } from './record.ts'
import type { Work } from './work.ts'

/** True for a call that is, or may be, the server's `set_config(name, value, is_local)`. */
export function isSetConfig(parts: readonly string[]): boolean {
  return parts.at(-1) === 'set_config' && (parts.length === 1 || parts.at(-2) === 'pg_catalog')
}

export function constantOf(value: unknown): string | null | undefined {
  return isConstant(value) ? evaluateConstant(value) : undefined
}

/** What calls of set_config among these set, as far as it is known: how often each runs is not. */
export function settingsOf(functions: readonly FunctionUse[]): readonly SettingChange[] {
  return functions.flatMap(({ constants }) =>
    constants === undefined ? [] : [{ ...changeOf(constants), uncertain: true }],
  )
}

/**
 * The changes of a SELECT that does nothing else and gives one row: each runs once, as SET does. Null for any other
 * query.
 */
export function plainSettings(work: Work, body: Body): readonly SettingChange[] | null {
  const plain = Object.keys(body).every((key) => key === 'targetList' || key === 'op' || key === 'limitOption')
  if (!plain || body.op !== 'SETOP_NONE' || body.limitOption !== 'LIMIT_OPTION_DEFAULT') return null
  const changes: SettingChange[] = []
  for (const target of list(body, 'targetList')) {
    const { val } = openOnly('ResTarget', target)
    const { tag, body: call } = open(val)
    if (tag === 'A_Const') continue
    if (tag !== 'FuncCall' || !isPlainCall(work, call)) return null
    const change = changeOf(list(call, 'args').map(constantOf))
    if (change.values === 'expression') return null
    changes.push(change)
  }
  return changes.length === 0 ? null : changes
}

/**
 * `SELECT set_config(name, 'value', false) FROM pg_settings WHERE name = 'a name'` sets that one where the server knows it:
 * so pg_dump does (pg_dump.c, setup_connection). Null for any other query.
 */
export function listedSetting(work: Work, body: Body): readonly SettingChange[] | null {
  const [use, ...others] = work.uses
  const [target, ...more] = list(body, 'targetList')
  if (use?.relation.schema !== 'pg_catalog' || use.relation.name !== 'pg_settings') return null
  // Anything else could hold another call.
  if (Object.keys(body).some((key) => !LISTED_CLAUSES.has(key)) || !('RangeVar' in only(body, 'fromClause')))
    return null
  if (others.length + more.length > 0 || target === undefined || !has(body, 'whereClause')) return null
  const condition = open(body.whereClause)
  const { tag, body: call } = open(openOnly('ResTarget', target).val)
  const [first, ...rest] = tag === 'FuncCall' && isPlainCall(work, call) ? list(call, 'args') : []
  if (condition.tag !== 'A_Expr' || condition.body.kind !== 'AEXPR_OP' || first === undefined) return null
  const { lexpr, rexpr } = condition.body
  const equal = names(condition.body, 'name').join('.') === '='
  if (!equal || !isNameColumn(first) || !isNameColumn(lexpr) || rexpr === undefined) return null
  const change = changeOf([constantOf(rexpr), ...rest.map(constantOf)])
  return change.values === 'expression' ? null : [{ ...change, uncertain: true }]
}

const LISTED_CLAUSES: ReadonlySet<string> = new Set(['targetList', 'fromClause', 'whereClause', 'op', 'limitOption'])

function only(body: Body, key: string): object {
  const [first, ...others] = list(body, key)
  return typeof first === 'object' && first !== null && others.length === 0 ? first : {}
}

function isNameColumn(value: unknown): boolean {
  if (value === undefined) return false
  const { tag, body } = open(value)
  return tag === 'ColumnRef' && names(body, 'fields').join('.') === 'name'
}

/** A function of that name in the path may be the one that runs. */
function isPlainCall(work: Work, call: Body): boolean {
  const forms = ['agg_order', 'agg_filter', 'over', 'agg_within_group', 'agg_star', 'agg_distinct', 'func_variadic']
  return builtinName(work, names(call, 'funcname')) === 'set_config' && forms.every((form) => !has(call, form))
}

/** set_config_by_name in guc_funcs.c: NULL is the default, and a NULL `is_local` is false. */
function changeOf(constants: readonly (string | null | undefined)[]): SettingChange {
  const [name, value, local] = constants
  const unknown: SettingChange = { name: name?.toLowerCase() ?? 'set_config', scope: 'session', values: 'expression' }
  if (constants.length !== 3 || typeof name !== 'string' || value === undefined) return unknown
  if (local !== null && local !== 'true' && local !== 'false') return unknown
  const scope = local === 'true' ? 'local' : 'session'
  return { name: name.toLowerCase(), scope, values: value === null ? null : valuesOf(name.toLowerCase(), value) }
}

/** SET takes a list of names where set_config takes them in one text. */
function valuesOf(name: string, value: string): readonly string[] | 'expression' {
  return name === 'search_path' ? (splitNames(value) ?? 'expression') : [value]
}

const NAME = /\s*(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][^\s,"]*))\s*(,|$)/y

/** varlena.c, SplitIdentifierString: names between commas, folded where they stand without quotes. */
function splitNames(text: string): readonly string[] | null {
  if (text.trim() === '') return ['']
  const found: string[] = []
  NAME.lastIndex = 0
  for (let more = true; more; ) {
    const match = NAME.exec(text)
    if (match === null) return null
    found.push(match[1]?.replaceAll('""', '"') ?? (match[2] ?? '').replace(/[A-Z]/g, (letter) => letter.toLowerCase()))
    more = match[3] === ','
  }
  return found
}
