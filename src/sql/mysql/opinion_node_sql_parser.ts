/** The names that node-sql-parser found, each as often as it stands there. It gives no places. */
export interface NameCounts {
  readonly tables: string[]
  readonly columns: string[]
}

type Node = Readonly<Record<string, unknown>>

/** Reads node-sql-parser's tree (5.4): tables are entries with `db` and `table`, columns are `column_ref` nodes. */
export function secondOpinion(tree: unknown): NameCounts {
  const counts: NameCounts = { tables: [], columns: [] }
  walk(tree, counts)
  return counts
}

function walk(value: unknown, counts: NameCounts): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, counts)
    return
  }
  if (typeof value !== 'object' || value === null) return
  const node = value as Node
  if (node.type === 'column_ref') counts.columns.push(columnOf(node.column))
  else if ('db' in node && typeof node.table === 'string') counts.tables.push(node.table)
  // `tableList` and `columnList` are summaries that repeat what the tree says.
  for (const [key, child] of Object.entries(node)) if (key !== 'tableList' && key !== 'columnList') walk(child, counts)
}

function columnOf(column: unknown): string {
  if (typeof column === 'string') return column
  const expr = (column as { expr?: { value?: unknown } } | null)?.expr
  return typeof expr?.value === 'string' ? expr.value : ''
}
