import { readFileSync } from 'node:fs'
import type { SinkSettings } from '../session/sink_settings.ts'
import { parsePosition, positionPath } from './position.ts'

/** How far sinks had come when the program before ended; one that is new, or can't be read, has nothing. */
export function deliveredPositions(state: string, sinks: readonly SinkSettings[]): ReadonlyMap<string, number> {
  return new Map(sinks.map(({ name }) => [name, storedNext(positionPath(state, name))]))
}

function storedNext(path: string): number {
  try {
    const position = parsePosition(readFileSync(path, 'utf8'))
    return position === 'broken' ? 0 : position.next
  } catch {
    return 0
  }
}
