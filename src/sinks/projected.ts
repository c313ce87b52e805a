import { cefOf } from '../audit/cef.ts'
import { ecsOf } from '../audit/ecs.ts'
import type { SinkFormat } from '../session/sink_settings.ts'

/** A record in a format of others. */
export function projected(text: string, format: SinkFormat): string {
  if (format === 'ocsf') return text
  const record = JSON.parse(text) as object
  return format === 'cef' ? cefOf(record) : JSON.stringify(ecsOf(record))
}
