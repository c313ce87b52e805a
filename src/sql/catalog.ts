/** What the analysis knows of a database: an immutable snapshot, read over the admin connection (see `upstream/`). */

export type Dialect = 'postgres' | 'mysql' | 'mariadb'

export interface Column {
  readonly name: string
  /** PostgreSQL attnum, MySQL ORDINAL_POSITION: both from 1. */
  readonly ordinal: number
  /**
   * The type as SQL that a cast takes, with its modifier, domains replaced by their base type
   * (`character varying(80)`, `numeric(10,2)`); MySQL's COLUMN_TYPE (`varchar(120)`).
   */
  readonly type: string
  /** PostgreSQL type OID of the base type; 0 in MySQL. */
  readonly typeOid: number
  /** PostgreSQL: a collation that differs from the type's default, as SQL (`"C"`). MySQL: that of every text column. */
  readonly collation: string | null
  /** Columns of the same relation that a generated column is computed from; empty for a plain column. */
  readonly generatedFrom: readonly string[]
  /** Names that it had before, as far as they were seen. PostgreSQL only. */
  readonly formerly?: readonly string[]
  /** MySQL: `*` leaves it out. */
  readonly invisible?: true
  /** MySQL: an UPDATE sets it to the time where it changes anything in the row. */
  readonly onUpdate?: true
  /** The classes that its comment names; absent: none. */
  readonly classes?: readonly string[]
}

/** PostgreSQL: what people make has OIDs from here on (FirstNormalObjectId, transam.h). */
export const FIRST_USER_OID = 16_384

export type RelationKind =
  | 'table'
  | 'partitioned'
  | 'view'
  | 'materialized_view'
  | 'foreign_table'
  | 'sequence'
  | 'system'

export interface Relation {
  readonly kind: RelationKind
  readonly schema: string
  readonly name: string
  /** PostgreSQL pg_class.oid; 0 in MySQL. */
  readonly oid: number
  /** In order; dropped columns are left out, so ordinals may have gaps. */
  readonly columns: readonly Column[]
  readonly primaryKey: readonly string[]
  /** Columns that a unique, exclusion, foreign-key or check constraint or index expression uses: oracles on writes. */
  readonly constrained: readonly string[]
  /** Those of them that are compared with other rows: by all but CHECK and index expressions. Absent: all. */
  readonly compared?: readonly string[]
  /** PostgreSQL: what a write to one column can tell of the others, since the server looks at them together. */
  readonly together?: readonly Together[]
  /** Its foreign keys. A row with such values is taken only where the other table has a row with them. */
  readonly references?: readonly ForeignKey[]
  /** PostgreSQL: what prints with values of its columns in it. */
  readonly quoting?: readonly Quoting[]
  /** MySQL: every index that the server may use, the primary key as `PRIMARY`. Absent: not known. */
  readonly indexes?: readonly Index[]
  /** MySQL: the columns that decide in which partition a row is. */
  readonly partitionedBy?: readonly string[]
  /** MariaDB: the server keeps former versions of the rows that an UPDATE changes. */
  readonly versioned?: true
  /** MySQL, views. */
  readonly view?: ViewOptions
  /** MySQL: columns that a CHECK or an index expression names, whose texts the table's definition prints. */
  readonly inPrintedTexts?: readonly string[]
  /** Keys (`relationKey`) of the tables that this one is a partition or inheritance child of. */
  readonly parents: readonly string[]
  /** The SELECT of a view or materialized view, else null. */
  readonly definition: string | null
  /** True where rules other than a view's own, or triggers, make a write do more than it says. */
  readonly hasTriggers: boolean
  readonly hasRules: boolean
  readonly rowSecurity: boolean
  /** MariaDB: the numbers that its name says, and nothing that anybody stored. */
  readonly numbers?: true
  /** MySQL: its engine undoes a write that is rolled back. */
  readonly transactional?: true
  /**
   * Names that it had before, and those of the tables that it was a partition or child of, as far as they were seen:
   * what the policy says of them holds for it. PostgreSQL only.
   */
  readonly formerly?: readonly RelationName[]
}

