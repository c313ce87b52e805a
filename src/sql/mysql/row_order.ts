import type { Relation } from '../catalog.ts'
import type { Substitution } from '../substitution.ts'
import { quoteName } from './quoting.ts'

/** How a reference is read so that its rows come in no order of a hidden column. */
export interface RowOrder {
  /** Behind the table's name. */
  readonly hint: string
  /** ORDER BY, which needs a LIMIT to be kept, or ''. */
  readonly sort: string
}

const AS_IT_COMES: RowOrder = { hint: '', sort: '' }

/** Types that ORDER BY does not take, or not on every server. */
const UNSORTABLE = /^(?:geometry|point|linestring|polygon|multi|geomcollection|geometrycollection|vector)/i

/**
 * A scan of an index gives the rows in the order of its columns, whatever is selected: the server is told to leave out
 * each index that holds a hidden column, and the others serve. The order in which a table is stored can't be left out:
 * where that follows a hidden column, and in a view, the rows are sorted by what every reader may know, and what is
 * alike in all of that by chance.
 */
export function rowOrder(relation: Relation, { masks, unordered, settled }: Substitution): RowOrder {
  const hidden = new Set([...masks.keys(), ...(unordered ?? [])].filter((name) => !settled?.has(name)))
  const { kind, indexes, primaryKey } = relation
  if (hidden.size === 0 && unordered === undefined) return AS_IT_COMES
  if (kind !== 'table' && kind !== 'partitioned') return { hint: '', sort: sortBy(relation, hidden) }
  // Indexes that are not known: the table is read by its primary key alone.
  if (!indexes) return { hint: primaryKey.length > 0 ? ' USE INDEX (PRIMARY)' : ' USE INDEX ()', sort: '' }
  const telling = indexes.filter(({ columns }) => columns.some((name) => hidden.has(name)))
  const hint = telling.length === 0 ? '' : ` IGNORE INDEX (${telling.map(({ name }) => quoteName(name)).join(', ')})`
  const stored = storedBy(relation).some((name) => hidden.has(name))
  return { hint, sort: stored ? sortBy(relation, hidden) : '' }
}

/**
 * True where a write that takes some rows alone (LIMIT), or shows them (RETURNING), could take or show them in the order of
 * a hidden column: a target takes no subquery. An index that begins with such a column serves no condition that may be
 * written.
 */
export function isWrittenInOrder(relation: Relation, { unordered }: Substitution): boolean {
  if (unordered === undefined || unordered.size === 0) return false
  const hidden = (name: string): boolean => unordered.has(name)
  const { indexes } = relation
  if (!indexes || storedBy(relation).some(hidden)) return true
  return indexes.some(({ columns }) => columns.some(hidden) && !hidden(columns[0] ?? ''))
}

/** InnoDB stores a table by its primary key, without one by a unique index, and each partition by itself. */
function storedBy({ indexes = [], primaryKey, partitionedBy = [] }: Relation): readonly string[] {
  const clustered =
    primaryKey.length > 0 ? primaryKey : indexes.flatMap(({ unique, columns }) => (unique ? columns : []))
  return [...clustered, ...partitionedBy]
}

function sortBy({ columns }: Relation, hidden: ReadonlySet<string>): string {
  const clear = columns.filter(({ name, type }) => !hidden.has(name) && !UNSORTABLE.test(type))
  return ` ORDER BY ${[...clear.map(({ name }) => quoteName(name)), 'RAND()'].join(', ')}`
}
