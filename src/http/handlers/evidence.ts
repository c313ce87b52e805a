import type { evidenceOperations } from '../contract/evidence.ts'
import { cursorOf, pageOf } from '../cursor.ts'
import { configured, type Handlers } from '../handler.ts'
import type { ApiDeps } from '../ports.ts'
import { ApiRefusal } from '../problem.ts'

const TYPES = { json: 'application/json', csv: 'text/csv; charset=utf-8', pdf: 'application/pdf' } as const
const DEFAULT_PERIOD_MS = 30 * 86_400_000
const WHAT = 'evidence'

export function evidenceHandlers(deps: ApiDeps): Handlers<keyof typeof evidenceOperations> {
  const { control, evidence, history, clock } = deps
  return {
    listControls: async ({ caller }) => {
      await control.require(caller, 'evidence.build')
      return { items: configured(evidence, WHAT).controls() }
    },
    buildEvidence: async ({ caller, input }) => {
      await control.require(caller, 'evidence.build')
      checkPeriod(input.body.from, input.body.to)
      const { fileName, bytes } = await configured(evidence, WHAT).build(input.body)
      return { kind: 'file', type: TYPES[input.body.format], name: fileName, bytes }
    },
    getFigures: async ({ caller, input: { query } }) => {
      await control.require(caller, 'figures.read')
      const { from, to } = periodOf(query, clock.now())
      return configured(evidence, WHAT).figures(from, to)
    },
    listIdleGrants: async ({ caller }) => {
      await control.require(caller, 'figures.read')
      return { items: await configured(evidence, WHAT).idleGrants() }
    },
    listOverPrivileged: async ({ caller, input: { query } }) => {
      await control.require(caller, 'figures.read')
      const { from, to } = periodOf(query, clock.now())
      return { items: await configured(evidence, WHAT).overPrivileged(from, to) }
    },
    listOwnHistory: async ({ caller, input: { query } }) => {
      await control.require(caller, 'self.read')
      const { from, to, target, contains } = query
      const wanted = { ...pageOf(query), from, to, target, contains }
      const { items, next } = await configured(history, 'the search of the audit log').search(caller.identity, wanted)
      return { items, nextCursor: cursorOf(next) }
    },
  }
}

function periodOf(query: { from?: number | undefined; to?: number | undefined }, now: number) {
  const to = query.to ?? now
  const from = query.from ?? to - DEFAULT_PERIOD_MS
  checkPeriod(from, to)
  return { from, to }
}

function checkPeriod(from: number, to: number): void {
  if (from < to) return
  throw new ApiRefusal('SP-INPUT', 'the period ends before it begins', undefined, [
    { pointer: '/to', detail: 'must be after from' },
  ])
}
