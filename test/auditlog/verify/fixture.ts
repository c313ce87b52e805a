import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { chainLine, newChain } from '../../../src/audit/chain.ts'
import { checkpointText } from '../../../src/audit/checkpoint.ts'
import { CompactRange } from '../../../src/audit/merkle.ts'
import { type NoteKey, noteKey, signNote, skeyOf } from '../../../src/audit/note.ts'
import { startText } from '../../../src/auditlog/segment_start.ts'
import { segmentName } from '../../../src/auditlog/segments.ts'

export const ORIGIN = 'sallyport/node-1'
export const KEY = keyOf(1)
export const OTHER_KEY = keyOf(2)

export function keyOf(seed: number): NoteKey {
  return noteKey(skeyOf(ORIGIN, new Uint8Array(32).fill(seed))) as NoteKey
}

export interface LogSpec {
  /** How many lines each segment has; the last one is open. */
  readonly segments: readonly number[]
  /** A checkpoint every so many lines, and at the end of each closed segment. */
  readonly every: number
  /** Lines at the end without a checkpoint. */
  readonly tail?: number
  readonly compress?: boolean
  /** From which size on which key signs. */
  readonly keys?: readonly (readonly [number, NoteKey])[]
  readonly text?: (n: number) => string
  readonly writer?: string
  /** The line that tells that the first segment is deleted. */
  readonly deletion?: number
}

/** The files of a log, by name: as the writer of record leaves them. */
export function logFiles(spec: LogSpec): Map<string, Buffer> {
  const { segments, every, tail = 0, compress = false, keys = [[0, KEY]], writer = 'node-1' } = spec
  const files = new Map<string, Buffer>()
  const total = segments.reduce((sum, one) => sum + one, 0)
  let state = newChain(writer)
  const range = CompactRange.empty()
  for (const [index, count] of segments.entries()) {
    const first = state.next
    const name = segmentName(first)
    const isOpen = index === segments.length - 1
    if (first > 0)
      files.set(`${name}.start`, Buffer.from(startText({ first, previous: state.previous, range: range.copy() })))
    const lines: string[] = []
    const notes: string[] = []
    for (let n = 0; n < count; n += 1) {
      const next = chainLine(state, record(state.next, spec))
      state = next.state
      lines.push(`${next.line}\n`)
      range.append(Buffer.from(state.previous, 'hex'))
      const { size } = range
      const isEnd = !isOpen && n === count - 1
      const isKeyChange = keys.some(([from]) => from === size)
      if ((size % every === 0 || isEnd || isKeyChange || size === total) && size <= total - tail) {
        notes.push(signNote(checkpointText({ origin: ORIGIN, size, root: range.root() }), keysAt(keys, size)))
      }
    }
    const bytes = Buffer.from(lines.join(''))
    if (compress && !isOpen) files.set(`${name}.ndjson.zst`, zstdCompressSync(bytes))
    else files.set(`${name}.ndjson`, bytes)
    if (notes.length > 0) files.set(`${name}.notes`, Buffer.from(notes.join('\n')))
  }
  const vkeys = keys.map(([from, { vkey }]) => ({ vkey, from }))
  const identity = { version: 1, writer, origin: ORIGIN, created: 1_700_000_000_000, vkeys }
  files.set('log.json', Buffer.from(`${JSON.stringify(identity, null, 2)}\n`))
  return files
}

function keysAt(keys: readonly (readonly [number, NoteKey])[], size: number): NoteKey[] {
  return keys.flatMap(([from, key], index) => {
    const to = keys[index + 1]?.[0] ?? Number.POSITIVE_INFINITY
    return size >= from && size <= to ? [key] : []
  })
}

function record(n: number, { text = (one) => `line ${one}`, keys = [], deletion }: LogSpec) {
  if (n === deletion) {
    return {
      body: `{"time":${1_700_000_000_000 + n},"unmapped":{"jit":{"log":{"first":0,"next":4}`,
      metadata: `"uid":"u${n}","event_code":"log.segment_deleted"`,
    }
  }
  const rotated = keys.find(([from]) => from > 0 && from - 1 === n)?.[1]
  const code = rotated === undefined ? 'db.decision' : 'log.key_rotated'
  const vkey = rotated === undefined ? '' : `,"vkey":${JSON.stringify(rotated.vkey)}`
  return {
    body: `{"time":${1_700_000_000_000 + n},"message":${JSON.stringify(text(n))},"unmapped":{"jit":{"n":${n}${vkey}`,
    metadata: `"uid":"u${n}","event_code":"${code}"`,
  }
}

export function writeLog(directory: string, files: ReadonlyMap<string, Buffer>): void {
  mkdirSync(directory, { recursive: true })
  for (const name of readdirSync(directory)) if (!files.has(name)) rmSync(join(directory, name))
  for (const [name, bytes] of files) writeFileSync(join(directory, name), bytes)
}
