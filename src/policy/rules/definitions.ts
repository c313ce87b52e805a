import type { Relation, RelationName } from '../../sql/catalog.ts'
import type { DefinitionChange, StatementFacts } from '../../sql/facts.ts'
import { columnsRead, conditionsOf, maskedColumns } from '../column_needs.ts'
import { coversSchema } from '../coverage.ts'
import { unsafeFunction } from '../functions.ts'
import {
  denied,
  isPlannedDefinition,
  nameOf,
  type Refused,
  type Rule,
  type RuleContext,
  refuse,
  usesOf,
} from '../rule_context.ts'

/** What the analysis follows to the end: nothing of these runs code, or changes who may do what. */
const OBJECTS: ReadonlySet<string> = new Set([
  ...['table', 'index', 'sequence', 'view', 'materialized_view', 'column', 'constraint'],
  ...['type', 'domain', 'domain_constraint', 'statistics', 'schema', 'database'],
])

/** Built-ins that a column's default may call, beside those that any statement may. */
const DEFAULTS: ReadonlySet<string> = new Set([
  'nextval',
  'gen_random_uuid',
  'uuidv4',
  'uuidv7',
  'now',
  'clock_timestamp',
])

/**
 * A change of definitions runs where the approved script has it and the scope covers, with the verb `ddl`, all that it
 * changes. The approval is no reason to show or to copy what the role may not see: what would is refused, and needs a
 * role without masks there. It goes out as it was approved.
 */
export const definitionsRule: Rule = {
  name: 'definitions',
  judge: (context) => {
    for (const [index, statement] of context.input.facts.statements.entries()) {
      const refused = isPlannedDefinition(context, statement)
        ? (statement.opaque ?? judge(context, statement))
        : judgeStored(context, statement)
      if (refused) return denied('definitions', refused, index)
    }
    return null
  },
}

function judge(context: RuleContext, statement: StatementFacts): Refused | null {
  const words = wordsOf(statement)
  if (/^(?:GRANT|REVOKE)\b/.test(words))
    return refuse('SP-VERB', 'privileges are changed under an unrestricted role only')
  if (context.input.catalog.dialect !== 'postgres' && OWN_ENGINES.test(words))
    return refuse('SP-VERB', 'a table of this storage engine needs an unrestricted role')
  return (
    judgeNames(context, statement) ??
    judgeTables(context, statement) ??
    judgeFunctions(context, statement) ??
    judgeCopied(context, statement)
  )
}

/** What it makes, alters and drops. */
function judgeNames(context: RuleContext, { kind, definitions = [] }: StatementFacts): Refused | null {
  if (definitions.length === 0 && kind !== 'truncate')
    return refuse('SP-VERB', 'what the statement changes is not known: it needs an unrestricted role')
  for (const definition of definitions) {
    if (!OBJECTS.has(definition.object))
      return refuse('SP-VERB', `a change of a ${definition.object} needs an unrestricted role`)
    if (!isCovered(context, definition))
      return refuse('SP-SCOPE', `the grant does not cover ${titleOf(definition)} for ddl`)
  }
  return null
}

function titleOf({ object, schema, name }: DefinitionChange): string {
  return `${object} ${schema === null ? '' : `${schema}.`}${name}`
}

function isCovered(context: RuleContext, { object, schema, name, relation }: DefinitionChange): boolean {
  if (relation) return context.coverage(relation, 'ddl') !== null
  if (object === 'schema' || object === 'database') return coversWholeSchema(context, name)
  return schema !== null && context.coverage(unmade({ schema, name }), 'ddl') !== null
}

function coversWholeSchema({ input }: RuleContext, schema: string): boolean {
  const scope = input.role.scope.filter(
    ({ verbs, tables, exceptTables }) => verbs.includes('ddl') && tables.includes('*') && exceptTables.length === 0,
  )
  return coversSchema({ ...input, role: { ...input.role, scope } }, schema)
}

/** What is not there yet, or is no table, is covered as a table of its name would be. */
function unmade(name: RelationName): Relation {
  return {
    ...name,
    kind: 'table',
    oid: 0,
    columns: [],
    primaryKey: [],
    constrained: [],
    parents: [],
    definition: null,
    hasTriggers: false,
    hasRules: false,
    rowSecurity: false,
  }
}

/** Every table that it names, those that it only refers to included. */
function judgeTables(context: RuleContext, statement: StatementFacts): Refused | null {
  for (const { relation, role } of statement.uses) {
    if (role !== 'target' || relation.kind === 'system') continue
    const name = nameOf({ relation })
    if (statement.kind === 'truncate') {
      const coverage = context.coverage(relation, 'delete')
      if (!coverage || coverage.where.length > 0)
        return refuse('SP-SCOPE', `the grant does not cover all of ${name} for delete`)
    } else if (!context.coverage(relation, 'ddl') && !context.coverage(relation, 'read'))
      return refuse('SP-SCOPE', `the grant does not cover ${name}`)
  }
  return judgeMasked(context, statement)
}

