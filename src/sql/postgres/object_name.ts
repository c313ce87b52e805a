import type { Relation } from '../catalog.ts'
import type { AnalysisContext, DefinitionChange } from '../facts.ts'
import { type Body, str } from './node.ts'
import { lookUp } from './relation.ts'

/** An object's name with the schema that it has or would get. */
export interface ObjectName {
  readonly schema: string | null
  readonly name: string
  readonly relation: Relation | null
}

/** A relation that is made: in the schema that is named, else in the first of the path, or in pg_temp. */
export function creation(context: AnalysisContext, object: string, range: Body): DefinitionChange {
  const temporary = str(range, 'relpersistence') === 't'
  const schema = str(range, 'schemaname') || (temporary ? 'pg_temp' : (context.searchPath[0] ?? null))
  const name = str(range, 'relname')
  const relation = schema === null ? null : lookUp(context, schema, name)
  return { change: 'create', object, schema, name, relation }
}

/** A relation that is there. */
export function rangeName(context: AnalysisContext, range: Body): ObjectName {
  return partsName(context, [str(range, 'schemaname'), str(range, 'relname')].filter(Boolean))
}

/** `schema.name`, as a relation where there is one. */
export function partsName(context: AnalysisContext, parts: readonly string[]): ObjectName {
  const [schema, name] = [parts.at(-2) ?? null, parts.at(-1) ?? '']
  const relation = lookUp(context, schema ?? '', name)
  return { schema: relation?.schema ?? schema, name, relation }
}
