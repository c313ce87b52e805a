/**
 * A record of the log as columns: what each is made of, and what it means. The same columns stand in the Parquet files,
 * so a change here needs a new `COLUMNS_VERSION`, after which the files are made again.
 */

export const COLUMNS_VERSION = 1

export interface Column {
  readonly name: string
  readonly type: string
  /** Over `r`, a record that `json_transform` took apart by `RECORD_SHAPE`. */
  readonly from: string
  readonly about: string
}

const USER = { uid: 'VARCHAR', name: 'VARCHAR', email_addr: 'VARCHAR', org: { name: 'VARCHAR' } }
const ACTOR = { user: USER, session: { uid: 'VARCHAR', issuer: 'VARCHAR' }, app_name: 'VARCHAR' }
const PLACE = { svc_name: 'VARCHAR', ip: 'VARCHAR' }
const COLUMNS_READ = [{ schema: 'VARCHAR', table: 'VARCHAR', column: 'VARCHAR', seen: 'VARCHAR', lifted: 'BOOLEAN' }]
const OBJECTS = [{ schema: 'VARCHAR', name: 'VARCHAR', access: 'VARCHAR' }]

const JIT = {
  chain: { chain_uid: 'VARCHAR', seq: 'BIGINT' },
  record: 'VARCHAR',
  decision: { effect: 'VARCHAR', rule: 'VARCHAR', code: 'VARCHAR' },
  statement: { id: 'VARCHAR', kind: 'VARCHAR', verbs: ['VARCHAR'], sha256: 'VARCHAR', text: { sha256: 'VARCHAR' } },
  statement_id: 'VARCHAR',
  text: { of: 'VARCHAR', sha256: 'VARCHAR', index: 'BIGINT', text: 'VARCHAR' },
  piece: { index: 'BIGINT', columns: COLUMNS_READ, objects: OBJECTS },
  objects: OBJECTS,
  columns: COLUMNS_READ,
  outcome: 'VARCHAR',
  rows: { returned: 'BIGINT', withheld: 'BIGINT' },
  duration_ms: 'DOUBLE',
  target: 'VARCHAR',
  role: 'VARCHAR',
  grant_id: 'VARCHAR',
  request_id: 'VARCHAR',
  reason: 'VARCHAR',
  ticket: 'VARCHAR',
  incident: 'JSON',
  person: USER,
  db_user: 'VARCHAR',
  detail: 'JSON',
}

/** Texts in the shape that `json_transform` takes; what a record lacks, or has in another type, is NULL. */
export const RECORD_SHAPE = JSON.stringify({
  time: 'BIGINT',
  class_name: 'VARCHAR',
  severity_id: 'INTEGER',
  status: 'VARCHAR',
  status_code: 'VARCHAR',
  status_detail: 'VARCHAR',
  message: 'VARCHAR',
  actor: ACTOR,
  user: USER,
  api: { operation: 'VARCHAR' },
  finding_info: { uid: 'VARCHAR' },
  src_endpoint: PLACE,
  dst_endpoint: PLACE,
  database: { name: 'VARCHAR', uid: 'VARCHAR' },
  query_info: { uid: 'VARCHAR', query_string: 'VARCHAR', bytes: 'BIGINT' },
  entity: { uid: 'VARCHAR', type: 'VARCHAR' },
  evidences: [{ actor: ACTOR, src_endpoint: PLACE, dst_endpoint: PLACE, database: { name: 'VARCHAR' } }],
  metadata: { uid: 'VARCHAR', event_code: 'VARCHAR', sequence: 'BIGINT' },
  unmapped: { jit: JIT },
})

const JIT_OF = 'r.unmapped.jit'
const ACTOR_OF = 'coalesce(r.actor, r.evidences[1].actor)'
const ORG = 'user.org.name'

function named(schema: string, ...parts: readonly string[]): string {
  return `concat_ws('.', nullif(${schema}, ''), ${parts.join(', ')})`
}

function seen(kept: string): string {
  const wanted = `list_filter(coalesce(${JIT_OF}.columns, ${JIT_OF}.piece.columns, []), lambda c: ${kept})`
  return `list_transform(${wanted}, lambda c: ${named('c."schema"', 'c."table"', 'c."column"')})`
}

