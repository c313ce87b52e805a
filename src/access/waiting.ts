import type { AccessRequest, Stage } from './model.ts'
import { type Act, happened, ofRequest, type Transition } from './transition.ts'

/**
 * What a request that waits does by itself: its stage nudges those who may answer, then tells those above them. Neither
 * is an answer, nor gives anybody a right to one. Null where nothing is due.
 */
export function tickWaiting(act: Act, request: AccessRequest): Transition | null {
  if (request.state !== 'pending' || act.now >= request.expiresAt) return null
  const index = request.stages.findIndex(({ completedAt }) => completedAt === null)
  const stage = request.stages[index]
  if (stage === undefined || stage.openedAt === null) return null
  const waited = act.now - stage.openedAt
  if (isDue(stage.escalatedAt, stage.escalateAfterMs, waited)) {
    return told(act, request, index, { ...stage, escalatedAt: act.now }, 'request.escalated', stage.escalateTo)
  }
  if (isDue(stage.nudgedAt, stage.nudgeAfterMs, waited)) {
    return told(act, request, index, { ...stage, nudgedAt: act.now }, 'request.nudged', stage.groups)
  }
  return null
}

function isDue(doneAt: number | null, afterMs: number, waited: number): boolean {
  return doneAt === null && afterMs > 0 && waited >= afterMs
}

function told(
  act: Act,
  request: AccessRequest,
  index: number,
  stage: Stage,
  activity: 'request.nudged' | 'request.escalated',
  groups: readonly string[],
): Transition {
  const record = { ...request, stages: request.stages.map((one, at) => (at === index ? stage : one)) }
  const detail = { stage: stage.name, groups, waitedMs: act.now - (stage.openedAt ?? act.now) }
  const severity = activity === 'request.escalated' ? 'low' : 'info'
  return {
    writes: [{ into: 'requests', how: 'update', record }],
    events: [happened(act, activity, { ...ofRequest(record), severity, detail })],
  }
}
