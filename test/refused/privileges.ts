import type { Connection } from 'mysql2/promise'
import { columnsRead, columnsWritten, writesTo } from '../../src/policy/column_needs.ts'
import type { Relation } from '../../src/sql/catalog.ts'
import type { RelationUse, StatementFacts } from '../../src/sql/facts.ts'
import type { DatabaseServer } from '../servers/process.ts'
import { connect, describeOn, quoted, type ServerError, type SessionState, serverError } from './scratch.ts'

const PROBE = 'probe'
const PROBE_PASSWORD = 'probepw'
/** ER_TABLEACCESS_DENIED_ERROR and ER_COLUMNACCESS_DENIED_ERROR: the statement uses more than the facts say. */
const DENIED = new Set([1142, 1143])
/** Needed for other things than reading and writing tables, so held throughout. */
const STANDING = 'EXECUTE, LOCK TABLES, PROCESS, CREATE TEMPORARY TABLES'

interface Privileges {
  readonly relation: Relation
  readonly select: Set<string>
  readonly insert: Set<string>
  readonly update: Set<string>
  delete: boolean
}

/**
 * The server as judge of what the analysis finds: an account that holds a privilege on exactly the columns that the
 * facts name must be able to prepare the statement. Where the server denies it, the analysis missed a use.
 */
export class PrivilegeProbe {
  readonly #admin: Connection
  readonly #server: DatabaseServer
  #connection: Connection
  #state = ''

  private constructor(admin: Connection, server: DatabaseServer, connection: Connection) {
    this.#admin = admin
    this.#server = server
    this.#connection = connection
  }

  static async open(admin: Connection, server: DatabaseServer): Promise<PrivilegeProbe> {
    await admin.query(`CREATE USER ${PROBE}@'%' IDENTIFIED BY '${PROBE_PASSWORD}'`)
    await admin.query(`GRANT ${STANDING} ON *.* TO ${PROBE}@'%'`)
    await admin.query('SET lock_wait_timeout = 1')
    return new PrivilegeProbe(admin, server, await logIn(server))
  }

  close(): void {
    this.#connection.destroy()
  }

  /** What the server denies, or null. Anything else that it says is not about privileges. */
  async denied(sql: string, statement: StatementFacts, state: SessionState): Promise<ServerError | null> {
    const given = privilegesOf(statement).flatMap(privilegeText)
    const granted: (readonly [string, string])[] = []
    try {
      for (const [list, on] of given) {
        await this.#admin.query(`GRANT ${list} ON ${on} TO ${PROBE}@'%'`)
        granted.push([list, on])
      }
      await this.#enter(state)
      await describeOn(this.#connection, sql)
      return null
    } catch (error) {
      return this.#judged(serverError(error), statement)
    } finally {
      for (const [list, on] of granted) {
        await this.#admin.query(`REVOKE ${list} ON ${on} FROM ${PROBE}@'%'`).catch(() => this.#revokeAll())
      }
    }
  }

  async #judged(error: ServerError, statement: StatementFacts): Promise<ServerError | null> {
    if (error.errno === 0) {
      this.#connection.destroy()
      this.#connection = await logIn(this.#server)
      this.#state = ''
    }
    if (!DENIED.has(error.errno) || namesNoColumn(error, statement)) return null
    return (await this.#asksForMore(statement)) ? null : error
  }

  async #enter(state: SessionState): Promise<void> {
    const wanted = `${state.database}\n${[...state.sqlMode].join(',')}`
    if (wanted === this.#state) return
    if (state.database !== null) await this.#connection.query(`USE ${quoted(state.database)}`)
    await this.#connection.query('SET sql_mode = ?', [[...state.sqlMode].join(',')])
    this.#state = wanted
  }

  /** A view of the kind INVOKER asks its reader for the privileges on what it is made of. */
  async #asksForMore({ uses }: StatementFacts): Promise<boolean> {
    const views = uses.filter(({ relation }) => relation.kind === 'view' || relation.kind === 'system')
    for (const { relation } of views) {
      const sql = 'SELECT SECURITY_TYPE FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?'
      const [rows] = await this.#admin.query({ sql, values: [relation.schema, relation.name], rowsAsArray: true })
      if (JSON.stringify(rows).includes('INVOKER')) return true
    }
    return false
  }

