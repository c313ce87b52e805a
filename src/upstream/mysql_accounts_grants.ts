import type { ColumnPrivilege, Privileges, RelationPrivileges } from '../policy/privileges.ts'
import { qualifiedText, quoteName } from '../sql/mysql/quoting.ts'
import type { MysqlAdminSession } from './mysql_accounts_admin.ts'

/** Privileges as statements, and what the server says of them as a set that can be compared. */

export interface RoutineKind {
  readonly schema: string
  readonly name: string
  readonly kind: 'PROCEDURE' | 'FUNCTION'
}

/** What changes of definitions take, by database. */
const DEFINING = [
  ...['CREATE', 'ALTER', 'DROP', 'INDEX', 'REFERENCES', 'CREATE VIEW', 'SHOW VIEW', 'TRIGGER', 'EVENT'],
  ...['CREATE ROUTINE', 'ALTER ROUTINE', 'CREATE TEMPORARY TABLES'],
].join(', ')

export interface GrantOptions {
  readonly routines: readonly RoutineKind[]
  /** `partial_revokes`: a name of a database is then a name, and no pattern. */
  readonly literalNames: boolean
}

/** `GRANT ... ON ...`, each without its TO: one for each object. */
export function grantsFor(privileges: Privileges, { routines, literalNames }: GrantOptions): readonly string[] {
  const defines = privileges.definitions.length > 0
  return [
    ...privileges.definitions.map((schema) => `GRANT ${DEFINING} ON ${databasePattern(schema, literalNames)}.*`),
    ...privileges.relations.flatMap((one) => relationGrant(one, defines) ?? []),
    ...routines.map(({ schema, name, kind }) => `GRANT EXECUTE ON ${kind} ${quoteName(schema)}.${quoteName(name)}`),
  ]
}

/**
 * Besides what may be read and written, the table's definition is shown as it would be to anybody who may read all of it
 * (SHOW VIEW does so for tables too), and columns that are not granted are listed: REFERENCES lists a column and reads
 * nothing of it. MariaDB lists constraints only to who has that on some column, or another privilege than SELECT. It would
 * let a foreign key tell of values, so nobody who changes definitions has it.
 */
function relationGrant({ relation, privileges }: RelationPrivileges, defines: boolean): string | null {
  const parts = privileges.flatMap((one) => privilegeText(one) ?? [])
  if (parts.length === 0) return null
  const whole = privileges.some(({ columns }) => columns === null)
  const named = new Set(privileges.flatMap(({ columns }) => columns ?? []))
  const left = whole ? [] : relation.columns.filter(({ name }) => !named.has(name))
  const listed = (left.length > 0 ? left : relation.columns.slice(0, 1)).map(({ name }) => quoteName(name))
  const rest = defines || listed.length === 0 ? [] : [`REFERENCES (${listed.join(', ')})`]
  return `GRANT ${[...parts, ...rest, 'SHOW VIEW'].join(', ')} ON ${qualifiedText(relation)}`
}

function privilegeText({ privilege, columns }: ColumnPrivilege): string | null {
  const word = privilege.toUpperCase()
  if (columns === null) return word
  return columns.length === 0 ? null : `${word} (${columns.map(quoteName).join(', ')})`
}

/** `_` and `%` of a database's name stand for others too, where a whole database is granted. */
export function databasePattern(schema: string, literalNames: boolean): string {
  return quoteName(literalNames ? schema : schema.replaceAll(/[\\_%]/g, '\\$&'))
}

/**
 * Each privilege of such statements, or of what SHOW GRANTS prints, by itself: `select(id) on shop.users`. Names are
 * folded: two that differ by case alone count as one.
 */
export function privilegesIn(lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap(privilegesOfLine))
}

const OBJECT =
  /^GRANT (?<what>.+?) ON (?<object>(?:(?:PROCEDURE|FUNCTION|PACKAGE|PACKAGE BODY|TABLE) )?(?:\*|`(?:[^`]|``)*`)\.(?:\*|`(?:[^`]|``)*`))(?: TO | WITH |$)/is

function privilegesOfLine(line: string): readonly string[] {
  const { what, object } = OBJECT.exec(line)?.groups ?? {}
  if (what === undefined || object === undefined) return roleOfLine(line)
  return partsOf(what).map((part) => keyOf(part, object))
}

/** Those of the lines that SHOW GRANTS prints that are the grantee's own: MariaDB prints those of its roles too. */
export function grantedTo(lines: readonly string[], grantee: string): readonly string[] {
  return lines.filter((line) => line.includes(` TO ${grantee}`))
}

