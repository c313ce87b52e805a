import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { SallyportError } from '../errors.ts'
import type { RecordingHead } from './entries.ts'
import { HEAD_BYTES_MAX, readHead } from './recording_head.ts'
import { pathIn, RECORDING_SUFFIX } from './recordings.ts'

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export interface StoredRecording {
  readonly id: string
  readonly path: string
  readonly bytes: number
  /** Milliseconds since the epoch of its last write. */
  readonly writtenAt: number
  /** Null where its head can't be read. */
  readonly head: RecordingHead | null
}

export function isRecordingId(text: string): boolean {
  return ID.test(text)
}

/** Ids in the directory, the newest first: they are made in the order of time. None where there is no directory. */
export async function recordingIds(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return []
    throw new SallyportError('SP-INPUT', `${directory} can't be read`, { cause })
  })
  const ids = names
    .filter((name) => name.endsWith(RECORDING_SUFFIX))
    .map((name) => name.slice(0, -RECORDING_SUFFIX.length))
  return ids.filter(isRecordingId).sort().reverse()
}

/** Null for one that is gone. */
export async function storedRecording(directory: string, id: string): Promise<StoredRecording | null> {
  const path = pathIn(directory, id)
  try {
    const { size, mtimeMs } = await stat(path)
    return { id, path, bytes: size, writtenAt: mtimeMs, head: await headOf(path) }
  } catch {
    return null
  }
}

/** The sealed file. Rejects with `SP-NOT-FOUND`. */
export async function readRecording(directory: string, id: string): Promise<Uint8Array> {
  if (!isRecordingId(id)) throw unknown(id)
  return readFile(pathIn(directory, id)).catch((cause: unknown) => {
    throw new SallyportError('SP-NOT-FOUND', `there is no recording ${id} on this node`, { cause })
  })
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}

async function headOf(path: string): Promise<RecordingHead | null> {
  const file = await open(path)
  try {
    const begin = Buffer.alloc(HEAD_BYTES_MAX)
    const { bytesRead } = await file.read(begin, 0, begin.length, 0)
    return readHead(begin.subarray(0, bytesRead)).head
  } catch {
    return null
  } finally {
    await file.close()
  }
}

function unknown(id: string): SallyportError {
  return new SallyportError('SP-NOT-FOUND', `${id} is the id of no recording`)
}