  async #revokeAll(): Promise<void> {
    await this.#admin.query(`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${PROBE}@'%'`)
    await this.#admin.query(`GRANT ${STANDING} ON *.* TO ${PROBE}@'%'`)
  }
}

/** MySQL looks for a privilege on the alias of an output column that GROUP BY computes on, which nobody can have. */
function namesNoColumn({ message }: ServerError, { uses }: StatementFacts): boolean {
  const name = /for column '([^']*)' in table/.exec(message)?.[1]?.toLowerCase()
  if (name === undefined) return false
  return !uses.some(({ relation }) => relation.columns.some((column) => column.name.toLowerCase() === name))
}

async function logIn(server: DatabaseServer): Promise<Connection> {
  const connection = await connect(server, PROBE, PROBE_PASSWORD, null)
  await connection.query('SET lock_wait_timeout = 1')
  return connection
}

function privilegesOf(statement: StatementFacts): readonly Privileges[] {
  const byRelation = new Map<Relation, Privileges>()
  for (const use of statement.uses) {
    const { relation } = use
    if (relation.schema.toLowerCase() === 'information_schema') continue
    const entry = byRelation.get(relation) ?? {
      relation,
      select: new Set(),
      insert: new Set(),
      update: new Set(),
      delete: false,
    }
    byRelation.set(relation, entry)
    addUse(entry, statement, use)
    addOddities(entry, statement, use)
  }
  return [...byRelation.values()]
}

function addUse(entry: Privileges, statement: StatementFacts, use: RelationUse): void {
  const writes = use.role === 'target' ? writesTo(statement, use) : []
  const written = columnsWritten(use).map(({ name }) => name)
  for (const { name } of columnsRead(statement, use)) entry.select.add(name)
  // Rows without any column (`count(*)`, a target that is only joined, MariaDB's `DELETE t FROM t`) need a privilege on one, whichever it is.
  const some = use.relation.columns[0]?.name ?? ''
  const joined =
    writes.length === 0 || writes.includes('delete') || (statement.uses.length > 1 && !writes.includes('insert'))
  if (joined && entry.select.size === 0) entry.select.add(some)
  // Without a list of columns and values MySQL asks for all of them.
  const inserted = written.length > 0 ? written : use.relation.columns.map(({ name }) => name)
  if (writes.includes('insert')) for (const name of inserted) entry.insert.add(name)
  if (writes.includes('update')) for (const name of written) entry.update.add(name)
  if (writes.includes('delete')) entry.delete = true
}

/**
 * The servers ask for SELECT on what VALUES(column) names, though it is the value to be inserted; MariaDB asks for it on
 * all that ON DUPLICATE KEY UPDATE assigns to or that stands before RETURNING, and for INSERT on what RETURNING reads.
 */
function addOddities(entry: Privileges, statement: StatementFacts, use: RelationUse): void {
  const writes = use.role === 'target' ? writesTo(statement, use) : []
  if (!writes.includes('insert')) return
  const returns = statement.output !== null
  if (writes.includes('update') || returns) for (const { name } of columnsWritten(use)) entry.select.add(name)
  if (returns) for (const { name } of columnsRead(statement, use)) entry.insert.add(name)
}

/** What stands between GRANT and ON, and behind ON. */
function privilegeText(privileges: Privileges): readonly (readonly [string, string])[] {
  const { relation } = privileges
  const parts = (['select', 'insert', 'update'] as const).flatMap((kind) =>
    privileges[kind].size === 0 ? [] : [`${kind.toUpperCase()} (${[...privileges[kind]].map(quoted).join(', ')})`],
  )
  if (privileges.delete) parts.push('DELETE')
  return parts.length === 0 ? [] : [[parts.join(', '), `${quoted(relation.schema)}.${quoted(relation.name)}`]]
}
