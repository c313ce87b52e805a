import type { ErrorCode } from '../errors.ts'
import type { Catalog, Dialect, Relation } from './catalog.ts'

/**
 * What one message of SQL means, found once and judged by everyone else: nobody reads the SQL again.
 * Facts do not know masks or grants. They are cached by text and context, and never changed.
 */
export interface Facts {
  readonly dialect: Dialect
  readonly text: string
  /** Each part of a multi-statement message, in order; an empty message has none. */
  readonly statements: readonly StatementFacts[]
}

/** What a name means depends on these; together with the text they are the key of the facts cache. */
export interface AnalysisContext {
  readonly catalog: Catalog
  /** PostgreSQL: the schemas of search_path, in order, without pg_catalog and pg_temp. */
  readonly searchPath: readonly string[]
  /** MySQL: the default database, or null. */
  readonly defaultDatabase: string | null
  /** MySQL: the session's sql_mode. */
  readonly sqlMode: ReadonlySet<string>
  /** Why the text can't be read as the server reads it: it is opaque then, and no part of it is kept. */
  readonly unread?: string
  /** Statements are to be compared with an approved script: each says what of it counts. */
  readonly compared?: true
}

/** `explain`: the plan of a statement, without a right to read its rows. `export`: rows as COPY data. */
export type Verb = 'read' | 'insert' | 'update' | 'delete' | 'ddl' | 'call' | 'export' | 'explain' | 'session'

/** One kind per statement form; `policy/kinds.ts` pins a verdict for each. */
export type StatementKind =
  | 'select'
  | 'insert'
  | 'update'
  | 'delete'
  | 'explain'
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'savepoint'
  | 'release'
  | 'rollback_to'
  | 'set_transaction'
  | 'set'
  | 'reset'
  | 'show'
  | 'use'
  | 'kill'
  | 'prepare'
  | 'execute'
  | 'deallocate'
  | 'discard'
  | 'close_cursor'
  | 'unlisten'
  | 'copy'
  | 'merge'
  | 'truncate'
  | 'lock'
  /** DECLARE ... CURSOR FOR: `name` is the cursor's, `inner` its query. */
  | 'declare_cursor'
  /** FETCH and MOVE: `name` is the cursor's. */
  | 'fetch'
  | 'listen'
  | 'notify'
  | 'call'
  | 'do'
  | 'create_table_as'
  /** Any other change of definitions whose objects are known (`definitions`). */
  | 'ddl'
  /** VACUUM, ANALYZE, REINDEX, CLUSTER, CHECKPOINT, REFRESH MATERIALIZED VIEW. */
  | 'maintenance'
  /** PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED. */
  | 'two_phase'
  /** Roles, databases, tablespaces, replication, extensions, languages, ALTER SYSTEM, LOAD. */
  | 'administration'
  /** MySQL's DO: expressions are evaluated, and nothing comes back. */
  | 'evaluate'
  /** MySQL's HANDLER: rows read past the optimizer. */
  | 'handler'
  /** MySQL's LOAD DATA and LOAD XML. */
  | 'load_data'
  /** MySQL's UNLOCK TABLES. */
  | 'unlock'
  | 'opaque'

/** Half-open, in UTF-16 units of `Facts.text`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * passed: the value reaches an output field unchanged and no clause uses it.
 * computed: anything else that reads it.
 * written: only assigned to, never read.
 */
export type ColumnUse = 'passed' | 'computed' | 'written'

/** A value that a write gives a column: a constant as text, null for NULL, undefined for anything else. */
export type Given = string | null | undefined

/** `*` or `alias.*`, and the columns that it stands for. */
export interface StarUse {
  readonly span: Span
  /** `use` is set where the alias is that of a base relation without one of its own. */
  readonly columns: readonly { readonly use: number | null; readonly alias: string; readonly column: string }[]
}

