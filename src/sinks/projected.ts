import type { SinkFormat } from '../session/sink_settings.ts'

/** A record in a format of others. */
export function projected(text: string, format: SinkFormat): string {
  if (format === 'ocsf') return text
  return text
}
