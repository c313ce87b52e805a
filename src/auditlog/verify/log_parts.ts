import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { linkOf } from '../../audit/chain.ts'
import { SallyportError } from '../../errors.ts'
import { openSegment, type SegmentBytes } from '../segment_bytes.ts'
import { notesPath, type Segment, segmentName, segmentsOf, startPath } from '../segments.ts'
import { codeOf, isMissing } from '../system_error.ts'
import { eachLine } from './segment_lines.ts'

/** A segment with what stands beside it. */
export interface LogPart {
  readonly first: number
  /** Null where its lines were deleted. */
  readonly segment: Segment | null
  /** The names that findings give. */
  readonly file: string
  readonly notesFile: string
  readonly startFile: string
  readonly notes: string | null
  readonly start: string | null
  /** Where the next one begins; null for the last. */
  readonly end: number | null
}

const BESIDE = /^(\d{20})\.(notes|start)$/
const SEGMENT = /^(\d{20})\.ndjson(\.zst)?$/

/** The parts of the log in a directory, in order. Throws `SP-AUDIT` where it can't be read. */
export function partsOf(directory: string): readonly LogPart[] {
  const names = readable(directory, () => readdirSync(directory))
  // Listed before anything is read: what is written meanwhile is left for the next time.
  const segments = new Map(readable(directory, () => segmentsOf(directory)).map((one) => [one.first, one]))
  const firsts = new Set([...segments.keys(), ...names.flatMap((name) => Number(BESIDE.exec(name)?.[1] ?? Number.NaN))])
  const sorted = [...firsts].filter((first) => Number.isSafeInteger(first)).sort((a, b) => a - b)
  return sorted.map((first, index) => partAt(directory, first, segments.get(first) ?? null, sorted[index + 1] ?? null))
}

/** Files by name: segments, with what stands beside them, or any lines of one. */
export function partsOfFiles(paths: readonly string[]): readonly LogPart[] {
  const parts = paths.map((path) => {
    if (!existsSync(path)) throw new SallyportError('SP-AUDIT', `${path}: there is no such file`)
    const [, digits, zst] = SEGMENT.exec(basename(path)) ?? []
    const compressed = zst !== undefined || path.endsWith('.zst')
    const segment = { first: Number(digits ?? 0), path, compressed }
    if (digits === undefined) return strange({ ...segment, first: linkAt(dirname(path), segment)?.sequence ?? 0 })
    return partAt(dirname(path), segment.first, segment, null)
  })
  const sorted = parts.toSorted((a, b) => a.first - b.first)
  return sorted.map((part, index) => ({ ...part, end: sorted[index + 1]?.first ?? null }))
}

function partAt(directory: string, first: number, segment: Segment | null, end: number | null): LogPart {
  const name = segmentName(first)
  return {
    first,
    segment,
    file: segment === null ? `${name}.ndjson` : basename(segment.path),
    notesFile: `${name}.notes`,
    startFile: `${name}.start`,
    notes: textAt(notesPath(directory, first)),
    start: textAt(startPath(directory, first)),
    end,
  }
}

function strange(segment: Segment): LogPart {
  const file = basename(segment.path)
  return { first: segment.first, segment, file, notesFile: file, startFile: file, notes: null, start: null, end: null }
}

/** What the first line of a segment says of itself; null where it says nothing. */
export function linkAt(directory: string, segment: Segment): ReturnType<typeof linkOf> {
  return readable(segment.path, () => {
    const bytes = openUndamaged(directory, segment)
    if (bytes === null) return null
    try {
      let link: ReturnType<typeof linkOf> = null
      eachLine(bytes, ({ block, begin, end }) => {
        link = linkOf(block.toString('utf8', begin, end))
        return false
      })
      return link
    } finally {
      bytes.close()
    }
  })
}

function openUndamaged(directory: string, segment: Segment): SegmentBytes | null {
  try {
    return openSegment(directory, segment)
  } catch (error) {
    if (isDamage(error)) return null
    throw error
  }
}

/** What the decompression of a damaged file fails with. */
export function isDamage(error: unknown): boolean {
  return /^(ZSTD_|Z_)/.test(codeOf(error))
}

/** The text of a file as bytes stand in it, one character a byte where they are no text; null where there is none. */
export function textAt(path: string): string | null {
  return readable(path, () => {
    try {
      const bytes = readFileSync(path)
      const text = bytes.toString('utf8')
      return Buffer.from(text).equals(bytes) ? text : bytes.toString('latin1')
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  })
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new SallyportError('SP-AUDIT', `${path} can't be read: ${codeOf(cause)}`, { cause })
  }
}
