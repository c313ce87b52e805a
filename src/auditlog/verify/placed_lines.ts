import type { FoundLine } from './diagnosis.ts'
import { type Finding, type FindingKind, finding } from './finding.ts'

/** What the lines of a segment have to be. */
export interface Place {
  readonly file: string
  readonly first: number
  /** One more than the last sequence number. */
  readonly next: number
  /** Leaf hash of the line before the first, hex. */
  readonly previous: string
  /** That of the last line, as the next segment's start has it. */
  readonly endPrevious: string | null
  /** Whether another segment follows. */
  readonly isClosed: boolean
}

/** Which line stands for a sequence number, and what its leaf hash was when it was written. */
export interface Slot {
  readonly sequence: number
  readonly line: FoundLine | null
  /** Null where nothing tells. */
  readonly leaf: string | null
  /** What the line after it names, where that is something else, and that line itself may be the one that was changed. */
  readonly named: string | null
}

/**
 * Each line names the leaf hash of the line before, so that from the end on it is known what each line was, also where it
 * is gone: a line that is not it, is not the one that was written.
 */
export function slotsOf(found: readonly FoundLine[], { first, next, endPrevious }: Place): Slot[] {
  const bySequence = Map.groupBy(found, ({ link }) => link?.sequence ?? -1)
  const slots: Slot[] = []
  let claim = endPrevious
  let isProven = endPrevious !== null
  for (let sequence = next - 1; sequence >= first; sequence -= 1) {
    const lines = bySequence.get(sequence) ?? []
    const match = lines.find(({ leaf }) => leaf === claim)
    // Where the claim can't be relied on, a line stands for itself.
    const line = match ?? (isProven ? null : (lines[0] ?? null))
    slots.push({
      sequence,
      line,
      leaf: line?.leaf ?? claim,
      named: match === undefined && line !== null ? claim : null,
    })
    isProven = line !== null && (match !== undefined || claim !== null)
    claim = (line ?? lines[0])?.link?.previous ?? null
  }
  return slots.reverse()
}

/** What the slots and the lines that stand for none of them say. */
export function findingsOf(slots: readonly Slot[], found: readonly FoundLine[], place: Place): Finding[] {
  const used = new Set(slots.flatMap(({ line }) => (line === null ? [] : [line])))
  const rest = found.filter((line) => !used.has(line))
  const findings = [...startFinding(slots, place), ...absent(slots, rest, place)]
  // What `absent` took from the rest stands for a line that was changed.
  const left = rest.filter(({ whole }) => whole || place.isClosed).map((line) => added(line, slots, place))
  return merged([...findings, ...moved(found, used, place), ...unsure(slots, place), ...left])
}

function startFinding(slots: readonly Slot[], { file, previous }: Place): Finding[] {
  const line = slots[0]?.line
  if (line == null || line.link === null || line.link.previous === previous) return []
  const at = { line: line.line, sequence: line.link.sequence, offset: line.offset }
  return [finding('line_changed', file, at, 'it does not name the line before it, which the segment before ends with')]
}

/** Sequence numbers that no line stands for: changed where a line is left over at the place, else missing. */
function absent(slots: readonly Slot[], rest: FoundLine[], { file }: Place): Finding[] {
  let before = 0
  return slots.flatMap(({ sequence, line }, index) => {
    if (line !== null) {
      before = Math.max(before, line.line)
      return []
    }
    const after = slots.slice(index + 1).find((slot) => slot.line !== null)?.line?.line ?? Number.POSITIVE_INFINITY
    const at = rest.findIndex((one) => one.line > before && one.line < after)
    if (at === -1) {
      const place = { line: before + 1, sequence, offset: null }
      return [finding('line_missing', file, place, 'it was here: the lines around it say so')]
    }
    const [changed] = rest.splice(at, 1) as [FoundLine]
    before = changed.line
    return [
      finding(
        'line_changed',
        file,
        { line: changed.line, sequence, offset: changed.offset },
        whatChanged(changed, sequence),
      ),
    ]
  })
}

function whatChanged({ link, why }: FoundLine, sequence: number): string {
  if (link === null) return why
  if (link.sequence !== sequence) return `it says that its sequence number is ${link.sequence}`
  return 'its hash is not the one that the line after it names'
}

function added(line: FoundLine, slots: readonly Slot[], { file }: Place): Finding {
  const same = slots.find((slot) => slot.line?.leaf === line.leaf)
  const detail = same === undefined ? 'no line was written here' : `it is a copy of line ${same.line?.line}`
  return finding(
    'line_added',
    file,
    { line: line.line, sequence: line.link?.sequence ?? null, offset: line.offset },
    detail,
  )
}

function moved(found: readonly FoundLine[], used: ReadonlySet<FoundLine>, { file }: Place): Finding[] {
  let highest = -1
  return found.flatMap((line) => {
    if (!used.has(line) || line.link === null) return []
    const { sequence } = line.link
    if (sequence > highest) {
      highest = sequence
      return []
    }
    const at = { line: line.line, sequence, offset: line.offset }
    return [finding('line_moved', file, at, `it stands behind the line with sequence number ${highest}`)]
  })
}

function unsure(slots: readonly Slot[], { file }: Place): Finding[] {
  return slots.flatMap(({ named, line, sequence }) => {
    if (named === null || line === null) return []
    const at = { line: line.line, lastLine: line.line + 1, sequence, offset: line.offset }
    return [
      finding('line_changed', file, at, 'the second of these lines does not name the first: one of them was changed'),
    ]
  })
}

/** Neighbours of the same kind are one finding: a segment of another log is not ten thousand of them. */
function merged(findings: readonly Finding[]): Finding[] {
  const all: Finding[] = []
  for (const one of [...findings].sort((a, b) => (a.line ?? 0) - (b.line ?? 0))) {
    const last = all.at(-1)
    if (last !== undefined && isNext(last, one)) all[all.length - 1] = { ...last, lastLine: lastOf(last, one) }
    else all.push(one)
  }
  return all
}

function isNext(a: Finding, b: Finding): boolean {
  if (a.kind !== b.kind || a.lastLine === null || b.line === null) return false
  const count = a.lastLine - (a.line ?? 0) + 1
  if (!MERGED.has(a.kind) || a.sequence === null || b.sequence !== a.sequence + count) return false
  return a.kind === 'line_missing' ? b.line === a.line : b.line === a.lastLine + 1
}

/** Missing lines have no numbers of their own: the last of them counts as if they were there. */
function lastOf(a: Finding, b: Finding): number | null {
  return a.kind === 'line_missing' ? (a.lastLine ?? 0) + 1 : b.lastLine
}

const MERGED: ReadonlySet<FindingKind> = new Set<FindingKind>([
  'line_changed',
  'line_missing',
  'line_added',
  'line_moved',
])
