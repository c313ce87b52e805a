/** What a statement does to the database, as class 6005 tells activities apart. */
export type StatementActivity = 'read' | 'query' | 'update' | 'write' | 'create' | 'delete' | 'list' | 'other'

export interface StatementShape {
  readonly kind: string
  readonly verbs: readonly string[]
  /** The schemas of what it touches. */
  readonly objects: readonly { readonly schema: string }[]
  readonly normalized: string
}

const BY_KIND: Readonly<Record<string, StatementActivity>> = {
  select: 'query',
  explain: 'query',
  fetch: 'query',
  declare_cursor: 'query',
  evaluate: 'query',
  handler: 'query',
  insert: 'write',
  load_data: 'write',
  merge: 'write',
  copy: 'write',
  update: 'update',
  delete: 'delete',
  truncate: 'delete',
  create_table_as: 'create',
  show: 'list',
}

/** Schemas of the server's own: whoever reads nothing else lists what there is. */
const CATALOGS: ReadonlySet<string> = new Set([
  'pg_catalog',
  'information_schema',
  'mysql',
  'performance_schema',
  'sys',
])

/** The word that a change of definitions begins with, behind comments. */
const CHANGE = /^(?:\s|--[^\n]*\n|\/\*[^*]*\*\/)*(create|alter|drop|rename)\b/i
const CHANGES: Readonly<Record<string, StatementActivity>> = {
  create: 'create',
  alter: 'update',
  rename: 'update',
  drop: 'delete',
}
/** What the text's first word has to be looked at for, and as much of the text. */
const DEFINING: ReadonlySet<string> = new Set(['ddl', 'administration', 'opaque'])
const LOOKED_AT_CHARS = 200

export function statementActivity({ kind, verbs, objects, normalized }: StatementShape): StatementActivity {
  if (kind === 'copy' && verbs.includes('export')) return 'read'
  if (kind === 'select' && objects.length > 0 && objects.every(({ schema }) => CATALOGS.has(schema))) return 'list'
  if (!DEFINING.has(kind)) return activityOfKind(kind)
  const word = CHANGE.exec(normalized.slice(0, LOOKED_AT_CHARS))?.[1]
  return (word === undefined ? undefined : CHANGES[word.toLowerCase()]) ?? 'other'
}

export function activityOfKind(kind: string): StatementActivity {
  return BY_KIND[kind] ?? 'other'
}
