import { fromBase64, toBase64 } from '../bytes/base64.ts'

/** What a log signs: c2sp.org/tlog-checkpoint, without extension lines. */
export interface Checkpoint {
  /** Which log. */
  readonly origin: string
  /** How many lines the tree has. */
  readonly size: number
  /** RFC 6962. */
  readonly root: Uint8Array
}

const ROOT_BYTES = 32

/** The text of the note. */
export function checkpointText(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${toBase64(checkpoint.root)}\n`
}

/** Null where the text is not exactly that of a checkpoint without extension lines. */
export function readCheckpoint(text: string): Checkpoint | null {
  const [origin, size, root, end, ...rest] = text.split('\n')
  if (origin === undefined || origin === '' || size === undefined || root === undefined) return null
  if (end !== '' || rest.length > 0 || !/^(0|[1-9]\d*)$/.test(size)) return null
  const bytes = fromBase64(root)
  if (bytes?.length !== ROOT_BYTES || !Number.isSafeInteger(Number(size))) return null
  return { origin, size: Number(size), root: bytes }
}
