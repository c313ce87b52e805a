import { existsSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { segmentsOf } from '../auditlog/segments.ts'
import { Bindings } from './bindings.ts'
import type { Database } from './database.ts'
import { type Day, type Part, readManifest, writeManifest } from './manifest.ts'
import { PARQUET_OPTIONS } from './parts.ts'
import { entriesOf, followersOf, leadsOf, piecesIn, restOf } from './records_sql.ts'
import { inOrder, removeFile, type Sources } from './sources.ts'

/**
 * Does one piece of the work that is left: the Parquet file of a closed segment, that of a day whose segments are all
 * closed, or the removal of files that nothing refers to. False: nothing is left.
 */
export async function compactOnce(database: Database, sources: Sources): Promise<boolean> {
  const { directory, parquet, keeps } = sources.settings
  if (!keeps) return false
  const segments = segmentsOf(directory)
  const { days, parts } = sources.manifest(segments)
  const isCovered = (first: number) =>
    days.some((day) => day.first <= first && first < day.next) || parts.some((part) => part.first === first)
  const at = segments.findIndex(({ first }, index) => index < segments.length - 1 && !isCovered(first))
  const [segment, after] = [segments[at], segments[at + 1]]
  if (segment !== undefined && after !== undefined) {
    await sources.addPart(segment, after.first)
    return true
  }
  const open = segments.at(-1)
  const openDay = open === undefined ? null : dayOf(sources.firstTime(open) ?? 0)
  const closed = closedDay(inOrder(parts), openDay)
  if (closed !== null) {
    const day = await mergedDay(database, sources, closed, days)
    writeManifest(parquet, {
      days: inOrder([...days, day]),
      parts: parts.filter((part) => !closed.parts.includes(part)),
    })
    for (const { file } of closed.parts) removeFile(parquet, file)
    return true
  }
  return existsSync(parquet) && removeUnknown(parquet, { days, parts })
}

interface ClosedDay {
  readonly day: string
  readonly parts: readonly Part[]
}

/** The first day of which every segment is closed: the open one was begun on a later day. */
function closedDay(parts: readonly Part[], openDay: string | null): ClosedDay | null {
  const [first] = parts
  if (first === undefined || openDay === null) return null
  const day = dayOf(first.from)
  if (day >= openDay) return null
  const group: Part[] = []
  for (const part of parts) {
    const follows = group.length === 0 || group.at(-1)?.next === part.first
    if (!follows || dayOf(part.from) > day) break
    group.push(part)
  }
  return { day, parts: group }
}

async function mergedDay(
  database: Database,
  sources: Sources,
  { day, parts }: ClosedDay,
  days: readonly Day[],
): Promise<Day> {
  const { parquet } = sources.settings
  const [first, last] = [parts[0], parts.at(-1)]
  const name = days.some((other) => other.day === day) ? `${day}-${first?.first ?? 0}` : day
  const paths = parts.map(({ file }) => join(parquet, file))
  const relation = (bind: Bindings, make: (records: string) => string) =>
    `(${make(`read_parquet(${bind.texts(paths)})`)})`
  const entries = new Bindings()
  const joined = entriesOf(relation(entries, leadsOf), relation(entries, followersOf), { ends: true, pieces: true })
  const file = `${name}.parquet`
  const order = '"time", "email", "target", "sequence"'
  await written(database, parquet, file, `SELECT * FROM (${joined}) ORDER BY ${order}`, entries)
  const others = new Bindings()
  const rest = `${name}.rest.parquet`
  await written(database, parquet, rest, restOf(relation(others, followersOf), relation(others, leadsOf)), others)
  const counted = new Bindings()
  const records = `read_parquet(${counted.text(join(parquet, rest))})`
  const { total, pieces } = await database.one(
    `SELECT count(*) AS total, (${piecesIn(records)}) AS pieces FROM ${records}`,
    counted,
  )
  const hasRest = Number(total) > 0
  if (!hasRest) removeFile(parquet, rest)
  return {
    ...{ day, file, rest: hasRest ? rest : '', first: first?.first ?? 0, next: last?.next ?? 0 },
    from: Math.min(...parts.map(({ from }) => from)),
    to: Math.max(...parts.map(({ to }) => to)),
    unreadable: parts.reduce((sum, { unreadable }) => sum + unreadable, 0),
    followers: Number(total),
    pieces: Number(pieces),
  }
}

async function written(database: Database, folder: string, file: string, query: string, bind: Bindings): Promise<void> {
  const path = join(folder, file)
  await database.run(`COPY (${query}) TO ${bind.text(`${path}.new`)} (${PARQUET_OPTIONS})`, bind)
  renameSync(`${path}.new`, path)
}

/** What retention took the lines of, what a crash left, and what another version made. */
function removeUnknown(
  folder: string,
  manifest: { readonly days: readonly Day[]; readonly parts: readonly Part[] },
): boolean {
  const { days, parts } = manifest
  const known = new Set([...days.flatMap(({ file, rest }) => [file, rest]), ...parts.map(({ file }) => file)])
  const unknown = readdirSync(folder).filter((name) => /\.parquet(\.new)?$/.test(name) && !known.has(name))
  const written = readManifest(folder)
  if (written.days.length + written.parts.length > days.length + parts.length) writeManifest(folder, manifest)
  for (const name of unknown) removeFile(folder, name)
  return false
}

/** Of UTC. */
function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
