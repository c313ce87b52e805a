import type { AuditEvent } from '../../src/audit/event.ts'
import { datastoreActivity } from '../../src/audit/ocsf_classes.ts'
import { recordsOf, toOcsf } from '../../src/audit/project.ts'
import { activityOfKind, type StatementActivity, statementActivity } from '../../src/audit/statement_activity.ts'
import { accessEventOf, everyAccessEvent } from './access_events.ts'
import { alert, apiCall, completion, decision, EMERGENCY, everyEvent, PRODUCT, SESSION } from './events.ts'

/** The parts of docs/audit-events.md that are made from the same events that the tests validate. */

interface Shown {
  readonly class_uid: number
  readonly class_name: string
  readonly activity_id: number
  readonly activity_name: string
  readonly metadata: { readonly event_code: string }
}

const LOG = ['started', 'recovered', 'resumed', 'key_rotated', 'segment_deleted', 'broken'] as const
const BASE = { id: 'e-1', time: 1_000 }

const EXAMPLES: readonly (readonly [string, AuditEvent])[] = [
  [
    'A statement under break-glass, one of whose columns is masked: its decision',
    decision({
      session: EMERGENCY,
      activity: 'query',
      statement: { normalized: 'SELECT id, ssn FROM app.users WHERE id = $1', sha256: 'ab', bytes: 42, full: null },
      columns: [
        { schema: 'app', table: 'users', column: 'id', seen: 'clear' },
        { schema: 'app', table: 'users', column: 'ssn', seen: 'masked', mask: 'partial' },
      ],
    }),
  ],
  ['Its completion', completion()],
  ['A login', { ...BASE, kind: 'login', session: SESSION, grantEnd: 9_000 }],
  ['A request for access', accessEventOf('request.created')],
  ['A change of policy', accessEventOf('policy.changed')],
  ['A grant begins', accessEventOf('grant.activated')],
  ['Break-glass begins', accessEventOf('break_glass.started')],
  ['An account is made', accessEventOf('account.created')],
  ['A call of the admin API', apiCall()],
  ['A call that is refused', accessEventOf('api.refused')],
  ['An alert', alert()],
  ['The process starts', { ...BASE, kind: 'process', what: 'start' }],
]

export function pageParts(): Readonly<Record<string, string>> {
  return { activities: activities(), events: table(), examples: EXAMPLES.map(example).join('\n') }
}

function example([title, event]: (typeof EXAMPLES)[number]): string {
  const record = toOcsf(recordsOf(event, PRODUCT).at(-1)!)
  const { class_uid: uid, class_name: name } = record as unknown as Shown
  return `### ${title}\n\nClass ${uid}, ${name}.\n\n\`\`\`json\n${JSON.stringify(record, null, 1)}\n\`\`\`\n`
}

/** Which kinds of statement are which activity of class 6005. */
function activities(): string {
  const of = (kind: string, normalized: string, verbs: readonly string[] = [], schema = 'app') =>
    statementActivity({ kind, verbs, objects: [{ schema }], normalized })
  const shapes: readonly (readonly [string, StatementActivity])[] = [
    ['SELECT, FETCH, EXPLAIN, HANDLER', activityOfKind('select')],
    ['SELECT of catalogs alone, SHOW', of('select', '', [], 'pg_catalog')],
    ['COPY TO', of('copy', '', ['export'])],
    ['INSERT, MERGE, COPY FROM, LOAD DATA', activityOfKind('insert')],
    ['UPDATE', activityOfKind('update')],
    ['DELETE, TRUNCATE', activityOfKind('delete')],
    ['CREATE', of('ddl', 'CREATE TABLE x (y int)')],
    ['ALTER, RENAME', of('ddl', 'ALTER TABLE x ADD y int')],
    ['DROP', of('ddl', 'DROP TABLE x')],
    ['anything else: its kind, such as `set` or `begin`', activityOfKind('begin')],
  ]
  const rows = shapes.map(([what, activity]) => {
    const { id, name } = datastoreActivity(activity, 'its kind')
    return `| ${what} | ${id} ${name} |`
  })
  return ['| statement | activity of class 6005 |', '| --- | --- |', ...rows].join('\n')
}

function table(): string {
  const log: AuditEvent[] = LOG.map((what) => ({ ...BASE, kind: 'log', what, detail: {} }))
  const all = [...everyEvent(), ...everyAccessEvent(), ...log]
  const records = all.flatMap((event) => recordsOf(event, PRODUCT).map(toOcsf)) as unknown as Shown[]
  const rows = new Set(records.map(rowOf))
  rows.add('| `access.detail` | 3004 Entity Management | 99, a part of what does not fit in an event |')
  for (const code of ['db.statement.piece', 'db.statement.text']) {
    rows.add(`| \`${code}\` | 6005 Datastore Activity | 99, what does not fit in a decision |`)
  }
  return ['| `metadata.event_code` | class | activity |', '| --- | --- | --- |', ...[...rows].sort()].join('\n')
}

function rowOf({
  class_uid: uid,
  class_name: name,
  activity_id: id,
  activity_name: activity,
  metadata,
}: Shown): string {
  const code = metadata.event_code
  const known = code.startsWith('alert.') ? 'alert.<signal>' : code
  const isStatement = code === 'db.decision' || code === 'db.completion'
  const isCall = code === 'api.call'
  const done = isStatement ? 'as the statement' : isCall ? '1 to 4, as the method' : `${id} ${activity}`
  return `| \`${known}\` | ${uid} ${name} | ${done} |`
}
