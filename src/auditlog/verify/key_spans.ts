import { type NoteKey, noteKey, openNote } from '../../audit/note.ts'
import type { LogIdentity } from '../log_identity.ts'
import { type Finding, finding } from './finding.ts'

/** A key, and the sizes of the tree at which it signs; at its ends together with the one before or after it. */
export interface KeySpan {
  readonly key: NoteKey
  readonly from: number
  readonly to: number
}

export interface KnownSpans {
  readonly spans: readonly KeySpan[]
  readonly findings: readonly Finding[]
}

const FILE = 'log.json'

/** The keys that were to sign a checkpoint of this size. */
export function dueAt(spans: readonly KeySpan[], size: number): NoteKey[] {
  return spans.filter(({ from, to }) => size >= from && size <= to).map(({ key }) => key)
}

/**
 * Which key signs from where to where. `log.json` says it, and is not believed: from a key that the reader was given, the
 * others are known by the checkpoints that two of them signed together. `notesAt` gives the notes of a size.
 */
export function spansOf(
  identity: LogIdentity | null,
  given: readonly NoteKey[],
  notesAt: (size: number) => readonly string[],
): KnownSpans {
  const named = identity === null ? [] : namedSpans(identity)
  const isKnown = named.map(({ key }) => given.some(({ vkey }) => vkey === key.vkey))
  if (!isKnown.includes(true)) {
    const spans = given.map((key) => ({ key, from: 0, to: Number.POSITIVE_INFINITY }))
    if (identity === null) return { spans, findings: [] }
    return { spans, findings: [finding('identity_differs', FILE, null, 'it names none of the keys that were given')] }
  }
  const findings: Finding[] = []
  const bridges = named.slice(1).map((after, index) => isBridged(named[index] as KeySpan, after, notesAt))
  for (const [index, isBridge] of bridges.entries()) {
    const { key, from } = named[index + 1] as KeySpan
    if (isBridge) continue
    const detail = `${key.name}+${key.id} signs from ${from} lines on, and no checkpoint of that size is signed by the key before too`
    findings.push(finding('key_rotation', FILE, null, detail))
  }
  // From what is known, forwards and backwards over the bridges.
  for (const [index, isBridge] of bridges.entries()) if (isBridge && isKnown[index]) isKnown[index + 1] = true
  for (let index = bridges.length - 1; index >= 0; index -= 1) {
    if (bridges[index] && isKnown[index + 1]) isKnown[index] = true
  }
  return { spans: named.filter((_, index) => isKnown[index]), findings: [...findings, ...unordered(identity)] }
}

function namedSpans({ vkeys }: LogIdentity): KeySpan[] {
  return vkeys.flatMap(({ vkey, from }, index) => {
    const key = noteKey(vkey)
    const to = vkeys[index + 1]?.from ?? Number.POSITIVE_INFINITY
    return key === null ? [] : [{ key, from: index === 0 ? 0 : from, to }]
  })
}

function isBridged(before: KeySpan, after: KeySpan, notesAt: (size: number) => readonly string[]): boolean {
  return notesAt(after.from).some((note) => {
    const opened = openNote(note, [before.key, after.key])
    return typeof opened !== 'string' && opened.by.length === 2
  })
}

function unordered(identity: LogIdentity | null): Finding[] {
  const { vkeys } = identity ?? { vkeys: [] }
  const isGood = vkeys.every(({ vkey, from }, index) => {
    const before = vkeys[index - 1]
    return noteKey(vkey) !== null && (before === undefined ? from === 0 : from > before.from)
  })
  return isGood ? [] : [finding('identity_differs', FILE, null, 'its keys are not in order')]
}
