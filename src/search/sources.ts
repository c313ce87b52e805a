import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LogReader } from '../auditlog/log_reader.ts'
import { type Segment, segmentsOf } from '../auditlog/segments.ts'
import { Bindings } from './bindings.ts'
import type { Database } from './database.ts'
import { type Day, type Manifest, type Part, readManifest, writeManifest } from './manifest.ts'
import { makePart } from './parts.ts'
import { createRecords, followersOf, leadsOf, leadsOfEntries, piecesIn, recordsOfLines } from './records_sql.ts'

export interface SourceSettings {
  /** The log of record. */
  readonly directory: string
  /** Where its Parquet files are. */
  readonly parquet: string
  /** For files of this process alone. */
  readonly scratch: string
  /** Whether Parquet files of closed segments are kept beside the log, or made anew in `scratch`. */
  readonly keeps: boolean
}

export interface Scope {
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** Lines from this one on are not durable yet, or not asked for. */
  readonly before: number | null
}

/** The relations that a question is asked of. */
export interface Gathered {
  readonly leads: (bind: Bindings) => string
  readonly followers: (bind: Bindings) => string
  /** False: no follower stands apart from its lead, so nothing has to be joined. */
  readonly hasFollowers: boolean
  readonly hasPieces: boolean
  readonly unreadable: number
  /** The first line that is not among them. */
  readonly next: number
}

const LIVE = 'live'
const OWNER_ONLY = 0o700
const READ_BYTES = 4_194_304
/** Records are nearly in the order of their times; a statement may end some time after its decision. */
const DISORDER_MS = 3_600_000

/** What there is of a log: days and parts in Parquet, and the open segment in memory as far as it was read. */
export class Sources {
  readonly settings: SourceSettings
  readonly #database: Database
  #scratchParts: Part[] = []
  #live: { readonly first: number; readonly reader: LogReader; lines: number; rows: number; pieces: number } | null =
    null
  readonly #firstTimes = new Map<number, number | null>()

  constructor(database: Database, settings: SourceSettings) {
    this.#database = database
    this.settings = settings
  }

  async start(): Promise<void> {
    await this.#database.run(createRecords(LIVE))
  }

  async gather(scope: Scope): Promise<Gathered> {
    const segments = segmentsOf(this.settings.directory)
    const live = segments.at(-1)
    const { days, parts } = await this.#files(segments, scope)
    if (live !== undefined) await this.#readLive(live, scope.before)
    return this.#gathered(segments, days, parts, scope)
  }

  /** The manifest without what is missing, of lines that are no longer there, or of segments that are cut otherwise. */
  manifest(segments = segmentsOf(this.settings.directory)): Manifest {
    const { parquet } = this.settings
    const firsts = new Set(segments.map(({ first }) => first))
    const kept = segments[0]?.first ?? Number.POSITIVE_INFINITY
    const { days, parts } = readManifest(parquet)
    const isThere = (file: string) => file === '' || existsSync(join(parquet, file))
    const fits = ({ first, next }: Part) => next > kept && (firsts.has(first) || first < kept) && firsts.has(next)
    const goodDays = days.filter((day) => fits(day) && isThere(day.file) && isThere(day.rest))
    const covered = (part: Part) => goodDays.some((day) => part.first >= day.first && part.next <= day.next)
    return { days: goodDays, parts: parts.filter((part) => fits(part) && isThere(part.file) && !covered(part)) }
  }

