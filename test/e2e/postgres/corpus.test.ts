import { afterAll, beforeAll, describe, it } from 'vitest'
import type { ServerMessage } from '../../../src/wire/postgres/server.ts'
import { type Case, type CaseStep, undone } from '../../corpus/postgres/case.ts'
import { NAMES } from '../../corpus/postgres/names.ts'
import { READING } from '../../corpus/postgres/reading.ts'
import { SESSION } from '../../corpus/postgres/session.ts'
import { WRITING } from '../../corpus/postgres/writing.ts'
import type { YardRole } from '../../corpus/postgres/yard.ts'
import { randomStatements, randomWrites } from '../../fuzz/postgres_statements.ts'
import { describeWithPostgres15 } from '../../servers/availability.ts'
import { answerAlike, describeCases, describeClasses, type RandomRun } from '../corpus.ts'
import { nameOf, startTwins, type Transcript, type Twins } from './twins.ts'

type Answer = Transcript[number]

/** The project's own corpus against twins that differ in hidden values alone: no answer may differ. */

const CORPUS: readonly Case[] = [...READING, ...NAMES, ...WRITING, ...SESSION]
const FUZZ_SEED = 20_250_101
const FUZZ_RUNS = 60
const TIMEOUT = 'SET LOCAL statement_timeout = 3000'
const LEFT_BEHIND = [
  'TABLE yard.drafts',
  'SELECT id, label FROM yard.accounts',
  'SELECT id, title FROM yard.memos',
  'SELECT id, depth FROM yard.slips',
]
const RANDOM: RandomRun<CaseStep, YardRole, Answer> = {
  count: FUZZ_RUNS,
  late: /^57014$/,
  unordered: (messages) => withoutOrder(messages),
  errorOf: (messages) => stateOf(messages),
}
/** Classes that the corpus has to have, so that none gets lost. */
const CLASSES =
  'activity aggregate alias allow catalog cte cursor direct dynamic_sql encoding error_message explain export expression extended function function_wrap generated guc inference inheritance join json lateral laundering lexical matview notice notify page_read prepare returning role scope search_path set_op star statistics subquery timing transaction view whole_row write'

describe('the corpus', () => describeClasses(CORPUS, CLASSES))
describe('on PostgreSQL 18', () => corpusOn(18))
describeWithPostgres15('on PostgreSQL 15', () => corpusOn(15))

function corpusOn(version: 15 | 18): void {
  let twins: Twins
  beforeAll(async () => {
    twins = await startTwins(version)
  })
  afterAll(() => twins?.stop())

  describeCases<CaseStep, YardRole, Answer>(CORPUS, () => twins, {
    nameOf,
    errorOf: stateOf,
    refusal: /^(42501|0A000|42704|42883|42P01)$/,
    content,
  })

  it('answers random queries alike', async () => {
    const statements = randomStatements(FUZZ_SEED)
    await answerAlike(twins, 'reader', () => undone(TIMEOUT, statements.next().value), RANDOM)
  })

  it('answers random writes alike, and leaves the same behind', async () => {
    const statements = randomWrites(FUZZ_SEED)
    await answerAlike(twins, 'writer', () => undone(TIMEOUT, statements.next().value, ...LEFT_BEHIND), RANDOM)
  })
}

function withoutOrder(messages: readonly ServerMessage[] | null): unknown {
  const rows = messages?.flatMap((message) => (message.kind === 'dataRow' ? [String(message.body)] : []))
  return [rows?.sort(), messages?.filter(({ kind }) => kind !== 'dataRow')]
}

/** SQLSTATE of a step's last error, null where it had none. */
function stateOf(messages: Answer): string | null {
  const error = messages?.findLast((message) => message.kind === 'errorResponse')
  return error?.kind === 'errorResponse' ? (error.fields.find(([field]) => field === 'C')?.[1] ?? '') : null
}

/** Where a column comes from is not said of what was substituted; all else is as when nothing is hidden. */
function content(messages: readonly ServerMessage[] | null): unknown {
  return messages?.flatMap((message): readonly unknown[] => {
    if (message.kind === 'noticeResponse') return []
    if (message.kind !== 'rowDescription') return [message]
    return [message.fields.map(({ name, typeOid }) => ({ name, typeOid }))]
  })
}
