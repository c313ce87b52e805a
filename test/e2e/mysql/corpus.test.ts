import { afterAll, beforeAll, describe, it } from 'vitest'
import { decodeColumn } from '../../../src/wire/mysql/column.ts'
import { decodeErr, decodeOk } from '../../../src/wire/mysql/outcome.ts'
import { ALLOWED } from '../../corpus/mysql/allowed.ts'
import { type Case, type CaseStep, undone } from '../../corpus/mysql/case.ts'
import { CHANNELS } from '../../corpus/mysql/channels.ts'
import { EXPRESSIONS } from '../../corpus/mysql/expressions.ts'
import { LEXICAL } from '../../corpus/mysql/lexical.ts'
import { READING } from '../../corpus/mysql/reading.ts'
import { SEQUENCES, SESSION } from '../../corpus/mysql/session.ts'
import { SETTINGS } from '../../corpus/mysql/settings.ts'
import { WRITING } from '../../corpus/mysql/writing.ts'
import type { YardRole } from '../../corpus/mysql/yard.ts'
import { randomStatements, randomWrites } from '../../fuzz/mysql_statements.ts'
import { answerAlike, describeCases, describeClasses, type RandomRun } from '../corpus.ts'
import { FAMILIES } from './families.ts'
import { MODERN } from './raw.ts'
import { type Answer, nameOf, startTwins, type Twins } from './twins.ts'

/** The project's own corpus against twins that differ in hidden values alone: no answer may differ. */

const CORPUS: readonly Case[] = [
  ...READING,
  ...EXPRESSIONS,
  ...LEXICAL,
  ...CHANNELS,
  ...WRITING,
  ...SESSION,
  ...SEQUENCES,
  ...SETTINGS,
  ...ALLOWED,
]
const ERR = '\u00ff'
const END = '\u00fe'
/** How each definition of a column begins. */
const COLUMN = '\u0003def'
const FUZZ_SEED = 20_250_101
const LEFT_BEHIND = [
  'SELECT * FROM drafts',
  'SELECT id, label FROM accounts',
  'SELECT id, title FROM memos',
  'SELECT id, depth FROM slips',
]
const TIME = { MySQL: 'SET max_execution_time = 3000', MariaDB: 'SET max_statement_time = 3' }
const FUZZ_RUNS = 40
const RANDOM: RandomRun<CaseStep, YardRole, Answer> = {
  count: FUZZ_RUNS,
  late: /error (1969|3024|1317)|interrupted|max_statement_time|maximum statement/,
  unordered: (packets) => packets?.toSorted(),
  errorOf: (packets) => errorOf(packets),
}
/** Classes that the corpus has to have, so that none gets lost. */
const CLASSES =
  'activity admin aggregate alias allow catalog charset command comment compression conversion conversion_filter cte cursor database dates ddl derived digest direct error executable_comment explain export expression fulltext generated group handler hint index_order join json laundering lateral limit literal multi name numbers order partition predicate prepare protocol_prepare recursive regexp returning rollup routine row row_filter scope sequence server_alone setting spatial sql_mode star statistics status subquery text_function trace transaction user_variable values_do view warning window write write_filter write_oracle set_op'

describe('the corpus', () => describeClasses(CORPUS, CLASSES))

for (const family of FAMILIES) {
  family.describe(`on ${family.name}`, () => {
    let twins: Twins
    beforeAll(async () => {
      twins = await startTwins(family)
    })
    afterAll(() => twins?.stop())

    describeCases<CaseStep, YardRole, Answer>(
      CORPUS.filter(({ only }) => only === undefined || only === family.name),
      () => twins,
      { nameOf, errorOf, refusal: /SP-[A-Z]/, content },
    )

    it('answers random queries alike', async () => {
      const statements = randomStatements(FUZZ_SEED)
      await answerAlike(twins, 'reader', () => [TIME[family.name], statements.next().value], RANDOM)
    })

    it('answers random writes alike, and leaves the same behind', async () => {
      const statements = randomWrites(FUZZ_SEED)
      const next = () => [TIME[family.name], ...undone(statements.next().value, ...LEFT_BEHIND)]
      await answerAlike(twins, 'writer', next, RANDOM)
    })
  })
}

/** A step's last error, null where it had none. */
function errorOf(packets: Answer): string | null {
  if (packets === null) return 'the connection ended'
  const error = packets.findLast((packet) => packet.startsWith(ERR))
  return error === undefined ? null : decodeErr(Buffer.from(error, 'latin1')).message
}

/** Where a column comes from, and how the rows were found, is not said of what was substituted; all else is. */
function content(packets: Answer): unknown {
  return packets?.map((packet) => {
    const bytes = Buffer.from(packet, 'latin1')
    if (packet.startsWith(COLUMN)) {
      const { name, type, decimals } = decodeColumn(bytes)
      return { name, type, decimals }
    }
    return packet.startsWith(END) ? decodeOk(bytes, MODERN).affectedRows : packet
  })
}