/** `REVOKE ... ON ...`, each without its FROM: what lines of SHOW GRANTS hold beyond `wanted`. Roles are left. */
export function revokesFor(lines: readonly string[], wanted: ReadonlySet<string>): readonly string[] {
  return lines.flatMap((line) => {
    const { what, object } = OBJECT.exec(line)?.groups ?? {}
    if (what === undefined || object === undefined) return []
    const excess = partsOf(what).filter((part) => !wanted.has(keyOf(part, object)))
    return excess.length > 0 ? [`REVOKE ${excess.map(partText).join(', ')} ON ${object}`] : []
  })
}

/** A privilege, on one column where one is named, as it stands between backquotes. */
interface Part {
  readonly word: string
  readonly column: string | null
}

function partsOf(what: string): readonly Part[] {
  const parts = what.matchAll(/([A-Z][A-Z _]*?)\s*(?:\(((?:`(?:[^`]|``)*`|[^)`])*)\))?\s*(?:,|$)/gis)
  return [...parts].flatMap(([, text = '', columns]): readonly Part[] => {
    const word = text.trim().toLowerCase()
    if (word === 'usage' || word === 'proxy') return []
    if (columns === undefined) return [{ word, column: null }]
    return [...columns.matchAll(/`((?:[^`]|``)*)`/g)].map(([, column = '']) => ({ word, column }))
  })
}

function keyOf({ word, column }: Part, object: string): string {
  return `${word}${column === null ? '' : `(${column.toLowerCase()})`} on ${plain(object)}`
}

function partText({ word, column }: Part): string {
  return column === null ? word.toUpperCase() : `${word.toUpperCase()} (\`${column}\`)`
}

/** GRANT `role`@`host` TO ... */
function roleOfLine(line: string): readonly string[] {
  const roles = /^GRANT ((?:`(?:[^`]|``)*`(?:@`(?:[^`]|``)*`)?,?)+) TO /is.exec(line)?.[1]
  return roles === undefined ? [] : roles.split(',').map((role) => `the role ${plain(role)}`)
}

function plain(object: string): string {
  return object.replaceAll('``', '\0').replaceAll('`', '').replaceAll('\0', '`').toLowerCase()
}

/** What an unrestricted role may do in a database. Nothing here reaches accounts, files or the server itself. */
const EVERYTHING: ReadonlySet<string> = new Set([
  ...['select', 'insert', 'update', 'delete', 'create', 'drop', 'references', 'index', 'alter', 'lock tables'],
  ...['create temporary tables', 'execute', 'create view', 'show view', 'create routine', 'alter routine', 'event'],
  ...['trigger', 'delete history', 'show create routine'],
])
/** And on the server: to see what there is and what runs. */
const SERVER_WIDE: readonly string[] = ['show databases', 'process']
/** What the server keeps for itself. */
const OWN_DATABASES: ReadonlySet<string> = new Set(['mysql', 'sys', 'information_schema', 'performance_schema'])

/** All that the admin account may hand on, in each database that people made. */
export async function everythingFor(session: MysqlAdminSession): Promise<readonly string[]> {
  const [databases = [], lines = []] = await session.query(['SHOW DATABASES', 'SHOW GRANTS'])
  const handed = lines.map((row) => String(Object.values(row)[0])).filter((line) => /WITH GRANT OPTION/i.test(line))
  const byObject = Map.groupBy(privilegesIn(handed), (one) => one.slice(one.lastIndexOf(' on ') + ' on '.length))
  const namesOf = (object: string) => (byObject.get(object) ?? []).map((one) => one.slice(0, one.lastIndexOf(' on ')))
  const everywhere = namesOf('*.*')
  const global = SERVER_WIDE.filter((name) => holds(everywhere, name))
  const names = databases.map((row) => String(Object.values(row)[0])).filter((name) => !OWN_DATABASES.has(name))
  return [
    ...(global.length > 0 ? [`GRANT ${global.join(', ')} ON *.*`] : []),
    ...names.flatMap((name) => {
      const pattern = databasePattern(name, session.literalNames)
      const held = [...everywhere, ...namesOf(`${plain(pattern)}.*`), ...namesOf(`${name.toLowerCase()}.*`)]
      const given = [...EVERYTHING].filter((one) => holds(held, one))
      return given.length > 0 ? [`GRANT ${given.join(', ').toUpperCase()} ON ${pattern}.*`] : []
    }),
  ]
}

/** ALL PRIVILEGES is printed where all of them are held; privileges that one kind of server lacks are then left out. */
function holds(held: readonly string[], privilege: string): boolean {
  if (held.includes(privilege)) return true
  return held.includes('all privileges') && privilege !== 'delete history' && privilege !== 'show create routine'
}
