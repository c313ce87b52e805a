import type mysql from 'mysql2/promise'
import { SallyportError } from '../../../src/errors.ts'
import { decide } from '../../../src/policy/decide.ts'
import type { ColumnMask } from '../../../src/policy/masking_policy.ts'
import type { Role } from '../../../src/policy/role.ts'
import type { Catalog, Relation } from '../../../src/sql/catalog.ts'
import type { StatementFacts } from '../../../src/sql/facts.ts'
import { analyzeMysql } from '../../../src/sql/mysql/analyze.ts'
import { rewriteMysql } from '../../../src/sql/mysql/rewrite.ts'
import { readMysqlCatalog } from '../../../src/upstream/mysql_catalog.ts'
import { inputOf, roleOf } from '../../policy/build.ts'
import type { DatabaseServer } from '../../servers/process.ts'
import { liveTarget } from '../../upstream/target.ts'

/** What a statement becomes under a role, run by the server itself: nothing is scrubbed as the proxy would. */
export interface Judged {
  readonly code: string | null
  readonly sql: string
  /** Output fields whose values the wire masks. */
  readonly masked: readonly number[]
}

export interface Judge {
  readonly catalog: Catalog
  readonly judge: (text: string, role: Partial<Role>, masks: readonly ColumnMask[]) => Judged
}

export async function createJudge(server: DatabaseServer, defaultDatabase: string): Promise<Judge> {
  return judgeOf(await readMysqlCatalog(liveTarget('mysql', server)), defaultDatabase)
}

/** `limited`: for an account that holds the privileges of its grant alone. */
export function judgeOf(catalog: Catalog, defaultDatabase: string, limited = false): Judge {
  return { catalog, judge: (text, role, masks) => judged({ catalog, defaultDatabase, limited }, text, role, masks) }
}

interface Place {
  readonly catalog: Catalog
  readonly defaultDatabase: string
  readonly limited: boolean
}

function judged(
  { catalog, defaultDatabase, limited }: Place,
  text: string,
  role: Partial<Role>,
  masks: readonly ColumnMask[],
): Judged {
  const context = { catalog, searchPath: [], defaultDatabase, sqlMode: catalog.sqlMode }
  const facts = analyzeMysql(text, context)
  const viewFacts = ({ definition }: Relation): StatementFacts | null =>
    definition === null ? null : (analyzeMysql(definition, { ...context, sqlMode: new Set() }).statements[0] ?? null)
  const given = inputOf({ relations: [], statements: facts.statements, dialect: catalog.dialect, role, masks })
  const decision = decide({ ...given, catalog, viewFacts, role: roleOf(role), limited })
  if (decision.effect === 'deny') return { code: `${decision.code}: ${decision.reason}`, sql: '', masked: [] }
  const masked = (decision.plans[0]?.fields ?? []).flatMap(({ mask }, index) => (mask ? [index] : []))
  try {
    const plans = decision.plans.map(({ substitutions }) => substitutions)
    return { code: null, sql: rewriteMysql(facts, plans, context), masked }
  } catch (error) {
    if (!(error instanceof SallyportError)) throw error
    return { code: `${error.code}: ${error.detail}`, sql: '', masked: [] }
  }
}

/** Rows in the order in which they came, the wire's masks applied as a constant, or the number of the error. */
export async function run(connection: mysql.Connection, { code, sql, masked }: Judged): Promise<unknown> {
  if (code !== null) return code
  try {
    const [answer] = await connection.query<mysql.RowDataPacket[]>({ sql, rowsAsArray: true })
    if (!Array.isArray(answer)) return [(answer as mysql.ResultSetHeader).info.replace(/Changed: \d+/, '')]
    return answer.map((row: unknown) =>
      (row as unknown[]).map((cell, index) => (masked.includes(index) ? '*' : String(cell))),
    )
  } catch (error) {
    return (error as { errno?: number }).errno ?? String(error)
  }
}
