import { parentPort, workerData } from 'node:worker_threads'
import { codeOf } from './system_error.ts'
import { keepUp, type UpkeepDone, type UpkeepWork } from './upkeep.ts'

/** A thread for the upkeep of a log: it reads and hashes whole segments. */

export type UpkeepAnswer = { readonly done: UpkeepDone } | { readonly failed: string }

if (parentPort) {
  const port = parentPort
  keepUp(workerData as UpkeepWork).then(
    (done) => port.postMessage({ done } satisfies UpkeepAnswer),
    (error: unknown) => port.postMessage({ failed: codeOf(error) } satisfies UpkeepAnswer),
  )
}
