import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isMissing } from '../auditlog/system_error.ts'
import { appendDurably } from './atomic_file.ts'
import type { Refused } from './sender.ts'

/** Which record a sink refused for good. The record itself stands in the log: no second file has statements in it. */
export interface DeadLetter {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly sequence: number
  readonly uid: string
  readonly code: string
  readonly why: string
}

/** Beyond it the older half is given up: the log still has the records, and the metric has counted them. */
const MAX_BYTES = 16 * 1024 * 1024

export function deadLettersPath(directory: string, sink: string): string {
  return join(directory, `${sink}.dead.ndjson`)
}

export async function addDeadLetters(
  directory: string,
  sink: string,
  refused: readonly Refused[],
  time: number,
): Promise<void> {
  if (refused.length === 0) return
  const path = deadLettersPath(directory, sink)
  if ((await sizeOf(path)) > MAX_BYTES / 2) await rename(path, `${path}.1`)
  await appendDurably(path, refused.map((one) => `${JSON.stringify(letterOf(one, time))}\n`).join(''))
}

/** In order, the older file first; those that a retry has taken and not finished are among them. */
export async function* deadLetters(directory: string, sink: string): AsyncGenerator<DeadLetter> {
  for (const path of await filesOf(directory, sink)) yield* lettersIn(path)
}

/**
 * Takes all letters out of the files where the running program may add others meanwhile. What comes of them is `done`
 * when it has been added again or delivered; before that, they are still there.
 */
export async function takeDeadLetters(
  directory: string,
  sink: string,
): Promise<{ readonly letters: readonly DeadLetter[]; readonly done: () => Promise<void> }> {
  const path = deadLettersPath(directory, sink)
  for (const file of [`${path}.1`, path]) {
    await unlessMissing(rename(file, join(directory, `${sink}.retry-${Date.now()}-${randomUUID()}.ndjson`)))
  }
  const files = await filesOf(directory, sink)
  const taken = files.filter((file) => file.includes('.retry-'))
  const letters: DeadLetter[] = []
  for (const file of taken) for await (const letter of lettersIn(file)) letters.push(letter)
  return { letters, done: async () => void (await Promise.all(taken.map((file) => unlink(file)))) }
}

export async function countDeadLetters(directory: string, sink: string): Promise<number> {
  let count = 0
  for await (const _ of deadLetters(directory, sink)) count++
  return count
}

function letterOf({ item: { sequence, uid, code }, why }: Refused, time: number): DeadLetter {
  return { time, sequence, uid, code, why }
}

async function filesOf(directory: string, sink: string): Promise<string[]> {
  const names = (await unlessMissing(readdir(directory))) ?? []
  const retried = names.filter((name) => name.startsWith(`${sink}.retry-`)).sort()
  const dead = [`${sink}.dead.ndjson.1`, `${sink}.dead.ndjson`].filter((name) => names.includes(name))
  return [...retried, ...dead].map((name) => join(directory, name))
}

async function* lettersIn(path: string): AsyncGenerator<DeadLetter> {
  const lines = createInterface({ input: createReadStream(path, 'utf8') })
  for await (const line of lines) {
    const letter = parsed(line)
    if (letter !== null) yield letter
  }
}

/** Null for the torn last line of a crash. */
function parsed(line: string): DeadLetter | null {
  try {
    return JSON.parse(line) as DeadLetter
  } catch {
    return null
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await unlessMissing(stat(path)))?.size ?? 0
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
