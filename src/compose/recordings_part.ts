import { fromBase64 } from '../bytes/base64.ts'
import type { Config } from '../config/config.ts'
import { type RecordingSettings, Recordings } from '../recording/recordings.ts'
import type { Clock } from '../session/ports.ts'

export function composeRecordings(config: () => Config, clock: Clock): Recordings {
  return new Recordings({
    settings: () => settingsOf(config()),
    node: config().node.name,
    now: clock.now,
    monotonic: clock.monotonic,
  })
}

function settingsOf({ node: { recordings, audit } }: Config): RecordingSettings {
  const { directory, maxBytesPerStatement, maxBytesPerSession } = recordings
  const sealTo = audit.sealTo === null ? null : fromBase64(audit.sealTo)
  return { directory, maxBytesPerStatement, maxBytesPerSession, sealTo }
}