export interface RelationUse {
  /** Index in `StatementFacts.uses`. */
  readonly id: number
  readonly relation: Relation
  /** `target` of INSERT, UPDATE or DELETE; a target can't be substituted. */
  readonly role: 'read' | 'target'
  /** The relation's name as written, with ONLY and `*`, without alias: what substitution or qualification replaces. */
  readonly span: Span
  readonly only: boolean
  readonly qualified: boolean
  /** The name that column references use: the alias, or the relation's own name. */
  readonly alias: string
  readonly hasAlias: boolean
  /** Prefixes of column references that name the schema too (`shop.users` in `shop.users.email`). */
  readonly qualifiers: readonly Span[]
  /** Every prefix of a column reference that means this use, with the schema or without. PostgreSQL only. */
  readonly prefixes?: readonly Span[]
  /** Its TABLESAMPLE clause, whose arguments are constants or parameters. */
  readonly sample?: Span
  /** MySQL: its PARTITION clause, which moves inside of what stands in for it. */
  readonly partition?: Span
  /** FOR UPDATE or FOR SHARE locks its rows, which needs the right to write. PostgreSQL only. */
  readonly locked?: boolean
  /** Each `*` of a select list that shows its columns, where it can be written out. PostgreSQL only. */
  readonly stars?: readonly StarUse[]
  /** PostgreSQL, targets of INSERT and UPDATE: what each column is given; see `Given`. */
  readonly given?: ReadonlyMap<string, readonly Given[]>
  /** INSERT with ON CONFLICT. */
  readonly conflict?: boolean
  /** UPDATE and DELETE: nothing beside the target stands in FROM or USING. */
  readonly alone?: boolean
  /** Columns that a query over this table alone uses only as the argument of `count`, `sum`, `avg` and their like. */
  readonly aggregated?: ReadonlySet<string>
  /** Columns that nothing uses but `=` and IN with values written out, and bare output: how many values each. */
  readonly lookups?: ReadonlyMap<string, number>
  /** MySQL: columns that every row of the result has one value in, which the statement says: `WHERE email = ? AND ...`. */
  readonly settled?: ReadonlySet<string>
  /** How each column is used, by column name; system columns (`ctid`) too when named. */
  readonly columns: ReadonlyMap<string, ColumnUse>
  /** The row as a whole is used (`u`, `u.*` inside an expression, `count(u)`): every column counts as computed. */
  readonly wholeRow: boolean
  /** True where substitution can't be done here (a target, FOR UPDATE OF, TABLESAMPLE...), with the reason. */
  readonly fixed: string | null
  /** What is done to this target, where the statement may have several; else the statement's own verbs count. */
  readonly verbs?: readonly Verb[]
}

/** A column of a base relation or view that something depends on. */
export interface ColumnRef {
  readonly relation: Relation
  readonly column: string
}

export interface OutputField {
  readonly name: string
  /** The use and column that pass through unchanged into this field, else null. */
  readonly origin: { readonly use: number; readonly column: string } | null
  /** Every column that the field's value depends on, subqueries included. */
  readonly sources: readonly ColumnRef[]
}

export interface FunctionUse {
  /** Schema as resolved: `pg_catalog` (MySQL: '') for a built-in, else the user schema. */
  readonly schema: string
  /** Lower-cased in MySQL; as resolved in PostgreSQL. */
  readonly name: string
  readonly userDefined: boolean
  readonly args: number
  /** PostgreSQL, `set_config` alone: its arguments as text where they are constants, undefined where they are not. */
  readonly constants?: readonly (string | null | undefined)[]
  /** PostgreSQL, functions that tell of any object: the column that their first argument is, as it stands. */
  readonly first?: { readonly use: number; readonly column: string }
}

export interface SettingChange {
  readonly name: string
  readonly scope: 'session' | 'local' | 'global'
  /** Values as text, in order; null for DEFAULT or RESET; 'expression' where they are not constants. */
  readonly values: readonly string[] | null | 'expression'
  /** `set_config` inside an expression: it may run once, never or often, so that nothing can follow what it sets. */
  readonly uncertain?: true
}

/** COPY through the connection; files and programs of the server are opaque. */
export interface CopyFacts {
  readonly direction: 'to' | 'from'
  readonly format: 'text' | 'csv' | 'binary'
  readonly header: boolean
  /** One byte each; the escape of CSV is the quote where none is given. */
  readonly delimiter: string
  readonly quote: string
  readonly escape: string
  readonly nullText: string
  /** CSV, TO: output columns that are always quoted; `all` for `*`. */
  readonly forceQuote: readonly string[] | 'all'
  /** TO: the SELECT (or TABLE, VALUES) that gives the same rows, as SQL; a COPY of a table has its columns listed and ONLY. */
  readonly query: string | null
}

/** What EXPLAIN was asked for, defaults filled in; `analyze` runs the statement. */
export interface ExplainFacts {
  readonly analyze: boolean
  readonly verbose: boolean
  readonly costs: boolean
  readonly timing: boolean
  readonly summary: boolean
  readonly settings: boolean
  readonly buffers: boolean
  readonly wal: boolean
  readonly memory: boolean
  readonly genericPlan: boolean
  readonly serialize: 'none' | 'text' | 'binary'
  readonly format: 'text' | 'xml' | 'json' | 'yaml'
}

