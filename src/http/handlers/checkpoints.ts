import type { checkpointOperations } from '../contract/checkpoints.ts'
import { configured, type Handlers } from '../handler.ts'
import type { ApiDeps } from '../ports.ts'
import { ApiRefusal } from '../problem.ts'

const NOT_FOUND = 404

export function checkpointHandlers({ control, checkpoints }: ApiDeps): Handlers<keyof typeof checkpointOperations> {
  return {
    getCheckpoint: async ({ caller, input: { query } }) => {
      await control.require(caller, 'audit.read')
      const from = query.from ?? null
      const latest = await configured(checkpoints, 'the audit log').latest(from)
      if (latest === null) {
        const what = from === null ? 'there is no checkpoint yet' : `no checkpoint can be proved from ${from} lines on`
        throw new ApiRefusal('SP-NOT-FOUND', what, NOT_FOUND)
      }
      return { checkpoint: latest.note, size: latest.size, proof: [...latest.proof] }
    },
  }
}
