import type { Playback } from './playback.ts'
import { printable, widthOf } from './printable.ts'
import { piecesOf } from './screen_text.ts'

const MIN_COLUMNS = 80
const MAX_COLUMNS = 240
const LINES = 40
/** Players skip what is longer, seconds. */
const IDLE_SECONDS = 2
// biome-ignore lint/suspicious/noControlCharactersInRegex: the colors that the pieces have.
const COLORS = /\u001b\[\d+m/g

/** asciicast v2: a header, then one event a line (https://docs.asciinema.org/manual/asciicast/v2/). */
export function asciicastOf(playback: Playback): string {
  const { head } = playback
  const pieces = piecesOf(playback, true)
  const widest = pieces
    .flatMap(({ text }) => text.split('\n'))
    .reduce((most, line) => Math.max(most, widthOf(line.replace(COLORS, ''))), MIN_COLUMNS)
  const header = {
    version: 2,
    width: Math.min(widest, MAX_COLUMNS),
    height: LINES,
    timestamp: Math.floor(head.started / 1000),
    idle_time_limit: IDLE_SECONDS,
    title: printable(`${head.person.email ?? head.person.subject} on ${head.target}`),
  }
  const events = pieces.map(({ at, text }) => JSON.stringify([at / 1000, 'o', text.replaceAll('\n', '\r\n')]))
  return `${[JSON.stringify(header), ...events].join('\n')}\n`
}
