import { hash } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import type { BoundParameters } from './bound_values.ts'
import type { AuditEvent } from './event.ts'
import { type Joined, JoinedFragments, joined } from './joined_fragments.ts'
import { piecesOf } from './long_text.ts'
import {
  ALLOWED,
  DATASTORE_ACTIVITY,
  DENIED,
  datastoreActivity,
  MODIFIED,
  other,
  type Verdict,
  verdictJson,
} from './ocsf_classes.ts'
import { headJson, type LongText, metadataJson, type OcsfRecord, type Product } from './ocsf_record.ts'
import { mayHoldSecret, redactSecrets } from './redact.ts'
import type { Sealer } from './seal.ts'
import { sessionFragment } from './session_fragment.ts'
import { activityOfKind } from './statement_activity.ts'

type Decision = Extract<AuditEvent, { readonly kind: 'decision' }>
/** Gives the sealer of the moment; absent where nothing can be sealed. */
export type SealerSource = (() => Sealer) | undefined
type Completion = Extract<AuditEvent, { readonly kind: 'completion' }>

/**
 * A record has at most 65,535 bytes (C2SP tlog-tiles, entries). JSON makes up to six bytes of a UTF-16 unit, so these
 * many units of text, and these many entries of lists, leave room for the rest.
 */
const TEXT_CHARS = 3000
const SEALED_CHARS = 1500
const PARAMETER_CHARS = 1000
const LIST_ITEMS = 32
const BYTES_PER_KIB = 1024
const TABLE = '"type_id":3,"type":"Table"'
const LIST_PIECE = other('Statement lists')
const TEXT_PIECE = other('Statement text')
const DATABASE = '"type_id":1,"type":"Database"'

/**
 * The decision; before it, in pieces that share its statement's uid, lists that do not fit in one record. Texts that do
 * not are with it, apart.
 */
export function decisionRecords(event: Decision, product: Product, sealer: SealerSource): readonly OcsfRecord[] {
  const fixed = fixedOf(event, sealer)
  const parameters = parametersOf(event, fixed.secret, sealer)
  const record = decisionRecord(event, fixed, parameters.json, product)
  const { lists } = fixed
  if (lists.length === 0 && fixed.texts.length === 0 && parameters.text === null) return [record]
  const texts = [...fixed.texts, ...(parameters.text === null ? [] : [parameters.text])]
  const all = lists.map((piece, index) => pieceRecord(event, piece, index, lists.length, product))
  all.push(texts.length === 0 ? record : { ...record, texts: texts.map((text) => longText(event, text, product)) })
  return all
}

/** Lists beyond what a record holds, as members of `unmapped.jit.piece`. */
function overflow({ columns, objects }: Decision): string[] {
  const pieces: string[] = []
  for (let from = LIST_ITEMS; from < columns.length; from += LIST_ITEMS) {
    pieces.push(`"columns":${JSON.stringify(columns.slice(from, from + LIST_ITEMS))}`)
  }
  for (let from = LIST_ITEMS; from < objects.length; from += LIST_ITEMS) {
    pieces.push(`"objects":${JSON.stringify(objects.slice(from, from + LIST_ITEMS))}`)
  }
  return pieces
}

function pieceRecord(event: Decision, piece: string, index: number, count: number, product: Product): OcsfRecord {
  const facts = sessionFragment(event.session)
  const head = headJson({ class: DATASTORE_ACTIVITY, activity: LIST_PIECE, severity: 1, time: event.time, ok: true })
  return {
    body: `{${head},${facts.actor},${facts.endpoints},${facts.database},${DATABASE},"unmapped":{"jit":{"statement_id":"${event.statementId}","piece":{"index":${index},"count":${count},${piece}}`,
    metadata: `${metadataJson(`${event.id}#${index}`, 'db.statement.piece', product, false)},${facts.metadata}`,
  }
}

/** A text in records of its own, under its hash: who sent it first in the segment stands in them. */
function longText(event: Decision, { of, key, text, sealer }: TextApart, product: Product): LongText {
  const records = () => {
    const facts = sessionFragment(event.session)
    const head = headJson({ class: DATASTORE_ACTIVITY, activity: TEXT_PIECE, severity: 1, time: event.time, ok: true })
    const name = key === null ? 'null' : `"${key}"`
    return piecesOf(text, sealer).map((piece, index, all) => ({
      body:
        `{${head},${facts.who},${facts.database},${DATABASE},"unmapped":{"jit":{"statement_id":"${event.statementId}",` +
        `"text":{"of":"${of}","sha256":${name},"index":${index},"count":${all.length},${piece}}`,
      metadata: `${metadataJson(`${event.id}#${of}-${index}`, 'db.statement.text', product, false)},${facts.metadata}`,
    }))
  }
  return { key: key === null ? null : `${of} ${key}`, records }
}

