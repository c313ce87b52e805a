import type { Catalog, Relation } from '../sql/catalog.ts'
import type { Facts, FunctionUse, RelationUse, StatementFacts, Verb } from '../sql/facts.ts'
import { columnsRead, columnsWritten, columnUse, verbsNeeded } from './column_needs.ts'
import { unsafeFunction } from './functions.ts'
import type { Narrowing } from './grant.ts'
import type { Masks } from './masks.ts'
import { innermost, usesOf, withInner } from './rule_context.ts'

/** What would have let a refused message through. */
export interface Needs {
  /** The least scope: tables, columns and verbs of every statement of the message. */
  readonly needs: Narrowing
  /** Masked columns that it uses otherwise than to write them: `schema.table.column`. */
  readonly clear: readonly string[]
}

interface NeedsInput {
  readonly facts: Facts
  readonly catalog: Catalog
  /** The database that the session is connected to; MySQL's schemas are its databases. */
  readonly database: string
  readonly masks: Pick<Masks, 'of'>
}

type Rule = Narrowing[number]

/**
 * Of an opaque statement only what was understood is in it, and nothing that a rule can't name exactly: the name of a
 * table that ends in a star would be a pattern.
 */
export function needsOf(input: NeedsInput): Needs {
  const { statements } = input.facts
  const rules = statements.flatMap((statement) => rulesOf(input, statement))
  const clear = statements.flatMap((statement) => maskedIn(input, statement))
  return { needs: merged(rules), clear: [...new Set(clear)].sort() }
}

function rulesOf(input: NeedsInput, statement: StatementFacts): readonly Rule[] {
  // What a change of definitions names as its target is listed with what it changes.
  const changes = statement.verbs.includes('ddl')
  const uses = usesOf(statement).filter(
    ({ relation, role }) => relation.kind !== 'system' && !(changes && role === 'target'),
  )
  const parts = withInner(statement)
  const exports = parts.some(({ verbs }) => verbs.includes('export'))
  const definitions = parts.flatMap((part) => part.definitions ?? [])
  return [
    ...uses.flatMap((use) => rulesOfUse(input, innermost(statement), use, exports)),
    ...definitions.flatMap(({ schema, name }) => (schema === null ? [] : exactRule(input, schema, name, null, 'ddl'))),
    ...parts.flatMap(({ functions }) => functions.flatMap((used) => callRule(input, used))),
  ]
}

function rulesOfUse(input: NeedsInput, statement: StatementFacts, use: RelationUse, exports: boolean): readonly Rule[] {
  const { schema, name } = use.relation
  const verbs = verbsNeeded(statement, use)
  const all: readonly Verb[] = exports && verbs.includes('read') ? [...verbs, 'export'] : verbs
  return all.flatMap((verb) => exactRule(input, schema, name, columnsFor(statement, use, verb), verb))
}

/** Null: all of them. A statement that uses no column (`count(*)`) still needs one to be there. */
function columnsFor(statement: StatementFacts, use: RelationUse, verb: Verb): readonly string[] | null {
  if (verb === 'delete') return null
  const reads = verb === 'read' || verb === 'export'
  const used = (reads ? columnsRead(statement, use) : columnsWritten(use)).map(({ name }) => name)
  if (used.length === use.relation.columns.length) return null
  return used.length > 0 ? used : anyOf(use.relation)
}

function anyOf({ primaryKey, columns }: Relation): readonly string[] | null {
  if (primaryKey.length > 0) return primaryKey
  const [first] = columns
  return first ? [first.name] : null
}

function callRule(input: NeedsInput, used: FunctionUse): readonly Rule[] {
  if (unsafeFunction(input.catalog.dialect, [], [used]) === null) return []
  return exactRule(input, used.schema, used.name, null, 'call')
}

function exactRule(
  { catalog, database }: NeedsInput,
  schema: string,
  name: string,
  columns: readonly string[] | null,
  verb: Verb,
): readonly Rule[] {
  const databases = catalog.dialect === 'postgres' ? [database] : ['*']
  const names = [schema, name, ...(columns ?? []), ...(catalog.dialect === 'postgres' ? databases : [])]
  if (names.some((one) => one === '' || one.endsWith('*'))) return []
  return [{ databases, schemas: [schema], tables: [name], columns: columns && [...columns].sort(), verbs: [verb] }]
}

/** Verbs of the same table on the same columns are one rule; the order is that of the message. */
function merged(rules: readonly Rule[]): Narrowing {
  const byPlace = new Map<string, Rule>()
  for (const rule of rules) {
    const key = JSON.stringify([rule.schemas, rule.tables, rule.columns])
    const verbs = [...new Set([...(byPlace.get(key)?.verbs ?? []), ...rule.verbs])]
    byPlace.set(key, { ...rule, verbs })
  }
  return [...byPlace.values()]
}

function maskedIn({ masks }: NeedsInput, statement: StatementFacts): readonly string[] {
  return usesOf(statement).flatMap((use) => {
    const { schema, name, columns } = use.relation
    return columns.flatMap((column) => {
      const how = columnUse(innermost(statement), use, column.name)
      const isUsed = how === 'passed' || how === 'computed'
      return isUsed && masks.of(use.relation, column.name) ? [`${schema}.${name}.${column.name}`] : []
    })
  })
}