function judgeMasked(context: RuleContext, statement: StatementFacts): Refused | null {
  const named = (statement.definitions ?? []).flatMap(({ relation }) => relation ?? [])
  const targets = statement.uses.flatMap(({ role, relation }) => (role === 'target' ? relation : []))
  for (const relation of new Set([...named, ...targets])) {
    const name = nameOf({ relation })
    const masked = relation.kind === 'system' ? [] : maskedColumns(context, relation)
    const word = masked.length > 0 ? unmasking(context, statement) : null
    if (word !== null)
      return refuse(
        'SP-MASKED',
        `${word} on ${name} could take the mask of ${masked.join(', ')} away; it needs a role that sees them`,
      )
  }
  return null
}

/**
 * Masks go by names, and by classes that stand in comments. In PostgreSQL the former names of tables and columns are
 * followed; MySQL's MODIFY and CHANGE also drop a comment that they do not repeat. The expression of a new type and, in
 * MySQL, of a default may read the other columns of a row.
 */
const UNMASKING_POSTGRES = /^COMMENT\b|^ALTER\b.*\bUSING\b(?! INDEX\b)/
const UNMASKING_MYSQL =
  /\b(?:RENAME|CHANGE|MODIFY|EXCHANGE|COMMENT|UNION)\b|\bDEFAULT\b(?! (?:NULL|TRUE|FALSE|CURRENT_TIMESTAMP|NOW|CHARSET|CHARACTER|COLLATE|=|''|-|[\d.]+)(?:\W|$))/

function unmasking({ input }: RuleContext, statement: StatementFacts): string | null {
  const pattern = input.catalog.dialect === 'postgres' ? UNMASKING_POSTGRES : UNMASKING_MYSQL
  return pattern.exec(wordsOf(statement))?.[0].split(' ').at(-1) ?? null
}

/** Engines whose rows lie in other tables, or elsewhere. */
const OWN_ENGINES = /\bENGINE (?:= )?(?!(?:INNODB|MYISAM|ARIA|MEMORY|ROCKSDB)\b)/

function wordsOf({ compared = '' }: StatementFacts): string {
  return compared.replaceAll(/'(?:[^'\\]|\\.|'')*'|"[^"]*"/gs, "''").toUpperCase()
}

/**
 * Elsewhere a write may compute on masks, which is of no use to anybody. What was approved means the values: it is not
 * run on others in their place.
 */
function judgeStored(context: RuleContext, statement: StatementFacts): Refused | null {
  const writes = statement.verbs.some((verb) => verb === 'insert' || verb === 'update' || verb === 'delete')
  if (context.input.grant.plan === null || !writes) return null
  for (const use of usesOf(statement)) {
    if (use.relation.kind === 'system') continue
    const masked = columnsRead(statement, use).find(({ name }) => context.masks.of(use.relation, name) !== null)
    if (masked)
      return refuse(
        'SP-MASKED',
        `the write reads the masked column ${nameOf(use)}.${masked.name}; it needs a role that sees it`,
      )
  }
  return null
}

function judgeFunctions({ input }: RuleContext, { functions, inner }: StatementFacts): Refused | null {
  const all = [...functions, ...(inner?.functions ?? [])].filter((used) => used.userDefined || !DEFAULTS.has(used.name))
  const name = unsafeFunction(input.catalog.dialect, input.role.call, all)
  return name === null ? null : refuse('SP-FUNCTION', `the function ${name} is not known to be safe under this grant`)
}

/** A query whose rows are stored: only of tables that the role sees whole and in clear. */
function judgeCopied(context: RuleContext, statement: StatementFacts): Refused | null {
  const { kind, inner, definitions = [] } = statement
  const stores = kind === 'create_table_as' || definitions.some(({ object }) => object === 'materialized_view')
  if (!inner)
    return kind === 'create_table_as' ? refuse('SP-OPAQUE', 'the query of the new table is not understood') : null
  for (const use of inner.uses) {
    const { relation } = use
    const name = nameOf(use)
    const coverage = context.coverage(relation, 'read')
    if (relation.kind === 'system' || !coverage) return refuse('SP-SCOPE', `the grant does not cover ${name} for read`)
    const out = columnsRead(inner, use).find((column) => !coverage.column(column.name))
    if (out) return refuse('SP-SCOPE', `the grant does not cover the column ${name}.${out.name} for read`)
    if (!stores) continue
    if (relation.kind !== 'table' && relation.kind !== 'partitioned')
      return refuse('SP-VERB', `${name} is no table: name the tables whose rows are copied`)
    if (conditionsOf(context, inner, use).length > 0)
      return refuse('SP-SCOPE', `the grant covers some rows of ${name} only, so none are copied`)
    const masked = columnsRead(inner, use).find((column) => context.masks.of(relation, column.name) !== null)
    if (masked)
      return refuse(
        'SP-MASKED',
        `the masked column ${name}.${masked.name} would be copied; it needs a role that sees it`,
      )
  }
  return null
}
