import type { RelationUse } from '../sql/facts.ts'
import { isHarmlessCounter } from '../sql/mysql/counters.ts'
import type { SqlMask, Substitution } from '../sql/substitution.ts'
import type { RuleContext } from './rule_context.ts'

/** When a column of information_schema is NULL, or a relation of it empty, for who is not unrestricted. */
type When = 'always' | 'texts hide' | 'masks hide'

/**
 * How many values a column has, bounds of partitions, and the texts of CHECKs, generated columns and index expressions:
 * where such a text names a masked column it may quote its values.
 */
const BLANKS: ReadonlyMap<string, ReadonlyMap<string, When>> = new Map([
  [
    'information_schema.statistics',
    new Map<string, When>([
      ['cardinality', 'always'],
      ['expression', 'texts hide'],
    ]),
  ],
  ['information_schema.check_constraints', new Map<string, When>([['check_clause', 'texts hide']])],
  ['information_schema.columns', new Map<string, When>([['generation_expression', 'texts hide']])],
  ['information_schema.partitions', new Map<string, When>([['partition_description', 'masks hide']])],
])

/** Histograms: MySQL's dump looks which there are, and does without. */
const EMPTY: ReadonlySet<string> = new Set(['information_schema.column_statistics'])

/** Counters, of which those that tell of rows are left out, as SHOW STATUS leaves them out. */
const COUNTERS: ReadonlySet<string> = new Set(
  ['information_schema', 'performance_schema'].flatMap((schema) => [
    `${schema}.session_status`,
    `${schema}.global_status`,
  ]),
)

const NULL: SqlMask = { kind: 'null' }

/** Pure memoisation. */
const KNOWN = new WeakMap<RuleContext, boolean>()

/** How a reference to a relation of information_schema has to be replaced, or null where it may stand. */
export function mysqlCatalogSubstitution(context: RuleContext, use: RelationUse): Substitution | null {
  const name = `${use.relation.schema}.${use.relation.name}`.toLowerCase()
  if (EMPTY.has(name)) return { masks: new Map(), where: 'FALSE' }
  if (COUNTERS.has(name)) return { masks: new Map(), where: isHarmlessCounter('VARIABLE_NAME') }
  const blanks = BLANKS.get(name)
  if (!blanks) return null
  const hidden = use.relation.columns.filter((column) => {
    const when = blanks.get(column.name.toLowerCase())
    return when !== undefined && (use.wholeRow || use.columns.has(column.name)) && holds(context, when)
  })
  return hidden.length === 0 ? null : { masks: new Map(hidden.map((column) => [column.name, NULL])), where: null }
}

function holds(context: RuleContext, when: When): boolean {
  if (when === 'always') return true
  return when === 'masks hide' ? context.input.masking.masks.length > 0 : printsMasked(context)
}

/** True where some table's definition prints a text that names a column which is masked for this person. */
function printsMasked(context: RuleContext): boolean {
  const known = KNOWN.get(context)
  if (known !== undefined) return known
  const { catalog, masking } = context.input
  const all = masking.masks.length === 0 ? [] : [...catalog.relations.values()]
  const found = all.some((relation) => relation.inPrintedTexts?.some((column) => context.masks.of(relation, column)))
  KNOWN.set(context, found)
  return found
}
