import { expect, it } from 'vitest'
import { withoutPlanFlags } from '../../src/session/mysql/plan_flags.ts'
import { decodeEof, decodeOk } from '../../src/wire/mysql/outcome.ts'
import type { Classified } from '../../src/wire/mysql/response.ts'
import { STATUS } from '../../src/wire/mysql/server-status.ts'
import { CLASSIC, end, eof, MODERN, ok } from './mysql_story.ts'

const KEPT = STATUS.autocommit | STATUS.inTransaction | STATUS.moreResults
const SAID = KEPT | STATUS.noIndexUsed | STATUS.noGoodIndexUsed | STATUS.queryWasSlow

const okOf = (payload: Uint8Array): Classified => ({ kind: 'ok', ok: decodeOk(payload, MODERN), moreResults: true })

it('an OK does not tell how the rows were found', () => {
  const payload = ok({ status: SAID, rows: 7 })
  const told = withoutPlanFlags(okOf(payload), payload, MODERN)
  expect(decodeOk(told.payload, MODERN)).toMatchObject({ status: KEPT, affectedRows: 7n })
  expect(told.message).toMatchObject({ kind: 'ok', ok: { status: KEPT }, moreResults: true })
})

it.each([
  ['an OK', MODERN, end({ status: SAID, warnings: 3 })],
  ['an EOF', CLASSIC, eof(SAID)],
] as const)('nor does %s that ends rows', (_what, capabilities, payload) => {
  const decoded = capabilities === MODERN ? decodeOk(payload, MODERN) : decodeEof(payload)
  const message: Classified = { kind: 'resultEnd', end: decoded, moreResults: true, cursor: false }
  const told = withoutPlanFlags(message, payload, capabilities)
  const { status } = capabilities === MODERN ? decodeOk(told.payload, MODERN) : decodeEof(told.payload)
  expect(status).toBe(KEPT)
  expect(told.message).toMatchObject({ end: { status: KEPT } })
})

it.each(['eofAfterColumns', 'eofAfterParameters'] as const)('nor does %s', (kind) => {
  const payload = eof(SAID)
  const told = withoutPlanFlags({ kind, eof: decodeEof(payload), cursor: false }, payload, CLASSIC)
  expect(decodeEof(told.payload).status).toBe(KEPT)
})

it('what says nothing of it passes as it came', () => {
  const payload = ok({ status: KEPT })
  const message = okOf(payload)
  const told = withoutPlanFlags(message, payload, MODERN)
  expect(told.message).toBe(message)
  expect(told.payload).toBe(payload)
})
