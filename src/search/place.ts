import { SallyportError } from '../errors.ts'

/** Where a page ended, and how far the log reached when the first page was made: later lines are in none of them. */
export interface Place {
  readonly time: number
  readonly sequence: number
  readonly writer: string
  readonly before: number
}

const PLACE = /^(-?\d{1,16})\.(\d{1,16})\.(\d{1,16})\.([\x21-\x7e]{0,128})$/

export function placeText({ time, sequence, writer, before }: Place): string {
  return `${time}.${sequence}.${before}.${encodeURIComponent(writer)}`
}

/** Throws `SP-INPUT` for what no page ended with. */
export function placeOf(text: string): Place {
  const [, time, sequence, before, writer] = PLACE.exec(text) ?? []
  if (writer === undefined) throw new SallyportError('SP-INPUT', 'the cursor is not one of this search')
  return { time: Number(time), sequence: Number(sequence), before: Number(before), writer: decoded(writer) }
}

function decoded(writer: string): string {
  try {
    return decodeURIComponent(writer)
  } catch (cause) {
    throw new SallyportError('SP-INPUT', 'the cursor is not one of this search', { cause })
  }
}
