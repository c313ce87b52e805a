import { cefOf } from '../audit/cef.ts'
import { ecsOf } from '../audit/ecs.ts'
import type { SinkFormat } from '../session/sink_settings.ts'

/** A record, as the JSON of the log has it, in the format of a sink. */
export function projected(text: string, format: SinkFormat): string {
  switch (format) {
    case 'ocsf':
      return text
    case 'cef':
      return cefOf(JSON.parse(text) as object)
    case 'ecs':
      return JSON.stringify(ecsOf(JSON.parse(text) as object))
  }
}