  /** Makes the Parquet file of a closed segment, beside the log or for this process alone. */
  async addPart(segment: Segment, next: number): Promise<Part> {
    const { keeps, parquet, scratch } = this.settings
    if (keeps) mkdirSync(parquet, { recursive: true, mode: OWNER_ONLY })
    const part = await makePart(this.#database, segment, next, keeps ? parquet : scratch)
    if (keeps) {
      const { days, parts } = this.manifest()
      writeManifest(parquet, { days, parts: inOrder([...parts.filter(({ first }) => first !== part.first), part]) })
    } else this.#scratchParts.push(part)
    return part
  }

  /** When the first line of a segment was written; null where that can't be told. */
  firstTime({ first }: Segment): number | null {
    const known = this.#firstTimes.get(first)
    if (known !== undefined) return known
    const reader = new LogReader(this.settings.directory, first)
    try {
      const line = reader.read(1)[0]
      const time = line === undefined ? null : timeIn(line.bytes)
      if (time !== null) this.#firstTimes.set(first, time)
      return time
    } finally {
      reader.close()
    }
  }

  async #files(segments: readonly Segment[], scope: Scope): Promise<{ days: readonly Day[]; parts: readonly Part[] }> {
    const { days, parts } = this.manifest(segments)
    const known = [...parts, ...this.#scratchParts]
    const found: Part[] = []
    for (const [index, segment] of segments.entries()) {
      const next = segments[index + 1]?.first
      if (next === undefined || days.some(({ first, next: end }) => first <= segment.first && segment.first < end))
        continue
      const part = known.find(({ first }) => first === segment.first)
      if (part !== undefined) found.push(part)
      else if (this.#matters(segments, index, scope)) found.push(await this.addPart(segment, next))
    }
    return { days: days.filter((day) => overlaps(day, scope)), parts: found.filter((part) => overlaps(part, scope)) }
  }

  /** By the times of first lines, which cost less to read than a segment. */
  #matters(segments: readonly Segment[], index: number, { from, to }: Scope): boolean {
    const [segment, after] = [segments[index], segments[index + 1]]
    if (segment === undefined) return false
    const begin = to === undefined ? null : this.firstTime(segment)
    if (to !== undefined && begin !== null && begin > to + DISORDER_MS) return false
    const end = from === undefined || after === undefined ? null : this.firstTime(after)
    return from === undefined || end === null || end >= from - DISORDER_MS
  }

  async #readLive({ first }: Segment, before: number | null): Promise<void> {
    if (this.#live?.first !== first) {
      this.#live?.reader.close()
      await this.#database.run(`DELETE FROM ${LIVE}`)
      this.#live = { first, reader: new LogReader(this.settings.directory, first), lines: 0, rows: 0, pieces: 0 }
    }
    const live = this.#live
    for (;;) {
      const lines = live.reader.read(READ_BYTES, before ?? Number.POSITIVE_INFINITY)
      if (lines.length === 0) break
      const bind = new Bindings()
      const texts = bind.texts(lines.map(({ bytes }) => bytes.toString()))
      await this.#database.run(
        `INSERT INTO ${LIVE} ${recordsOfLines(`SELECT TRY_CAST(one AS JSON) AS line FROM (SELECT unnest(${texts}) AS one)`)}`,
        bind,
      )
      live.lines += lines.length
    }
    const { total, pieces } = await this.#database.one(
      `SELECT count(*) AS total, (${piecesIn(LIVE)}) AS pieces FROM ${LIVE}`,
    )
    Object.assign(live, { rows: Number(total), pieces: Number(pieces) })
  }

  #gathered(segments: readonly Segment[], days: readonly Day[], parts: readonly Part[], { before }: Scope): Gathered {
    const live = this.#live
    const kept = segments[0]?.first ?? 0
    const next = Math.min(live?.reader.next ?? 0, before ?? Number.POSITIVE_INFINITY)
    const { parquet, scratch } = this.settings
    const scratched = new Set(this.#scratchParts)
    const partPaths = parts.map((part) => join(scratched.has(part) ? scratch : parquet, part.file))
    const dayPaths = days.map(({ file }) => join(parquet, file))
    const restPaths = days.flatMap(({ rest }) => (rest === '' ? [] : [join(parquet, rest)]))
    const files = (bind: Bindings, paths: readonly string[]) => `read_parquet(${bind.texts(paths)})`
    const inRange = (bind: Bindings, relations: readonly string[]) =>
      `(SELECT * FROM (${relations.join(' UNION ALL ')}) WHERE "sequence" >= ${bind.whole(kept)} AND "sequence" < ${bind.whole(next)})`
    const leads = (bind: Bindings) =>
      inRange(bind, [
        leadsOf(LIVE),
        ...(dayPaths.length > 0 ? [leadsOfEntries(files(bind, dayPaths))] : []),
        ...(partPaths.length > 0 ? [leadsOf(files(bind, partPaths))] : []),
      ])
    const followers = (bind: Bindings) =>
      inRange(bind, [
        followersOf(LIVE),
        ...[restPaths, partPaths].filter((paths) => paths.length > 0).map((paths) => followersOf(files(bind, paths))),
      ])
    const sum = (name: 'unreadable' | 'pieces') => [...days, ...parts].reduce((total, file) => total + file[name], 0)
    return {
      leads,
      followers,
      hasFollowers: (live?.rows ?? 0) > 0 || partPaths.length > 0 || restPaths.length > 0,
      hasPieces: sum('pieces') + (live?.pieces ?? 0) > 0,
      unreadable: sum('unreadable') + (live === null ? 0 : live.lines - live.rows),
      next,
    }
  }
}

export function inOrder<T extends { readonly first: number }>(files: readonly T[]): T[] {
  return [...files].sort((a, b) => a.first - b.first)
}

export function removeFile(folder: string, file: string): void {
  rmSync(join(folder, file), { force: true })
}

function overlaps({ from, to }: Part, scope: Scope): boolean {
  return to >= (scope.from ?? 0) - DISORDER_MS && from <= (scope.to ?? Number.POSITIVE_INFINITY) + DISORDER_MS
}

function timeIn(bytes: Buffer): number | null {
  try {
    const { time } = JSON.parse(bytes.toString()) as { time?: unknown }
    return typeof time === 'number' ? time : null
  } catch {
    return null
  }
}
