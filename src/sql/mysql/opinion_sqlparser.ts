/** What sqlparser-rs found: offsets, from 0, of the last word of each name in the text that it was given. */
export interface Opinion {
  readonly tables: number[]
  readonly columns: number[]
  selects: number
}

type Node = Readonly<Record<string, unknown>>

/** Subtrees whose names are neither tables nor columns. */
const OTHER_NAMES = new Set([
  ...[
    'data_type',
    'collation',
    'charset',
    'alias',
    'prefix',
    'index_hints',
    'partitions',
    'over_name',
    'Using',
    'span',
  ],
])

/** Reads sqlparser-rs's tree (0.62): every identifier in it carries its line and column, both from 1. */
export function firstOpinion(tree: unknown): Opinion {
  const opinion: Opinion = { tables: [], columns: [], selects: 0 }
  walk(tree, opinion)
  return opinion
}

function walk(value: unknown, opinion: Opinion): void {
  if (Array.isArray(value)) for (const item of value) walk(item, opinion)
  else if (isNode(value)) for (const [key, child] of Object.entries(value)) visit(key, child, opinion)
}

function visit(key: string, child: unknown, opinion: Opinion): void {
  if (OTHER_NAMES.has(key)) return
  if (key === 'select_token') opinion.selects += 1
  else if (key === 'Identifier') opinion.columns.push(place(child))
  else if (key === 'CompoundIdentifier' || key === 'ColumnName') opinion.columns.push(lastPlace(child))
  else if (key === 'TableName') opinion.tables.push(lastPlace(child))
  else if (key === 'MatchAgainst') matchAgainst(child, opinion)
  else if (key === 'Table' && isNode(child)) {
    opinion.tables.push(lastPlace(child.name))
    walk({ ...child, name: [] }, opinion)
  } else if (key === 'Function' && isNode(child)) walk({ ...child, name: [] }, opinion)
  else if (key === 'Insert' && isNode(child)) insert(child, opinion)
  else if (key === 'QualifiedWildcard' && Array.isArray(child)) wildcard(child[0], opinion)
  else walk(child, opinion)
}

function insert(node: Node, opinion: Opinion): void {
  for (const name of asArray(node.columns)) opinion.columns.push(lastPlace(name))
  walk({ ...node, columns: [] }, opinion)
}

function matchAgainst(child: unknown, opinion: Opinion): void {
  if (!isNode(child)) return
  for (const name of asArray(child.columns)) opinion.columns.push(lastPlace(name))
  walk({ ...child, columns: [] }, opinion)
}

function wildcard(child: unknown, opinion: Opinion): void {
  if (isNode(child) && 'ObjectName' in child) opinion.columns.push(lastPlace(child.ObjectName))
  else walk(child, opinion)
}

/** -1 where there is no place, which agrees with nothing. */
function lastPlace(name: unknown): number {
  const last = asArray(name).at(-1)
  return place(isNode(last) && 'Identifier' in last ? last.Identifier : last)
}

function place(identifier: unknown): number {
  const span = isNode(identifier) ? identifier.span : null
  const start = isNode(span) ? span.start : null
  if (!isNode(start) || start.line !== 1 || typeof start.column !== 'number') return -1
  return start.column - 1
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