export interface ForeignKey {
  /** In the order of `theirs`. */
  readonly columns: readonly string[]
  readonly to: RelationName
  readonly theirs: readonly string[]
}

/** MySQL: a scan of an index gives the rows in the order of its columns. */
export interface Index {
  readonly name: string
  /** Every column that a key part is made of, those inside an expression included. */
  readonly columns: readonly string[]
  /** Without a primary key, rows may be stored in the order of such an index. */
  readonly unique?: true
}

/** MySQL: how a view runs, beyond its definition. */
export interface ViewOptions {
  /** `user@host`, as whom it reads unless `invoker`. */
  readonly definer: string
  readonly invoker: boolean
  readonly check: 'none' | 'local' | 'cascaded'
  /** MariaDB alone says which. */
  readonly algorithm: 'undefined' | 'merge' | 'temptable' | null
}

/** Columns of one constraint, index with an expression or predicate, or generated column with its sources. */
export interface Together {
  readonly columns: readonly string[]
  /** With those of other rows. */
  readonly compared: boolean
}

/** An object whose definition may quote values of these columns, by its OID (a partition: of its own relation). */
export interface Quoting {
  readonly by: 'constraint' | 'index' | 'partition' | 'statistics'
  readonly oid: number
  readonly columns: readonly string[]
}

export interface RelationName {
  readonly schema: string
  readonly name: string
}

/** User-made names that may shadow or extend built-ins, by lower-cased bare name -> schemas that hold one. */
export type NamesBySchema = ReadonlyMap<string, readonly string[]>

/** A type outside pg_catalog, as masks need to know it. */
export interface CatalogType {
  readonly schema: string
  readonly name: string
  readonly kind: 'base' | 'domain' | 'enum' | 'composite' | 'range' | 'array'
  /** OID of a domain's base type, which may be a domain too; 0 elsewhere. */
  readonly base: number
  /** OID of an array's element type; 0 elsewhere. */
  readonly element: number
}

export interface Catalog {
  readonly dialect: Dialect
  /** As the server says it: `18.4`, `9.7.0`, `10.11.19-MariaDB`. */
  readonly version: string
  readonly major: number
  /** The database that was read; in MySQL the snapshot covers every database and this is ''. */
  readonly database: string
  /** SHA-256 over the content, hex: part of every cache key and of every decision's record. */
  readonly digest: string
  readonly schemas: ReadonlySet<string>
  /** By `relationKey(schema, name)`. In MySQL the keys hold names as `foldName` gives them. */
  readonly relations: ReadonlyMap<string, Relation>
  /** PostgreSQL only. */
  readonly relationsByOid: ReadonlyMap<number, Relation>
  /** Functions, procedures and aggregates outside pg_catalog (MySQL: stored routines). Trusted extensions are left out. */
  readonly functions: NamesBySchema
  /** Operators outside pg_catalog, without those of trusted extensions. */
  readonly operators: NamesBySchema
  /**
   * PostgreSQL: of these, the names of which every one takes a value of a type that people made and that nothing built in
   * turns into by itself (geometry, vector): they are out of the question where no such value is near.
   */
  readonly onOwnTypes?: { readonly functions: NamesBySchema; readonly operators: NamesBySchema }
  /** Types outside pg_catalog (domains, enums, composites, base types; a table's row type is no entry). */
  readonly types: NamesBySchema
  /** PostgreSQL: the same types by OID, with their array types; absent where they were not read. */
  readonly typesByOid?: ReadonlyMap<number, CatalogType>
  /** PostgreSQL: the schemas of the search_path that a fresh session of the account has, `$user` resolved. */
  readonly searchPath: readonly string[]
  /** MySQL: lower_case_table_names (0, 1 or 2); 0 in PostgreSQL. */
  readonly lowerCaseTableNames: number
  /** MySQL: the session sql_mode that a fresh session of the account has. */
  readonly sqlMode: ReadonlySet<string>
}

/** NUL can't stand in a name in either database, so the pair can't be confused with another pair. */
export function relationKey(schema: string, name: string): string {
  return `${schema}\0${name}`
}
