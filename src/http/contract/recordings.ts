import * as z from 'zod'
import { operation } from './operation.ts'
import { idText, nameText } from './shown.ts'
import { count, idParams, maybeTime, page, pageQuery, shown, text, time } from './values.ts'

const recording = shown({
  id: idText,
  node: z.string(),
  person: shown({ issuer: z.string(), subject: z.string(), email: z.string().nullable() }).meta({
    id: 'RecordedPerson',
  }),
  target: nameText,
  database: z.string().nullable(),
  role: nameText,
  grantId: z.string(),
  incident: z.string().nullable(),
  startedAt: time,
  writtenAt: maybeTime.describe('When it was last written to.'),
  open: z.boolean().describe('Its session goes on.'),
  bytes: count,
  sealedTo: z.string().describe('The fingerprint of the key that opens it.'),
}).meta({ id: 'Recording', description: 'A recording of a session, sealed to the key of the security team.' })

const base = { tag: 'recordings', method: 'GET', status: 200 } as const

export const recordingOperations = {
  listRecordings: operation({
    ...base,
    path: '/v1/recordings',
    summary: 'List the recordings of this node, the newest first.',
    rate: 'heavy',
    query: z.strictObject({ ...pageQuery, target: text.min(1).optional(), person: text.min(1).optional() }),
    answer: page(recording).meta({ id: 'RecordingPage' }),
  }),
  getRecording: operation({
    ...base,
    path: '/v1/recordings/{id}',
    summary: 'Get a recording as it is kept: who has the key opens it (sallyport recording play).',
    rate: 'heavy',
    params: idParams,
    answer: null,
    produces: ['application/octet-stream'],
  }),
} as const
