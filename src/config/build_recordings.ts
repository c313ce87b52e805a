import { resolve } from 'node:path'
import type { NodeSection } from './schema_file.ts'

/** See `RecordingSettings` of `recording/recordings.ts`. */
export interface RecordingsConfig {
  readonly directory: string
  readonly maxBytesPerStatement: number
  readonly maxBytesPerSession: number | null
  readonly retentionMs: number
  readonly hold: readonly string[]
}

export function buildRecordings({ recordings }: Pick<NodeSection, 'recordings'>, dataDir: string): RecordingsConfig {
  const { directory, maxBytesPerStatement, maxBytesPerSession, retention, hold } = recordings
  return {
    directory: resolve(dataDir, directory),
    maxBytesPerStatement,
    maxBytesPerSession: maxBytesPerSession ?? null,
    retentionMs: retention,
    hold,
  }
}