function decisionRecord(event: Decision, fixed: Fixed, parameters: string, product: Product): OcsfRecord {
  const denied = event.effect === 'deny'
  const head = headJson({
    class: DATASTORE_ACTIVITY,
    activity: datastoreActivity(event.activity ?? activityOfKind(event.statementKind), event.statementKind),
    severity: denied ? 2 : 1,
    time: event.time,
    ok: !denied,
  })
  const { body, metadata } = fixed.joined.of(event.session, product, () => joinedDecision(event, fixed, product))
  return {
    body: `{${head}${body[0]}${event.statementId}${body[1]}${event.statementId}${body[2]}${parameters}`,
    metadata: `${metadata[0]}${event.id}${metadata[1]}`,
  }
}

function joinedDecision({ session }: Decision, fixed: Fixed, product: Product): Joined {
  const facts = sessionFragment(session)
  const body = [
    `${fixed.outcome},${facts.actor},${facts.endpoints},${facts.database},${fixed.table}${facts.enrichments},"query_info":{"uid":"`,
    `",${fixed.query},"unmapped":{"jit":{${facts.jit},${fixed.decision},"statement":{"id":"`,
    `",${fixed.statement}`,
  ]
  return joined(body, 'db.decision', product, true, `,${facts.metadata}${fixed.truncation}`)
}

/** The parts of a decision that are the same each time that a statement runs under the same verdict, as JSON text. */
interface Fixed {
  /** Without what belongs to one execution. */
  readonly of: Omit<Decision, 'parameters' | 'text'>
  /** `,"status_code":..,"message":..` and the verdict. */
  readonly outcome: string
  readonly table: string
  /** The rest of `query_info`, and `policy`. */
  readonly query: string
  readonly decision: string
  /** The rest of `statement`, and what follows it. */
  readonly statement: string
  readonly truncation: string
  readonly lists: readonly string[]
  readonly texts: readonly TextApart[]
  /** With those of the session. */
  readonly joined: JoinedFragments
  /** It could carry a password: neither do its parameters appear. */
  readonly secret: boolean
}

/** A text that goes before its decision, by its hash; `sealer` is null where it stands in clear. */
interface TextApart {
  readonly of: 'statement' | 'sealed_statement' | 'parameters'
  readonly key: string | null
  readonly text: string
  readonly sealer: Sealer | null
}

/** By the list of objects, which the same statement always brings along; making these texts was 5 % of a point query. */
const known = new WeakMap<Decision['objects'], Fixed>()

function fixedOf(event: Decision, sealer: SealerSource): Fixed {
  const last = known.get(event.objects)
  if (last !== undefined && isAlike(last.of, event)) return last
  const made = makeFixed(event, sealer)
  known.set(event.objects, made)
  return made
}

function isAlike(a: Fixed['of'], b: Decision): boolean {
  return (
    a.columns === b.columns &&
    a.digests === b.digests &&
    a.effect === b.effect &&
    a.code === b.code &&
    a.rule === b.rule &&
    a.reason === b.reason &&
    a.verbs === b.verbs &&
    a.statementKind === b.statementKind &&
    a.session.role === b.session.role &&
    a.statement.sha256 === b.statement.sha256 &&
    a.statement.full === b.statement.full &&
    a.statement.sealed === b.statement.sealed &&
    a.statement.normalized === b.statement.normalized
  )
}

function makeFixed(event: Decision, sealer: SealerSource): Fixed {
  const { parameters: _values, text: _recorded, ...of } = event
  const { statement } = event
  const code = event.code === null ? '' : `,"status_code":"${event.code}"`
  const secret = mayHoldSecret(statement.full ?? statement.normalized)
  const full = statement.full === null ? null : redactSecrets(statement.full)
  const query = statement.sealed || full === null ? redactSecrets(statement.normalized) : full
  const shown = query.length > TEXT_CHARS ? query.slice(0, TEXT_CHARS) : query
  const lists = overflow(event)
  const texts = textsOf(query, full, statement.sealed ? sealerOf(sealer) : null)
  return {
    of,
    outcome: `${code},"message":${JSON.stringify(event.reason)},${verdictJson(verdictOf(event))}`,
    table: tableJson(event),
    query:
      `"query_string":${JSON.stringify(shown)}},"policy":{"uid":${JSON.stringify(event.session.role ?? '(none)')},` +
      `"version":"${event.digests.role}","is_applied":true}`,
    decision: `"record":"decision","decision":{"effect":"${event.effect}","rule":${JSON.stringify(event.rule)},"code":${JSON.stringify(event.code)}}`,
    statement: statementJson(event, secret, lists.length, texts.json),
    truncation: lists.length > 0 || texts.apart.length > 0 ? truncation(query) : '',
    lists,
    texts: texts.apart,
    joined: new JoinedFragments(),
    secret,
  }
}

/** Members of `statement` for what the query string does not say, and the texts that they refer to. */
function textsOf(query: string, full: string | null, sealer: Sealer | null): { json: string; apart: TextApart[] } {
  const apart: TextApart[] = []
  let json = ''
  const refer = (of: 'statement' | 'sealed_statement', text: string, by: Sealer | null): string => {
    const key = hash('sha256', text, 'hex')
    apart.push({ of, key, text, sealer: by })
    return `{"sha256":"${key}","chars":${text.length}}`
  }
  if (query.length > TEXT_CHARS) json += `,"text":${refer('statement', query, null)}`
  if (sealer === null || full === null) return { json, apart }
  json +=
    full.length > SEALED_CHARS
      ? `,"sealed_text":${refer('sealed_statement', full, sealer)}`
      : `,"sealed":"${sealer.sealText(full)}"`
  return { json, apart }
}

