import { parentPort, workerData } from 'node:worker_threads'
import { asSallyportError } from '../errors.ts'
import { type ProvedCheckpoint, provedCheckpoint } from './proved_checkpoint.ts'

/** The thread that reads the lines between two sizes of the tree. */

export interface ProofWork {
  readonly directory: string
  readonly from: number
}

export type ProofAnswer = { readonly proved: ProvedCheckpoint | null } | { readonly failed: string }

parentPort?.postMessage(answer(workerData as ProofWork))

function answer({ directory, from }: ProofWork): ProofAnswer {
  try {
    return { proved: provedCheckpoint(directory, from) }
  } catch (error) {
    return { failed: asSallyportError(error).detail }
  }
}
