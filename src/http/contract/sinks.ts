import * as z from 'zod'
import { operation } from './operation.ts'
import { nameText } from './shown.ts'
import { count, maybeTime, nameParams, shown, time } from './values.ts'

const sink = shown({
  name: nameText,
  kind: z.string(),
  next: count.describe('The number of the next line of the log that it gets; all before are delivered.'),
  lagRecords: count.describe('Lines that it has not got.'),
  lagMs: count.describe('Age of the first of them, in milliseconds.'),
  checkpoint: count.describe('Lines that the newest delivered checkpoint covers.'),
  sentAt: maybeTime.describe('When it last took a batch.'),
  failure: shown({ since: time, why: z.string() }).nullable().describe('While it takes nothing.'),
  sent: count.describe('Since the program started.'),
  refused: count.describe('For good, since the program started: they are among its dead letters.'),
  retries: count,
}).meta({ id: 'Sink' })

export const sinkOperations = {
  listSinks: operation({
    tag: 'audit',
    method: 'GET',
    path: '/v1/audit/sinks',
    summary: 'Where the audit log of this node goes, and how far each sink is.',
    rate: 'read',
    status: 200,
    answer: shown({ items: z.array(sink) }),
  }),
  testSink: operation({
    tag: 'audit',
    method: 'POST',
    path: '/v1/audit/sinks/{name}/test',
    summary: 'Send one test record to a sink, and say what came of it.',
    rate: 'heavy',
    status: 200,
    params: nameParams,
    answer: shown({
      ok: z.boolean(),
      detail: z.string(),
      uid: z.string().describe('`metadata.uid` of the test record.'),
      durationMs: count,
    }).meta({ id: 'SinkTest' }),
  }),
} as const