const NO_PARAMETERS = { json: '', text: null }
const counted = new WeakMap<BoundParameters, { readonly json: string; readonly text: null }>()

/** What the execution was given, as far as the statement's text itself is kept. */
function parametersOf(
  { parameters, statement }: Decision,
  secret: boolean,
  sealer: SealerSource,
): { readonly json: string; readonly text: TextApart | null } {
  if (parameters === undefined) return NO_PARAMETERS
  const known = parameters.values === null ? counted.get(parameters) : undefined
  if (known !== undefined) return known
  const { count, types, rows, values, rest } = parameters
  const begin = `,"parameters":{"count":${count},"types":${JSON.stringify(types)}${rows === undefined ? '' : `,"rows":${rows}`}`
  if (values === null || statement.full === null) {
    const made = { json: `${begin}}`, text: null }
    if (values === null) counted.set(parameters, made)
    return made
  }
  if (secret) return { json: `${begin},"withheld":"may hold a secret"}`, text: null }
  const by = statement.sealed ? sealerOf(sealer) : null
  const text = JSON.stringify(rest === undefined ? { values } : { values, rest })
  if (text.length > PARAMETER_CHARS) {
    const apart = { of: 'parameters', key: null, text, sealer: by } as const
    return { json: `${begin},"text":{"chars":${text.length}}}`, text: apart }
  }
  return { json: by === null ? `${begin},${text.slice(1)}` : `${begin},"sealed":"${by.sealText(text)}"}`, text: null }
}

/** What is to be sealed is never written in clear instead. */
function sealerOf(source: SealerSource): Sealer {
  if (source === undefined) throw new SallyportError('SP-AUDIT', 'there is no key to seal the statement to')
  return source()
}

/** OCSF counts in kilobytes. */
function truncation(query: string): string {
  return `,"is_truncated":true,"untruncated_size":${Math.ceil(query.length / BYTES_PER_KIB)}`
}

function verdictOf(event: Decision): Verdict {
  if (event.effect === 'deny') return DENIED
  return event.columns.some(({ seen }) => seen === 'masked' || seen === 'computed_masked') ? MODIFIED : ALLOWED
}

function tableJson(event: Decision): string {
  const [first] = event.objects
  return first === undefined ? DATABASE : `"table":{"name":${JSON.stringify(`${first.schema}.${first.name}`)}},${TABLE}`
}

function statementJson(event: Decision, secret: boolean, pieces: number, texts: string): string {
  const { statement, digests } = event
  const capture = statement.sealed ? 'sealed' : statement.full === null ? 'normalized' : 'full'
  return (
    `"kind":"${event.statementKind}","verbs":${JSON.stringify(event.verbs)},` +
    `"capture":"${capture}","sha256":${secret ? 'null' : `"${statement.sha256}"`},` +
    `"bytes":${statement.bytes},"pieces":${pieces}${texts}},` +
    `"objects":${JSON.stringify(event.objects.slice(0, LIST_ITEMS))},"columns":${JSON.stringify(event.columns.slice(0, LIST_ITEMS))},` +
    `"digests":{"config":"${digests.config}","role":"${digests.role}","masking":"${digests.masking}","catalog":"${digests.catalog}"}`
  )
}

/**
 * How a statement ended. Who, from where and under which grant stands in full in the decision of the same uid, and here
 * only as far as the schema demands it or a search for a person needs it: this line is written for every statement.
 * `query_string` is demanded by the schema too.
 */
export function completionRecord(event: Completion, product: Product): OcsfRecord {
  const ok = event.outcome === 'ok'
  const head = headJson({
    class: DATASTORE_ACTIVITY,
    activity: datastoreActivity(event.activity ?? activityOfKind(event.statementKind), event.statementKind),
    severity: 1,
    time: event.time,
    ok,
  })
  const status = event.status === null ? '' : `,"status_code":${JSON.stringify(event.status)}`
  const { body, metadata } = COMPLETIONS.of(event.session, product, () => joinedCompletion(event, product))
  return {
    body:
      `{${head}${status}${body[0]}${event.statementId}${body[1]}${event.bytes}${body[2]}${event.statementId}` +
      `","kind":"${event.statementKind}"},"outcome":"${event.outcome}","rows":{"returned":${event.rows},"withheld":${event.rowsWithheld}},"duration_ms":${event.durationMs}`,
    metadata: `${metadata[0]}${event.id}${metadata[1]}`,
  }
}

const COMPLETIONS = new JoinedFragments()

function joinedCompletion({ session }: Completion, product: Product): Joined {
  const facts = sessionFragment(session)
  const body = [
    `,${facts.who},${facts.database},${DATABASE},"query_info":{"uid":"`,
    '","query_string":"(in the decision of this uid)","bytes":',
    '},"unmapped":{"jit":{"record":"completion","statement":{"id":"',
  ]
  return joined(body, 'db.completion', product, false, `,${facts.metadata}`)
}
