import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { noteKey } from '../../audit/note.ts'
import { asSallyportError } from '../../errors.ts'
import type { CheckState } from './background_check.ts'
import { findingSummary } from './finding.ts'
import { verifyLiveLog } from './verify_log.ts'

/** The thread that verifies a log while it is written. */

export interface CheckWork {
  readonly directory: string
  /** By which its checkpoints are known. */
  readonly vkeys: readonly string[]
}

export interface CheckAnswer {
  readonly state: CheckState
  readonly detail: string
}

/** A message of an alert has room for some. */
const MAX_TOLD = 5

// On Linux a thread has a priority of its own.
setPriority(0, constants.priority.PRIORITY_LOW)
parentPort?.postMessage(await check(workerData as CheckWork))

async function check({ directory, vkeys }: CheckWork): Promise<CheckAnswer> {
  const keys = vkeys.map(noteKey).filter((key) => key !== null)
  try {
    const { findings, unchecked } = await verifyLiveLog({ log: directory, keys, inline: true })
    if (findings.length > 0)
      return { state: 'broken', detail: findings.slice(0, MAX_TOLD).map(findingSummary).join('; ') }
    return unchecked.length > 0 ? { state: 'unchecked', detail: unchecked.join('; ') } : { state: 'good', detail: '' }
  } catch (error) {
    return { state: 'unchecked', detail: asSallyportError(error).detail }
  }
}
