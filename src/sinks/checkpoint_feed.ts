import { hash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { APPLICATION_LIFECYCLE } from '../audit/ocsf_classes.ts'
import { notesPath, segmentsOf, startsOf } from '../auditlog/segments.ts'
import { isMissing } from '../auditlog/system_error.ts'
import type { ShippedLine } from './shipped_line.ts'
import { shippingEvent } from './shipping_event.ts'

/** A signed checkpoint as it goes to sinks. */
export interface ShippedCheckpoint {
  /** How many lines it covers. */
  readonly size: number
  readonly line: ShippedLine
}

interface NoteAt {
  readonly size: number
  readonly at: number
  readonly length: number
}

interface KnownNotes {
  readonly notes: NoteAt[]
  /** How much of the file has been looked at. */
  end: number
}

/** Files whose notes are kept in mind: that of the open segment, and that of a sink which is behind. */
const MAX_FILES = 4
const BLOCK_BYTES = 1024 * 1024

/** The signed checkpoints beside the segments. A note is three lines, an empty one, and the lines of signatures. */
export class CheckpointFeed {
  readonly #directory: string
  readonly #now: () => number
  readonly #known = new Map<number, KnownNotes>()

  constructor(directory: string, now: () => number) {
    this.#directory = directory
    this.#now = now
  }

  /** The newest one that covers more than `above` lines and at most `upTo`; null where there is none. */
  newest(above: number, upTo: number): ShippedCheckpoint | null {
    const all = new Set([...startsOf(this.#directory), ...segmentsOf(this.#directory).map(({ first }) => first)])
    const starts = [...all].filter((first) => first < upTo).sort((a, b) => a - b)
    // The notes of a segment are of sizes above its first line: further back than the last two nothing is newer.
    for (const first of starts.slice(-2).reverse()) {
      const found = this.#notesOf(first).findLast(({ size }) => size > above && size <= upTo)
      if (found !== undefined) return this.#shipped(first, found)
    }
    return null
  }

  #notesOf(first: number): readonly NoteAt[] {
    const known = this.#known.get(first) ?? { notes: [], end: 0 }
    withFile(notesPath(this.#directory, first), (fd, size) => {
      // Rewritten by retention, which leaves the last note alone.
      if (size < known.end) Object.assign(known, { notes: [], end: 0 })
      for (let block = readAt(fd, known.end, size); block.length > 0; block = readAt(fd, known.end, size)) {
        const taken = takeNotes(block, known)
        if (taken === 0) break
        known.end += taken
      }
    })
    this.#known.delete(first)
    this.#known.set(first, known)
    for (const old of [...this.#known.keys()].slice(0, -MAX_FILES)) this.#known.delete(old)
    return known.notes
  }

  #shipped(first: number, { size, at, length }: NoteAt): ShippedCheckpoint | null {
    let text = ''
    withFile(notesPath(this.#directory, first), (fd) => {
      const bytes = Buffer.alloc(length)
      readSync(fd, bytes, 0, length, at)
      text = bytes.toString('utf8')
    })
    return text === '' ? null : { size, line: checkpointLine(size, text, this.#now()) }
  }
}

function checkpointLine(size: number, note: string, time: number): ShippedLine {
  const uid = `checkpoint-${hash('sha256', note, 'hex').slice(0, 32)}`
  const code = 'log.checkpoint'
  const [origin = '', , root = ''] = note.split('\n')
  const sequence = size - 1
  const text = shippingEvent({
    ...{ uid, code, sequence, time, severity: 1, raw: note },
    message: `a signed checkpoint of the audit log over ${size} lines`,
    own: { checkpoint: { origin, size, root } },
  })
  return {
    sequence,
    text,
    bytes: Buffer.byteLength(text),
    uid,
    time,
    code,
    severity: 1,
    class: APPLICATION_LIFECYCLE.uid,
    target: null,
  }
}

/** Notes the places of whole notes in a block; returns how far they reach. */
function takeNotes(block: Buffer, known: KnownNotes): number {
  let taken = 0
  for (;;) {
    let begin = taken
    while (block[begin] === 0x0a) begin++
    const signatures = block.indexOf('\n\n', begin)
    if (signatures === -1) return taken
    const end = endOfSignatures(block, signatures + 2)
    if (end === -1) return taken
    const size = Number(block.toString('utf8', begin, signatures).split('\n')[1])
    if (Number.isSafeInteger(size)) known.notes.push({ size, at: known.end + begin, length: end - begin })
    taken = end
  }
}

const DASH = Buffer.from('— ')

/** After the last of the lines that begin with a dash; -1 where one of them is being written. */
function endOfSignatures(block: Buffer, start: number): number {
  let end = start
  while (block.subarray(end, end + DASH.length).equals(DASH)) {
    const newline = block.indexOf(0x0a, end)
    if (newline === -1) return -1
    end = newline + 1
  }
  return end === start ? -1 : end
}

function readAt(fd: number, from: number, size: number): Buffer {
  const block = Buffer.alloc(Math.max(0, Math.min(BLOCK_BYTES, size - from)))
  return block.subarray(0, readSync(fd, block, 0, block.length, from))
}

function withFile(path: string, use: (fd: number, size: number) => void): void {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if (isMissing(error)) return
    throw error
  }
  try {
    use(fd, fstatSync(fd).size)
  } finally {
    closeSync(fd)
  }
}
