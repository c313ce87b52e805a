import { quoteName } from '../sql/mysql/quoting.ts'
import type { MysqlAdminSession } from './mysql_accounts_admin.ts'
import { accountText, literal, type Named } from './mysql_accounts_sql.ts'

/** Views, routines, triggers and events remember who made them, and run with that account's rights. */
export interface OwnedObject {
  readonly kind: 'view' | 'procedure' | 'function' | 'trigger' | 'event'
  readonly schema: string
  readonly name: string
}

const DEFINED = [
  `SELECT 'view' AS k, TABLE_SCHEMA AS s, TABLE_NAME AS n, DEFINER AS d FROM information_schema.VIEWS`,
  `SELECT LOWER(ROUTINE_TYPE) AS k, ROUTINE_SCHEMA AS s, ROUTINE_NAME AS n, DEFINER AS d FROM information_schema.ROUTINES`,
  `SELECT 'trigger' AS k, TRIGGER_SCHEMA AS s, TRIGGER_NAME AS n, DEFINER AS d FROM information_schema.TRIGGERS`,
  `SELECT 'event' AS k, EVENT_SCHEMA AS s, EVENT_NAME AS n, DEFINER AS d FROM information_schema.EVENTS`,
]

/** What these accounts made and nobody has dropped, by `user@host`. */
export async function madeBy(
  session: MysqlAdminSession,
  accounts: readonly Named[],
): Promise<ReadonlyMap<string, readonly OwnedObject[]>> {
  if (accounts.length === 0) return new Map()
  const definers = accounts.map(({ user, host }) => literal(`${user}@${host}`)).join(', ')
  const [rows = []] = await session.query(
    DEFINED.map((select) => `${select} WHERE DEFINER IN (${definers})`).join(' UNION ALL '),
  )
  const made = new Map<string, OwnedObject[]>()
  for (const { k, s, n, d } of rows) {
    const list = made.get(String(d)) ?? []
    list.push({ kind: String(k) as OwnedObject['kind'], schema: String(s), name: String(n) })
    made.set(String(d), list)
  }
  return made
}

/**
 * Gives an object another definer, `user@host` or a name alone. Null where that is done, else why it can't be: MySQL has no
 * statement that changes the definer of a routine or a trigger, and to drop it first could lose it.
 */
export async function reown(
  session: MysqlAdminSession,
  from: Named,
  object: OwnedObject,
  owner: string,
): Promise<string | null> {
  const { kind, schema, name } = object
  const definer = ownerText(owner)
  const place = `${quoteName(schema)}.${quoteName(name)}`
  if (kind === 'event') {
    const [[row = {}] = []] = await session.query(
      `SELECT EVENT_COMMENT AS c FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${literal(schema)} AND EVENT_NAME = ${literal(name)}`,
    )
    // An ALTER has to change something: the comment that it has, all else stays.
    await session.query(`ALTER DEFINER = ${definer} EVENT ${place} COMMENT ${literal(String(row.c ?? ''))}`)
    return null
  }
  if (kind !== 'view' && !session.mariadb) {
    return `it is the definer of the ${kind} ${schema}.${name}: make that again under another definer`
  }
  return remake(session, from, object, definer)
}

/** As it was written: with the sql_mode that its text is in, and a view's text is always in that of no words. */
async function remake(session: MysqlAdminSession, from: Named, object: OwnedObject, definer: string) {
  const { kind, schema, name } = object
  if (kind === 'event') return null
  const show = `SHOW CREATE ${kind.toUpperCase()} ${quoteName(schema)}.${quoteName(name)}`
  try {
    await session.query([`USE ${quoteName(schema)}`, `SET SESSION sql_mode = ''`])
    const [[shown = {}] = []] = await session.query(show)
    const changed = withDefiner(String(shown[TEXT_COLUMN[kind]] ?? ''), kind, from, definer)
    if (changed === null) return `the definition of the ${kind} ${schema}.${name} is not shown to the admin account`
    if (kind !== 'view') await session.query(`SET SESSION sql_mode = ${literal(String(shown.sql_mode ?? ''))}`)
    await session.query(changed)
    return null
  } finally {
    await session.query(`SET SESSION sql_mode = ${session.sqlMode}`)
  }
}

const TEXT_COLUMN = {
  view: 'Create View',
  procedure: 'Create Procedure',
  function: 'Create Function',
  trigger: 'SQL Original Statement',
} as const

/** The server prints `CREATE [ALGORITHM=...] DEFINER=`user`@`host` ...`, in this form and order always. */
function withDefiner(text: string, kind: 'view' | 'procedure' | 'function' | 'trigger', from: Named, to: string) {
  const definer = `DEFINER=${accountText(from)} `
  const at = text.indexOf(definer)
  const head = text.slice(0, at)
  if (at < 0 || !/^CREATE (?:ALGORITHM=\w+ )?$/.test(head)) return null
  const verb = kind === 'view' ? head.replace('CREATE', 'ALTER') : 'CREATE OR REPLACE '
  return `${verb}DEFINER=${to} ${text.slice(at + definer.length)}`
}

function ownerText(owner: string): string {
  const at = owner.lastIndexOf('@')
  return at < 0
    ? accountText({ user: owner, host: '%' })
    : accountText({ user: owner.slice(0, at), host: owner.slice(at + 1) })
}
