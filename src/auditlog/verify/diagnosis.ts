import { hash } from 'node:crypto'
import { linkOf } from '../../audit/chain.ts'
import type { SegmentBytes } from '../segment_bytes.ts'
import { type Finding, finding } from './finding.ts'
import { findingsOf, type Slot, slotsOf } from './placed_lines.ts'
import { type Checked, rangeOf, type SegmentJob, textOf } from './segment_check.ts'
import { eachLine, type LineAt } from './segment_lines.ts'

/** A line as it stands in the file. */
export interface FoundLine {
  /** From 1. */
  readonly line: number
  readonly offset: number
  /** Hex. */
  readonly leaf: string
  readonly link: { readonly sequence: number; readonly previous: string } | null
  readonly whole: boolean
  /** Why it has no link. */
  readonly why: string
}

/** More contradictions than these are not tried out. */
const MAX_UNSURE = 4
const HASH = /^[0-9a-f]{64}$/
const ABOUT_LOG = /"event_code":"(log\.[a-z_]+)"/

/** A segment in which something is wrong: what it is, and what of the rest still holds. */
export function diagnose(bytes: SegmentBytes, job: SegmentJob, writer: string, previous: string): Checked {
  const found: FoundLine[] = []
  const events: Checked['events'][number][] = []
  eachLine(bytes, (line) => {
    const text = textOf(line)
    const one = foundLine(line, text, found.length + 1, writer)
    found.push(one)
    const code = ABOUT_LOG.exec(text)?.[1]
    if (code !== undefined && one.link !== null) events.push({ code, sequence: one.link.sequence, line: text })
    return true
  })
  const { first } = job.segment
  const next = job.end ?? endOf(found, first)
  const { file, end, endPrevious } = job
  const place = { file, first, next, previous, endPrevious, isClosed: end !== null }
  const slots = settled(slotsOf(found, place), job)
  const findings = [...findingsOf(slots, found, place), ...tornLine(found, job)]
  return { ...treeOf(slots, job), next, lines: found.length, findings, events }
}

/** Where two lines contradict each other, what was signed tells which of them was changed. */
function settled(slots: readonly Slot[], job: SegmentJob): readonly Slot[] {
  const unsure = slots.filter(({ named }) => named !== null)
  if (unsure.length === 0 || unsure.length > MAX_UNSURE) return slots
  let best = slots
  let most = matches(slots, job)
  for (let choice = 1; choice < 2 ** unsure.length; choice += 1) {
    const taken = new Set(unsure.filter((_, index) => (choice >> index) % 2 === 1))
    const other = slots.map((slot) => (taken.has(slot) ? { ...slot, line: null, leaf: slot.named, named: null } : slot))
    const count = matches(other, job)
    if (count > most) [best, most] = [other, count]
  }
  const { roots } = treeOf(best, job)
  const proven = Math.max(0, ...[...roots].flatMap(([size, root]) => (job.signed.get(size) === root ? [size] : [])))
  return best.map((slot) => (slot.sequence < proven ? { ...slot, named: null } : slot))
}

function matches(slots: readonly Slot[], job: SegmentJob): number {
  return [...treeOf(slots, job).roots].filter(([size, root]) => job.signed.get(size) === root).length
}

function foundLine(at: LineAt, text: string, line: number, writer: string): FoundLine {
  const bytes = Buffer.concat([Buffer.of(0), at.block.subarray(at.begin, at.end)])
  const place = { line, offset: at.offset, whole: at.whole, leaf: hash('sha256', bytes, 'hex') }
  if (!at.whole) return { ...place, link: null, why: 'it is not whole' }
  const link = linkOf(text)
  if (link === null)
    return { ...place, link: null, why: isJson(text) ? 'it is no record with a chain' : 'it is not JSON' }
  if (link.writer !== writer) return { ...place, link: null, why: `it was written by ${JSON.stringify(link.writer)}` }
  if (!HASH.test(link.previous)) return { ...place, link: null, why: 'it names no line before it' }
  return { ...place, link, why: '' }
}

/** One more than the highest number, of those that stand where they may be. */
function endOf(found: readonly FoundLine[], first: number): number {
  const most = first + found.length * 2
  const numbers = found.flatMap(({ link }) => (link === null || link.sequence > most ? [] : [link.sequence]))
  const last = found.at(-1)
  // A last line that can't be read was one.
  const unread = last?.whole && last.link === null ? 1 : 0
  return numbers.reduce((high, one) => Math.max(high, one + 1), first) + unread
}

function tornLine(found: readonly FoundLine[], job: SegmentJob): Finding[] {
  const last = found.at(-1)
  if (last === undefined || last.whole || job.end !== null) return []
  const place = { line: last.line, sequence: null, offset: last.offset }
  return [finding('line_torn', job.file, place, 'the log ends within a line: a write was cut short, or the file was')]
}

/** The tree goes on as long as the leaf hashes are known. */
function treeOf(slots: readonly Slot[], job: SegmentJob): Pick<Checked, 'previous' | 'range' | 'roots'> {
  const roots = new Map<number, string>()
  const previous = slots.length === 0 ? job.previous : (slots.at(-1)?.leaf ?? null)
  const range = rangeOf(job)
  if (range === null) return { previous, range, roots }
  for (const { leaf } of slots) {
    if (leaf === null) return { previous, range: null, roots }
    range.append(Buffer.from(leaf, 'hex'))
    if (job.sizes.has(range.size)) roots.set(range.size, Buffer.from(range.root()).toString('base64'))
  }
  return { previous, range, roots }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