/** DECLARE: how the cursor moves and how long it lives. `scroll` is null where nothing is said. */
export interface CursorFacts {
  readonly binary: boolean
  readonly scroll: boolean | null
  readonly hold: boolean
  readonly insensitive: boolean
}

/** An object that a change of definitions makes, alters or drops. */
export interface DefinitionChange {
  readonly change: 'create' | 'alter' | 'drop'
  /** `table`, `view`, `index`, `function`, `type`, `schema`... */
  readonly object: string
  readonly schema: string | null
  readonly name: string
  /** The relation as it is now, where it exists. */
  readonly relation: Relation | null
}

export interface Misunderstood {
  readonly code: ErrorCode
  readonly reason: string
  /** Of a syntax error: in characters of the message, from 1. */
  readonly position?: number
}

export interface StatementFacts {
  readonly kind: StatementKind
  /** Verbs that the grant must hold, each on the relations in the matching role. */
  readonly verbs: readonly Verb[]
  readonly span: Span
  /** The text with literals replaced by `?`: what the audit keeps by default. */
  readonly normalized: string
  /** Where the context asks for it: the words with their literals, as an approved script is compared. */
  readonly compared?: string
  readonly uses: readonly RelationUse[]
  readonly functions: readonly FunctionUse[]
  /** Fields of the result, or null where the statement gives none (or its fields are not known: SHOW). */
  readonly output: readonly OutputField[] | null
  /** Columns that decide which rows come, or in which order: WHERE, JOIN, GROUP, HAVING, DISTINCT, ORDER, LIMIT. */
  readonly rowSources: readonly ColumnRef[]
  /** PostgreSQL: for each ORDER BY under a LIMIT or OFFSET, at any level, what each of its keys depends on. */
  readonly tops?: readonly (readonly (readonly ColumnRef[])[])[]
  readonly settings: readonly SettingChange[]
  /**
   * USE: the database; SAVEPOINT family: the name; PREPARE, EXECUTE, DEALLOCATE, DECLARE, FETCH, CLOSE: the name, '' for
   * ALL; KILL: the id.
   */
  readonly name: string | null
  /** KILL QUERY rather than KILL CONNECTION. */
  readonly killQuery: boolean
  /** PREPARE, EXPLAIN, DECLARE, CREATE TABLE AS, CREATE VIEW: the facts of the inner statement. */
  readonly inner: StatementFacts | null
  readonly hasWhere: boolean
  /**
   * PostgreSQL: every expression is a column, constant or parameter, or such compared by an operator that the server
   * calls leakproof for exactly these types: run on a row that nobody may see, it tells nothing of it. Absent: not so.
   */
  readonly plain?: boolean
  /** UPDATE, DELETE: the same of everything that decides which rows of the target are written. */
  readonly plainRows?: boolean
  /** PostgreSQL: an UPDATE or DELETE, of the statement or of a WITH query, has no WHERE. */
  readonly unconditional?: true
  /** MySQL: where the rows of a SELECT go when not to the client; nothing passes through to there. */
  readonly into?: 'outfile' | 'dumpfile' | 'variables'
  /** MariaDB, kind `prepare`: EXECUTE IMMEDIATE, which runs `inner` at once. */
  readonly immediate?: true
  /** MySQL, kind `prepare`: the user variable that holds the text, which the session has to know. */
  readonly textFrom?: string
  /** MySQL: parameters, from 0, that text is looked up by: where anything but text is bound the server compares numbers. */
  readonly textParameters?: readonly number[]
  /** MySQL: output columns and expressions without an alias; `name`: of the column that they show, else they are named after their text. */
  readonly unnamed?: readonly { readonly span: Span; readonly name: string | null }[]
  /** Kind `copy` only. */
  readonly copy?: CopyFacts
  /** Kind `explain` in PostgreSQL. */
  readonly explain?: ExplainFacts
  /** Kind `declare_cursor` only. */
  readonly cursor?: CursorFacts
  /** Kinds `ddl`, `create_table_as` and `maintenance`: what they change. */
  readonly definitions?: readonly DefinitionChange[]
  /** Set on kind `opaque`, and on changes of definitions where a part isn't understood: why, and with which code. */
  readonly opaque: Misunderstood | null
}
