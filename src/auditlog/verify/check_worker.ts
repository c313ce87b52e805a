import { parentPort } from 'node:worker_threads'
import { SallyportError } from '../../errors.ts'
import { checkOne } from './check_threads.ts'
import type { SegmentJob, SegmentResult } from './segment_check.ts'

/** The thread that checks segments. */

export type Answer =
  | { readonly index: number; readonly result: SegmentResult }
  | { readonly index: number; readonly error: string }

parentPort?.on('message', ([index, job]: [number, SegmentJob]) => parentPort?.postMessage(answer(index, job)))

function answer(index: number, job: SegmentJob): Answer {
  try {
    return { index, result: checkOne(job) }
  } catch (error) {
    const detail = error instanceof SallyportError ? error.detail : 'the audit log could not be checked'
    return { index, error: detail }
  }
}
