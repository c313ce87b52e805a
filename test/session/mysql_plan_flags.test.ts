import { expect, it } from 'vitest'
import { encodeCleared, withoutPlanFlags } from '../../src/session/mysql/plan_flags.ts'
import { decodeEof, decodeOk } from '../../src/wire/mysql/outcome.ts'
import type { Classified } from '../../src/wire/mysql/response.ts'
import { STATUS } from '../../src/wire/mysql/server-status.ts'
import { CLASSIC, end, eof, MODERN, ok } from './mysql_story.ts'

const KEPT = STATUS.autocommit | STATUS.inTransaction | STATUS.moreResults
const SAID = KEPT | STATUS.noIndexUsed | STATUS.noGoodIndexUsed | STATUS.queryWasSlow

const okOf = (payload: Uint8Array): Classified => ({ kind: 'ok', ok: decodeOk(payload, MODERN), moreResults: true })

it('an OK does not tell how the rows were found', () => {
  const payload = ok({ status: SAID, rows: 7 })
  const told = withoutPlanFlags(okOf(payload))
  expect(decodeOk(encodeCleared(told, MODERN), MODERN)).toMatchObject({ status: KEPT, affectedRows: 7n })
  expect(told).toMatchObject({ kind: 'ok', ok: { status: KEPT }, moreResults: true })
})

it.each([
  ['an OK', MODERN, end({ status: SAID, warnings: 3 })],
  ['an EOF', CLASSIC, eof(SAID)],
] as const)('nor does %s that ends rows', (_what, capabilities, payload) => {
  const decoded = capabilities === MODERN ? decodeOk(payload, MODERN) : decodeEof(payload)
  const message: Classified = { kind: 'resultEnd', end: decoded, moreResults: true, cursor: false }
  const told = withoutPlanFlags(message)
  const sent = encodeCleared(told, capabilities)
  const { status } = capabilities === MODERN ? decodeOk(sent, MODERN) : decodeEof(sent)
  expect(status).toBe(KEPT)
  expect(told).toMatchObject({ end: { status: KEPT } })
})

it.each(['eofAfterColumns', 'eofAfterParameters'] as const)('nor does %s', (kind) => {
  const payload = eof(SAID)
  const told = withoutPlanFlags({ kind, eof: decodeEof(payload), cursor: false })
  expect(decodeEof(encodeCleared(told, CLASSIC)).status).toBe(KEPT)
})

it('what says nothing of it passes as it came', () => {
  const message = okOf(ok({ status: KEPT }))
  expect(withoutPlanFlags(message)).toBe(message)
})
