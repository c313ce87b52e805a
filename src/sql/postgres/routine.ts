import type { NamesBySchema } from '../catalog.ts'
import type { FunctionUse } from '../facts.ts'
import { evaluateConstant } from './constant.ts'
import { flag, has, list, names, num, opaque, openAs, refuse } from './node.ts'
import { unplain, type Work } from './work.ts'

/** What is known of the arguments; `typed` where each has a type of its own, which a bare string or parameter has not. */
type Arguments = Pick<FunctionUse, 'constants' | 'first'> & { readonly typed?: boolean }

/** Records a call. An unqualified name that exists in a schema of the path is that one: the argument match decides. */
export function useFunction(work: Work, parts: readonly string[], args: number, given: Arguments = {}): void {
  const { schema, name } = qualified(work, parts)
  const { typed = false, ...known } = given
  const { functions, onOwnTypes } = work.context.catalog
  const found = schema ?? schemaInPath(work, functions, name)
  const far = schema === null && typed && found !== null && isOnOwnTypes(work, functions, onOwnTypes?.functions, name)
  if (far) work.onOwnTypes.push({ schema: found, name, userDefined: true, args })
  record(work, far ? 'pg_catalog' : (found ?? 'pg_catalog'), name, args, known)
}

/** True where every one of that name in the path is on types that people made. */
function isOnOwnTypes(work: Work, known: NamesBySchema, own: NamesBySchema | undefined, name: string): boolean {
  const inPath = (known.get(name.toLowerCase()) ?? []).filter((schema) => work.context.searchPath.includes(schema))
  return inPath.every((schema) => schema !== 'pg_catalog' && (own?.get(name.toLowerCase())?.includes(schema) ?? false))
}

/** True where a schema of the path has a function of that name. */
export function isShadowed(work: Work, name: string): boolean {
  return schemaInPath(work, work.context.catalog.functions, name) !== null
}

/** Operators that text has too: between two literals they mean that one (documentation, 10.2, step 3.d). */
const OF_TEXT: ReadonlySet<string> = new Set('= <> < <= > >= || ~~ !~~ ~~* !~~* ~ !~ ~* !~* ^@'.split(' '))

/** Records an operator that is not the server's own. */
export function useOperator(work: Work, parts: readonly string[], args = 2): void {
  const { schema, name } = qualified(work, parts)
  const found = schema ?? schemaInPath(work, work.context.catalog.operators, name)
  const own = found === null || found === 'pg_catalog'
  const { operators, onOwnTypes } = work.context.catalog
  if (!own && schema === null && OF_TEXT.has(name) && isOnOwnTypes(work, operators, onOwnTypes?.operators, name)) {
    work.onOwnTypes.push({ schema: found, name, userDefined: true, args })
    return
  }
  if (!own || isAdded(work.context.catalog.operators, name)) record(work, found ?? 'pg_catalog', name, args)
}

/** Records a type that is not the server's own: its input function and checks run. */
export function useType(work: Work, typeName: unknown): void {
  const body = openAs('TypeName', typeName)
  if (flag(body, 'setof') || flag(body, 'pct_type')) opaque('a type by SETOF or %TYPE')
  for (const modifier of list(body, 'typmods')) evaluateConstant(modifier)
  const { schema, name } = qualified(work, names(body, 'names'))
  const types = work.context.catalog.types
  const found = schema ?? schemaInPath(work, types, name) ?? rowTypeSchema(work, name)
  if (found !== null && found !== 'pg_catalog') record(work, found, name, 1)
  for (const bound of list(body, 'arrayBounds')) evaluateConstant(bound)
  if (has(body, 'typemod')) num(body, 'typemod')
}

function record(work: Work, schema: string, name: string, args: number, known: Omit<Arguments, 'typed'> = {}): void {
  unplain(work)
  const { functions, operators } = work.context.catalog
  const userDefined = schema !== 'pg_catalog' || isAdded(functions, name) || isAdded(operators, name)
  work.functions.push({ schema, name, userDefined, args, ...known })
}

/** True where somebody has made one of that name in pg_catalog itself: which of them a call means, the arguments decide. */
function isAdded(known: NamesBySchema, name: string): boolean {
  return known.get(name.toLowerCase())?.includes('pg_catalog') ?? false
}

function qualified(work: Work, parts: readonly string[]): { schema: string | null; name: string } {
  const name = parts.at(-1) ?? opaque('a name without parts')
  if (parts.length > 3) opaque('a name with too many parts')
  if (parts.length === 3 && parts[0] !== work.context.catalog.database) {
    refuse('SP-NAME', `cross-database reference "${parts.join('.')}"`)
  }
  return { schema: parts.length > 1 ? parts.at(-2)! : null, name }
}

function schemaInPath(work: Work, known: NamesBySchema, name: string): string | null {
  const schemas = known.get(name.toLowerCase()) ?? []
  return work.context.searchPath.find((schema) => schemas.includes(schema)) ?? null
}

/** A table's row type is a type too. */
function rowTypeSchema(work: Work, name: string): string | null {
  const { catalog, searchPath } = work.context
  return searchPath.find((schema) => catalog.relations.has(`${schema}\0${name}`)) ?? null
}
