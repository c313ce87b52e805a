import type { Command } from 'commander'
import type { WireInput } from '../../http/contract/operations.ts'
import { listArgument } from '../api/arguments.ts'

type Narrowing = NonNullable<WireInput<'createRequest'>['body']['narrowing']>
type Verb = Narrowing[number]['verbs'][number]

export interface ScopeOptions {
  readonly database?: readonly string[]
  readonly schema?: readonly string[]
  readonly table?: readonly string[]
  readonly column?: readonly string[]
  readonly verb?: readonly string[]
}

/** What of the role's scope is meant. */
export function scopeOptions(command: Command): Command {
  return command
    .option('--database <names>', 'only these databases, with commas; a name, prefix* or *', listArgument)
    .option('--schema <names>', 'only these schemas (in MySQL: databases)', listArgument)
    .option('--table <names>', 'only these tables', listArgument)
    .option('--column <names>', 'only these columns', listArgument)
    .option('--verb <verbs>', 'only these verbs: read, insert, update, delete, ddl, call, export', listArgument)
}

/** Null where nothing was said: all of the role. What was not named is not narrowed. */
export function narrowingOf({ database, schema, table, column, verb }: ScopeOptions): Narrowing | null {
  if ([database, schema, table, column, verb].every((part) => part === undefined)) return null
  const all = ['*']
  return [
    {
      databases: [...(database ?? all)],
      schemas: [...(schema ?? all)],
      tables: [...(table ?? all)],
      columns: column === undefined ? null : [...column],
      verbs: [...(verb ?? EVERY_VERB)] as Verb[],
    },
  ]
}

const EVERY_VERB: readonly Verb[] = [
  'read',
  'insert',
  'update',
  'delete',
  'ddl',
  'call',
  'export',
  'explain',
  'session',
]
