import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { SallyportError } from '../../errors.ts'
import { codeOf } from '../system_error.ts'
import type { Answer } from './check_worker.ts'
import { checkSegment, type SegmentJob, type SegmentResult } from './segment_check.ts'

/** Less than this is checked before a thread has started. */
const INLINE_BYTES = 16_777_216
const MAX_THREADS = 4
/** The file beside this one, as it is called before and after compiling. */
const WORKER = new URL(`./check_worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

/** Checks segments on threads of their own, where that is worth it. */
export async function checkAll(jobs: readonly SegmentJob[], bytes: number, inline: boolean): Promise<SegmentResult[]> {
  if (inline || bytes < INLINE_BYTES) return jobs.map(checkOne)
  const threads = Math.min(MAX_THREADS, availableParallelism(), jobs.length)
  const results: SegmentResult[] = []
  const queue = [...jobs.entries()]
  await Promise.all(Array.from({ length: threads }, () => runThread(queue, results)))
  return results
}

/** Throws `SP-AUDIT` where the file can't be read. */
export function checkOne(job: SegmentJob): SegmentResult {
  try {
    return checkSegment(job)
  } catch (cause) {
    throw new SallyportError('SP-AUDIT', `${job.segment.path} can't be read: ${codeOf(cause)}`, { cause })
  }
}

function runThread(queue: [number, SegmentJob][], results: SegmentResult[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER)
    const next = () => {
      const job = queue.shift()
      if (job !== undefined) worker.postMessage(job)
      else void worker.terminate().then(() => resolve())
    }
    worker.on('message', (answer: Answer) => {
      if ('error' in answer) {
        queue.length = 0
        void worker.terminate()
        reject(new SallyportError('SP-AUDIT', answer.error))
        return
      }
      results[answer.index] = answer.result
      next()
    })
    worker.on('error', reject)
    next()
  })
}
