import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { SallyportError } from '../errors.ts'
import type { ProofAnswer, ProofWork } from './proof_worker.ts'
import { lastCheckpoint, type ProvedCheckpoint } from './proved_checkpoint.ts'

/** The file beside this one, as it is called before and after compiling. */
const WORKER = new URL(`./proof_worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
const HEAP_MIB = 512
const DEADLINE_MS = 60_000

/** Checkpoints of a log, for who follows it from elsewhere. Proofs are made one after the other. */
export class CheckpointProofs {
  readonly #directory: () => string
  #running: Promise<unknown> = Promise.resolve()

  constructor(directory: () => string) {
    this.#directory = directory
  }

  /** The last one, or the last that can be proved from a size; null where there is none. Rejects with `SP-AUDIT`. */
  async latest(from: number | null): Promise<ProvedCheckpoint | null> {
    const last = lastCheckpoint(this.#directory())
    if (from === null || last === null || from > last.size) return from === null ? last : null
    const proving = this.#running.then(() => prove({ directory: this.#directory(), from }))
    this.#running = proving.catch(() => undefined)
    return proving
  }
}

async function prove(work: ProofWork): Promise<ProvedCheckpoint | null> {
  const worker = new Worker(WORKER, { workerData: work, resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB } })
  try {
    const [answer] = (await once(worker, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) })) as [ProofAnswer]
    if ('failed' in answer) throw new SallyportError('SP-AUDIT', answer.failed)
    return answer.proved
  } finally {
    await worker.terminate()
  }
}
