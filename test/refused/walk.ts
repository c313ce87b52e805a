import { type Answer, quoted, type Scratch, type SessionState } from './scratch.ts'
import type { TestFile } from './suites.ts'

/** What reads or writes rows: the statements that are looked at. */
const DATA = /^\W*(?:select|with|table|values|insert|replace|update|delete)\b/i
/** What would end or change the server, wait, or reach beyond the scratch databases. */
const NEVER =
  /^\W*(?:shutdown|restart|kill|install|uninstall|change|start\s+(?:slave|replica|group|all)|stop|reset|purge|binlog|clone|flush|backup|import|lock\s+(?:instance|tables?\b.*\bmysql\.)|alter\s+(?:user|instance|server)|(?:create|drop|alter|rename)\s+(?:or\s+replace\s+)?(?:user|role|server|tablespace|undo|logfile|resource|spatial)|grant|revoke|load|xa|get\b|cache|help|set\s+(?:global|persist|persist_only|password|role|default|@@(?:global|persist))\b)/i
/** Of data statements too: such are described and not run. */
const NOT_RUN =
  /\b(?:sleep|benchmark|get_lock|master_pos_wait|source_pos_wait|master_gtid_wait|wait_for_executed_gtid_set|load_file|outfile|dumpfile)\b|@@(?:global|persist)|\bmysql\s*\.\s*(?:user|global_priv|db|tables_priv|columns_priv|proc|func|event|plugin|servers|roles_mapping)\b/i
const WRITES_SYSTEM =
  /^\W*(?:insert|replace|update|delete|alter|drop|create|truncate|rename|lock)\b.*\b(?:mysql|sys|performance_schema)\s*\.\s*\w/is
const DEFINES =
  /^\W*(?:create|alter|drop|rename|truncate|call|execute|prepare|begin|delimiter|analyze|optimize|repair|declare)\b/i
const UNCHANGING = /^\W*(?:insert|select|update|delete|show|explain|desc)\b/i
const FILE_MS = 40_000

/** One data statement that the server takes, before it is run. */
export interface Candidate {
  readonly sql: string
  readonly at: string
  readonly state: SessionState
  /** The session has made temporary tables, which no catalog shows. */
  readonly temporary: boolean
  /** How the server describes the result, where it can describe it beforehand. */
  readonly described: Answer
}

/** What to do once the statement was run; the answer is null where it can't be run here. */
export type Then = (answer: Answer | null) => Promise<void>
type Look = (candidate: Candidate) => Promise<Then | null>

/**
 * Runs a test of a suite statement by statement over one connection. `look` sees each data statement before it is run
 * and says what to do behind it.
 */
export async function walk(scratch: Scratch, file: TestFile, look: Look): Promise<void> {
  await scratch.reset()
  const until = performance.now() + FILE_MS
  let state = await scratch.state()
  let temporary = false
  for (const { sql, line } of file.steps ?? []) {
    if (performance.now() > until) return
    if (sql.includes('\uFFFD') || NEVER.test(sql) || WRITES_SYSTEM.test(sql)) continue
    if (DATA.test(sql) && state.charset.startsWith('utf8')) {
      const described = await scratch.describe(sql)
      const candidate = { sql, at: `${file.name}:${line}`, state, temporary, described }
      const then = await look(candidate)
      const answer = NOT_RUN.test(sql) ? null : await scratch.run(sql)
      await then?.(answer)
      if (isBroken(answer ?? described)) await scratch.reconnect()
      continue
    }
    if (NOT_RUN.test(sql)) continue
    const { error } = await scratch.run(sql)
    if (isBroken({ error })) await scratch.reconnect()
    if (DEFINES.test(sql)) scratch.definitionsChanged()
    temporary ||= /^\W*create\s+(?:or\s+replace\s+)?temporary/i.test(sql)
    const made =
      /^\W*create\s+(?:or\s+replace\s+)?(?:database|schema)\s+(?:if\s+not\s+exists\s+)?(`[^`]+`|[\w$]+)/i.exec(sql)
    if (made?.[1] !== undefined) await scratch.seenByReader(made[1].replaceAll('`', '')).catch(() => quoted(''))
    if (!UNCHANGING.test(sql)) state = await scratch.state().catch(() => state)
  }
}

function isBroken({ error }: Pick<Answer, 'error'>): boolean {
  return error !== null && (error.errno === 0 || error.errno === 2013 || error.errno === 2006)
}
