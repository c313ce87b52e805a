import { noteAccess } from '../audit.ts'
import type { recordingOperations } from '../contract/recordings.ts'
import { cursorOf, pageOf } from '../cursor.ts'
import { configured, type Handlers } from '../handler.ts'
import type { ApiDeps } from '../ports.ts'

const WHAT = 'the recording of sessions'

/** Recordings leave as they are kept: sealed. That somebody took one is on record. */
export function recordingHandlers(deps: ApiDeps): Handlers<keyof typeof recordingOperations> {
  const { control, recordings } = deps
  return {
    listRecordings: async ({ caller, input: { query } }) => {
      await control.require(caller, 'audit.read')
      const { target, person } = query
      const { items, next } = await configured(recordings, WHAT).list({ ...pageOf(query), target, person })
      return { items, nextCursor: cursorOf(next) }
    },
    getRecording: async ({ caller, input: { params } }) => {
      await control.require(caller, 'audit.read')
      const bytes = await configured(recordings, WHAT).read(params.id)
      await noteAccess(deps, 'recording.read', caller, { bytes: bytes.length }, { type: 'recording', id: params.id })
      return { kind: 'file', type: 'application/octet-stream', name: `${params.id}.recording`, bytes }
    },
  }
}