function tables(kept: string): string {
  const wanted = `list_filter(coalesce(${JIT_OF}.objects, ${JIT_OF}.piece.objects, []), lambda o: ${kept})`
  return `list_distinct(list_transform(${wanted}, lambda o: ${named('o."schema"', 'o."name"')}))`
}

/** A provider and its id, however the record writes them: an object, or two words. */
const INCIDENT =
  `coalesce(json_extract_string(${JIT_OF}.incident, '$.provider') || ':' || json_extract_string(${JIT_OF}.incident, '$.id'), ` +
  `regexp_replace(json_extract_string(${JIT_OF}.incident, '$'), ' ', ':'))`
const NO_TARGET = "'(none)'"

export const RECORD_COLUMNS: readonly Column[] = [
  column(
    'sequence',
    'BIGINT',
    `coalesce(${JIT_OF}.chain.seq, r.metadata.sequence)`,
    'The number of the line in its log.',
  ),
  column('writer', 'VARCHAR', `${JIT_OF}.chain.chain_uid`, 'The node that wrote it.'),
  column('time', 'TIMESTAMP', 'make_timestamp_ms(r.time)', 'When it happened, UTC.'),
  column('uid', 'VARCHAR', 'r.metadata.uid', 'The id of the event.'),
  column('class', 'VARCHAR', 'r.class_name', 'The OCSF class.'),
  column('event', 'VARCHAR', 'r.metadata.event_code', 'What happened: `db.decision`, `grant.revoked`...'),
  column('severity', 'INTEGER', 'r.severity_id', 'OCSF: 1 informational, 2 low, 3 medium, 4 high, 5 critical.'),
  column('status', 'VARCHAR', 'r.status', 'Whether it succeeded.'),
  column('message', 'VARCHAR', 'r.message', 'What the record says; of a decision, its reason.'),
  column('person', 'VARCHAR', `${ACTOR_OF}.user.uid`, 'Who: the subject at the identity provider.'),
  column('email', 'VARCHAR', `${ACTOR_OF}.user.email_addr`, 'Their address.'),
  column('name', 'VARCHAR', `${ACTOR_OF}.user.name`, 'Their name; where nobody is known, the name that was claimed.'),
  column('issuer', 'VARCHAR', `coalesce(${ACTOR_OF}.session.issuer, ${ACTOR_OF}.${ORG})`, 'Their identity provider.'),
  column('about', 'VARCHAR', `${JIT_OF}.person.uid`, 'Whom it concerns, where that is another: their subject.'),
  column('about_email', 'VARCHAR', `${JIT_OF}.person.email_addr`, 'The address of whom it concerns.'),
  column('session', 'VARCHAR', `${ACTOR_OF}.session.uid`, 'The session with the database.'),
  column(
    'target',
    'VARCHAR',
    `coalesce(${JIT_OF}.target, nullif(coalesce(r.dst_endpoint.svc_name, r.database.uid, r.evidences[1].dst_endpoint.svc_name), ${NO_TARGET}))`,
    'The target.',
  ),
  column(
    'database',
    'VARCHAR',
    'coalesce(r.database.name, r.evidences[1].database.name)',
    'The database of the session.',
  ),
  column('role', 'VARCHAR', `${JIT_OF}.role`, 'The role.'),
  column('grant_id', 'VARCHAR', `${JIT_OF}.grant_id`, 'The grant.'),
  column('request_id', 'VARCHAR', `${JIT_OF}.request_id`, 'The request.'),
  column('incident', 'VARCHAR', INCIDENT, 'The incident, `provider:id`.'),
  column('reason', 'VARCHAR', `${JIT_OF}.reason`, 'The reason that was given.'),
  column('ticket', 'VARCHAR', `${JIT_OF}.ticket`, 'The ticket that was given.'),
  column('statement_id', 'VARCHAR', `coalesce(${JIT_OF}.statement.id, ${JIT_OF}.statement_id)`, 'The statement.'),
  column('kind', 'VARCHAR', `${JIT_OF}.statement.kind`, 'The kind of statement: `select`, `delete`...'),
  column(
    'verbs',
    'VARCHAR[]',
    `coalesce(${JIT_OF}.statement.verbs, [])`,
    'What it needs: `read`, `delete`, `export`...',
  ),
  column('statement', 'VARCHAR', statementText(), 'Its text as captured.'),
  column('sha256', 'VARCHAR', `${JIT_OF}.statement.sha256`, 'SHA-256 of the text as sent.'),
  column('decision', 'VARCHAR', `${JIT_OF}.decision.effect`, '`allow` or `deny`.'),
  column('rule', 'VARCHAR', `${JIT_OF}.decision.rule`, 'The rule that decided.'),
  column(
    'code',
    'VARCHAR',
    `coalesce(${JIT_OF}.decision.code, CASE WHEN starts_with(r.status_code, 'SP-') THEN r.status_code END)`,
    'The code of a refusal.',
  ),
  column('application', 'VARCHAR', `${ACTOR_OF}.app_name`, 'The program, as the client claims.'),
  column(
    'client_ip',
    'VARCHAR',
    'coalesce(r.src_endpoint.ip, r.evidences[1].src_endpoint.ip)',
    "The client's address.",
  ),
  column('db_user', 'VARCHAR', `${JIT_OF}.db_user`, 'The account in the database.'),
  column('tables', 'VARCHAR[]', tables('true'), 'Tables that it touches, `schema.table`.'),
  column('written_tables', 'VARCHAR[]', tables("o.access = 'target'"), 'Those of them that it changes.'),
  column('clear', 'VARCHAR[]', seen("c.seen = 'clear'"), 'Columns that were read in clear, `schema.table.column`.'),
  column(
    'lifted',
    'VARCHAR[]',
    seen("c.seen = 'clear' AND c.lifted"),
    'Those of them that the policy masks for others.',
  ),
  column(
    'masked',
    'VARCHAR[]',
    seen("c.seen IN ('masked', 'computed_masked')"),
    'Columns that were read masked, or computed from masks.',
  ),
  column('written', 'VARCHAR[]', seen("c.seen = 'written'"), 'Columns that were written.'),
  column(
    'entity_type',
    'VARCHAR',
    "coalesce(r.entity.type, CASE WHEN r.api IS NOT NULL THEN 'api' WHEN r.finding_info IS NOT NULL THEN 'finding' END)",
    'What it happened to: `grant`, `request`, `policy`...',
  ),
  column(
    'entity',
    'VARCHAR',
    'coalesce(r.entity.uid, r.api.operation, r.finding_info.uid, r.user.uid)',
    'The id of that.',
  ),
  column('detail', 'VARCHAR', `coalesce(${JIT_OF}.detail::VARCHAR, r.status_detail)`, 'What else belongs to it, JSON.'),
  column('outcome', 'VARCHAR', `${JIT_OF}.outcome`, 'How a statement ended: `ok`, `error`, `cancelled`, `withheld`.'),
  column(
    'error',
    'VARCHAR',
    `CASE WHEN ${JIT_OF}.outcome IS NOT NULL THEN r.status_code END`,
    'SQLSTATE or errno of a statement that failed.',
  ),
  column('rows', 'BIGINT', `${JIT_OF}.rows.returned`, 'Rows that went to the client, or were changed.'),
  column('rows_withheld', 'BIGINT', `${JIT_OF}.rows.withheld`, 'Rows that were held back.'),
  column(
    'bytes',
    'BIGINT',
    `CASE WHEN ${JIT_OF}.outcome IS NOT NULL THEN r.query_info.bytes END`,
    'Bytes that went to the client.',
  ),
  column('duration_ms', 'DOUBLE', `${JIT_OF}.duration_ms`, 'How long the statement took.'),
]

/** What joins the pieces of a long statement to its decision; entries have them joined. */
export const JOINING_COLUMNS: readonly Column[] = [
  column('piece', 'BIGINT', `coalesce(${JIT_OF}.piece.index, ${JIT_OF}.text.index)`, 'Which piece it is.'),
  column(
    'text_key',
    'VARCHAR',
    `coalesce(${JIT_OF}.statement.text.sha256, CASE WHEN ${JIT_OF}.text.of = 'statement' THEN ${JIT_OF}.text.sha256 END)`,
    'The hash of a text that is kept apart.',
  ),
]

function statementText(): string {
  const shown =
    "CASE WHEN r.query_info.query_string = '(in the decision of this uid)' THEN NULL ELSE r.query_info.query_string END"
  return `coalesce(${JIT_OF}.text.text, ${shown})`
}

function column(name: string, type: string, from: string, about: string): Column {
  return { name, type, from, about }
}
