import { constants } from 'node:fs'
import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises'
import { isMissing } from '../../auditlog/system_error.ts'
import type { FileSinkSettings } from '../../session/sink_settings.ts'
import { type Item, type Sender, SinkError } from '../sender.ts'

const MAX_ITEMS = 10_000
const MAX_BYTES = 16 * 1024 * 1024
const OWNER_ONLY = 0o600
const BLOCK_BYTES = 65_536
const NEWLINE = 0x0a
const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants

/**
 * By path, what is under way. On a network file system that hangs it does not come back, and holds one of the few threads
 * that the log of record needs too: a second one is never begun.
 */
const underWay = new Map<string, Promise<void>>()

/** Appends lines to a file, which may be rotated, by us or by others. */
export function createFileSender(settings: FileSinkSettings): Sender {
  const { path } = settings
  let file: FileHandle | null = null
  let closed = false
  const close = async () => {
    const last = file
    file = null
    await last?.close()
  }
  const append = async (items: readonly Item[]) => {
    if (file !== null && !(await isStillAt(file, path))) await close()
    file ??= await opened(path)
    const before = (await file.stat()).size
    try {
      await file.appendFile(linesOf(items))
      if (settings.fsync) await file.sync()
    } catch (error) {
      // A part of a line would stand before the line itself when it comes again.
      await file.truncate(before)
      throw error
    }
    if (settings.maxBytes === null || (await file.stat()).size < settings.maxBytes) return
    await close()
    await rotate(path, settings.keep)
  }
  return {
    limits: { maxItems: MAX_ITEMS, maxBytes: MAX_BYTES, maxItemBytes: MAX_BYTES },
    send: async (items, signal) => {
      await turn(path, signal)
      const appending = append(items).finally(async () => {
        underWay.delete(path)
        if (closed) await close()
      })
      underWay.set(path, appending)
      await appending
      return []
    },
    close: async () => {
      closed = true
      if (!underWay.has(path)) await close()
    },
  }
}

/** Resolves when nothing else is under way at the path. */
async function turn(path: string, signal: AbortSignal): Promise<void> {
  const late = Promise.withResolvers<never>()
  const giveUp = () => late.reject(new SinkError('the file has not answered yet'))
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    for (let before = underWay.get(path); before !== undefined; before = underWay.get(path)) {
      await Promise.race([before.catch(() => undefined), late.promise])
    }
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

/** Whoever moved the file away wants what follows in a new one. */
async function isStillAt(file: FileHandle, path: string): Promise<boolean> {
  try {
    const [mine, there] = [await file.stat(), await stat(path)]
    return mine.ino === there.ino && mine.dev === there.dev
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

async function opened(path: string): Promise<FileHandle> {
  const file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, OWNER_ONLY)
  try {
    await cutTornLine(file)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** What a crash has left of a line comes again whole. */
async function cutTornLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat()
  for (let end = size; end > 0; ) {
    const block = Buffer.alloc(Math.min(BLOCK_BYTES, end))
    const { bytesRead } = await file.read(block, 0, block.length, end - block.length)
    if (bytesRead < block.length) throw new SinkError('the file changes while it is read')
    const newline = block.lastIndexOf(NEWLINE)
    const whole = newline === -1 ? end - block.length : end - block.length + newline + 1
    if (newline !== -1 || whole === 0) {
      if (whole < size) await file.truncate(whole)
      return
    }
    end = whole
  }
}

/** `path` becomes `path.1`, that `path.2`, and so on; the last one goes. */
async function rotate(path: string, keep: number): Promise<void> {
  if (keep === 0) return await unlink(path)
  for (let number = keep - 1; number >= 1; number--) await renameIfThere(`${path}.${number}`, `${path}.${number + 1}`)
  await rename(path, `${path}.1`)
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** Each text is encoded once, where it goes: joined before, they were most of what this sink cost. */
function linesOf(items: readonly Item[]): Buffer {
  const bytes = Buffer.allocUnsafe(items.reduce((sum, { text }) => sum + Buffer.byteLength(text) + 1, 0))
  let end = 0
  for (const { text } of items) {
    end += bytes.write(text, end)
    bytes[end++] = NEWLINE
  }
  return bytes
}
