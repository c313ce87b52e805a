import { followLine } from '../audit/chain.ts'
import type { SinkSettings } from '../session/sink_settings.ts'
import type { CheckpointFeed } from './checkpoint_feed.ts'
import { itemsOf, passes } from './items.ts'
import type { LineCursor } from './line_feed.ts'
import type { Position } from './position.ts'
import type { Item, SenderLimits } from './sender.ts'
import type { ShippedLine } from './shipped_line.ts'

/** What is sent next, and where the sink stands when it has taken it. */
export interface Batch {
  /** May be none: what the filter leaves out is passed over. */
  readonly items: readonly Item[]
  readonly next: number
  readonly last: Position['last']
  readonly checkpoint: number
  /** The time of the first line. */
  readonly oldest: number | null
}

export interface BatchSources {
  readonly settings: Pick<SinkSettings, 'filter' | 'format'>
  readonly cursor: LineCursor
  readonly checkpoints: Pick<CheckpointFeed, 'newest'>
}

/** Lines that are looked at for one batch, where the filter leaves most of them out. */
const MAX_SCANNED_BYTES = 8 * 1024 * 1024
/** For the checkpoint that goes last. */
const RESERVED_BYTES = 4096

/** Null where there is nothing. Throws `SP-AUDIT` where the log can't be read. */
export function gatherBatch(at: Position, limits: SenderLimits, sources: BatchSources): Batch | null {
  const { items, next, last, oldest } = gatherLines(at, limits, sources)
  const found = sources.checkpoints.newest(at.checkpoint, next)
  if (found !== null) items.push(...itemsOf(found.line, sources.settings.format, limits.maxItemBytes))
  if (items.length === 0 && last === null) return null
  return {
    items,
    next,
    oldest,
    last: last === null ? at.last : placeOf(last),
    checkpoint: found?.size ?? at.checkpoint,
  }
}

interface Gathered {
  readonly items: Item[]
  next: number
  last: ShippedLine | null
  oldest: number | null
}

function gatherLines(at: Position, limits: SenderLimits, { settings, cursor }: BatchSources): Gathered {
  const gathered: Gathered = { items: [], next: at.next, last: null, oldest: null }
  let bytes = RESERVED_BYTES
  let scanned = 0
  while (scanned < MAX_SCANNED_BYTES) {
    const lines = cursor.from(gathered.next)
    if (lines.length === 0) break
    for (const line of lines) {
      const made = passes(line, settings.filter) ? itemsOf(line, settings.format, limits.maxItemBytes) : []
      bytes += sizeOf(made)
      const full = gathered.items.length + made.length >= limits.maxItems || bytes > limits.maxBytes
      if (full && gathered.items.length > 0) return gathered
      gathered.items.push(...made)
      gathered.oldest ??= line.time
      gathered.next = line.sequence + 1
      gathered.last = line
      scanned += line.bytes
    }
  }
  return gathered
}

/** What is more than a sink takes at once, such as the pieces of one record, goes in several calls. */
export function* slicesOf(items: readonly Item[], { maxItems, maxBytes }: SenderLimits): Generator<readonly Item[]> {
  let slice: Item[] = []
  let bytes = 0
  for (const item of items) {
    const size = sizeOf([item])
    if (slice.length > 0 && (slice.length >= maxItems || bytes + size > maxBytes)) {
      yield slice
      slice = []
      bytes = 0
    }
    slice.push(item)
    bytes += size
  }
  if (slice.length > 0) yield slice
}

function sizeOf(items: readonly Item[]): number {
  return items.reduce((sum, { text }) => sum + Buffer.byteLength(text) + 1, 0)
}

/** Null for a line that is no record: there is nothing to compare with later. */
function placeOf({ text }: ShippedLine): Position['last'] {
  const state = followLine(null, text)
  return typeof state === 'string' ? null : { writer: state.writer, leaf: state.previous }
}
