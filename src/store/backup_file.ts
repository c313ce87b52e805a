import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import * as z from 'zod'
import { SallyportError } from '../errors.ts'

/** The file of a backup: a line that says what it is, a line for each record, and a last one that proves it whole. */

const OWNER_ONLY = 0o600
/** Lines that are written at once. */
const MAX_BUFFERED = 500

const headerSchema = z.strictObject({
  backup: z.literal('sallyport'),
  format: z.literal(1),
  schema: z.int(),
  takenAt: z.int(),
  node: z.string(),
  /** Where the audit log stood, as its owner names it. */
  logPosition: z.unknown(),
  /** What the keys are called that the backup needs beside itself; never the keys. */
  keys: z.array(z.string()),
})

const lineSchema = z.strictObject({ table: z.string(), row: z.unknown() })
const footerSchema = z.strictObject({ lines: z.int(), sha256: z.string() })

export type BackupHeader = Omit<z.output<typeof headerSchema>, 'backup' | 'format'>

export interface BackupLine {
  readonly table: string
  readonly row: unknown
}

/** Writes beside `path`, and takes its name when everything is on disk. An existing file is replaced. */
export async function writeBackup(
  path: string,
  header: BackupHeader,
  fill: (add: (line: BackupLine) => Promise<void>) => Promise<void>,
): Promise<number> {
  const next = `${path}.next`
  const file = await open(next, 'w', OWNER_ONLY)
  const hash = createHash('sha256')
  let lines = 0
  let buffered: string[] = []
  const flush = async () => {
    const text = buffered.join('')
    buffered = []
    hash.update(text)
    await file.writeFile(text)
  }
  try {
    buffered.push(lineOf({ backup: 'sallyport', format: 1, ...header }))
    await fill(async (line) => {
      lines++
      buffered.push(lineOf(line))
      if (buffered.length >= MAX_BUFFERED) await flush()
    })
    await flush()
    await file.writeFile(lineOf({ lines, sha256: hash.digest('hex') }))
    await file.sync()
  } catch (error) {
    await file.close()
    await rm(next, { force: true })
    throw error
  }
  await file.close()
  await rename(next, path)
  return lines
}

/** Rejects with `SP-STORE` where the file is no backup, or not all of one. */
export async function checkBackup(path: string): Promise<{ readonly header: BackupHeader; readonly records: number }> {
  const hash = createHash('sha256')
  let header: BackupHeader | null = null
  let last: string | null = null
  let lines = 0
  for await (const line of linesOf(path)) {
    if (last !== null) hash.update(`${last}\n`)
    if (header === null) header = headerOf(line)
    else lines++
    last = line
  }
  const footer = footerSchema.safeParse(jsonOf(last ?? ''))
  // The last line is the footer itself.
  if (
    header === null ||
    !footer.success ||
    footer.data.lines !== lines - 1 ||
    footer.data.sha256 !== hash.digest('hex')
  ) {
    throw new SallyportError('SP-STORE', 'the backup is not whole: its last line does not prove the others')
  }
  return { header, records: footer.data.lines }
}

/** The records of a file that was checked. */
export async function* readBackup(path: string): AsyncGenerator<BackupLine> {
  let first = true
  for await (const line of linesOf(path)) {
    const parsed = first ? null : lineSchema.safeParse(jsonOf(line))
    first = false
    if (parsed?.success) yield parsed.data
  }
}

function lineOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

function linesOf(path: string): AsyncIterable<string> {
  const input = createReadStream(path, 'utf8')
  return createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
}

function headerOf(line: string): BackupHeader {
  const parsed = headerSchema.safeParse(jsonOf(line))
  if (!parsed.success) throw new SallyportError('SP-STORE', 'the file is no backup of Sallyport')
  const { backup: _backup, format: _format, ...header } = parsed.data
  return header
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new SallyportError('SP-STORE', 'a line of the backup is no JSON', { cause: error })
  }
}
