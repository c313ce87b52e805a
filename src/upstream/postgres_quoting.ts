import type { Quoting } from '../sql/catalog.ts'
import { bounded, COLUMNS_MAX } from './catalog_content.ts'
import type { AdminSession } from './postgres_client.ts'

/** 0 is the whole row; a null place is an expression that names no column. */
interface QuotingRow {
  readonly relation: number
  readonly by: Quoting['by']
  readonly oid: number
  readonly ordinal: number
}

/**
 * Objects whose definitions may quote values, with the columns that those would be values of: CHECK and EXCLUDE
 * constraints, indexes with an expression or a predicate, bounds of partitions, statistics on expressions. An expression
 * on the whole row is no dependency on a column (dependency.c), and shows in the stored tree alone.
 */
const QUOTING_SQL = `
  WITH expressive AS (
    SELECT i.indexrelid, i.indrelid, concat(i.indexprs::text, i.indpred::text) ~ ':varattno 0 ' AS whole
    FROM pg_index i WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
  ), column_of AS (
    SELECT e.indexrelid, e.indrelid, p.refobjsubid AS ordinal FROM expressive e
    JOIN pg_depend p ON p.classid = 'pg_class'::regclass AND p.objid = e.indexrelid
      AND p.refclassid = 'pg_class'::regclass AND p.refobjid = e.indrelid
    UNION SELECT e.indexrelid, e.indrelid, 0 FROM expressive e WHERE e.whole
  )
  SELECT k.conrelid AS relation, 'constraint' AS by, k.oid, coalesce(u.ordinal, 0) AS ordinal
  FROM pg_constraint k LEFT JOIN LATERAL unnest(k.conkey) AS u(ordinal) ON true
  WHERE k.contype = 'c' AND k.conrelid <> 0
  UNION ALL
  SELECT c.indrelid, 'constraint', k.oid, c.ordinal
  FROM pg_constraint k JOIN column_of c ON c.indexrelid = k.conindid WHERE k.contype = 'x'
  UNION ALL
  SELECT c.indrelid, 'index', c.indexrelid, c.ordinal FROM column_of c
  UNION ALL
  SELECT h.inhparent, 'partition', h.inhrelid, u.ordinal
  FROM pg_inherits h JOIN pg_partitioned_table p ON p.partrelid = h.inhparent
  CROSS JOIN unnest(p.partattrs::int2[]) AS u(ordinal)
  UNION ALL
  SELECT s.stxrelid, 'statistics', s.oid, 0 FROM pg_statistic_ext s WHERE s.stxexprs IS NOT NULL
  ORDER BY 1, 2, 3, 4
  LIMIT $1`

/** By relation, with columns by number; ordinal 0 stands for all of them. */
export async function readQuoting(session: AdminSession): Promise<ReadonlyMap<number, readonly QuotingRow[]>> {
  const rows = await session.query<QuotingRow>(QUOTING_SQL, [COLUMNS_MAX + 1])
  return Map.groupBy(bounded(rows, COLUMNS_MAX, 'columns in definitions'), (row) => row.relation)
}

export function quotingOf(rows: readonly QuotingRow[], names: ReadonlyMap<number, string>): readonly Quoting[] {
  return [...Map.groupBy(rows, ({ oid }) => oid).values()].flatMap((all) => {
    const [first] = all
    if (first === undefined) return []
    const whole = all.some(({ ordinal }) => ordinal === 0)
    const columns = [...names].flatMap(([at, name]) => (whole || all.some(({ ordinal }) => ordinal === at) ? name : []))
    return [{ by: first.by, oid: first.oid, columns }]
  })
}
