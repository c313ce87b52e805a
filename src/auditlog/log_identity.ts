import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import * as z from 'zod'
import { type NoteKey, noteKey, skeyOf } from '../audit/note.ts'
import { SallyportError } from '../errors.ts'
import type { Disk } from './log_file.ts'

/** Who writes a log, and by which keys its checkpoints are known: `log.json` in its directory. */

const identitySchema = z.strictObject({
  version: z.literal(1),
  /** `chain_uid` in the lines. */
  writer: z.string().min(1),
  /** The first line of checkpoints. */
  origin: z.string().min(1),
  /** Milliseconds since the epoch. */
  created: z.int(),
  /** From which size of the tree on each key signs; the last one now. */
  vkeys: z.array(z.strictObject({ vkey: z.string(), from: z.int().min(0) })).min(1),
})

export type LogIdentity = z.output<typeof identitySchema>

const FILE = 'log.json'
const SEED_BYTES = 32

/** Null where the directory holds no log yet. Throws `SP-AUDIT` where it can't be read. */
export function readIdentity(directory: string, disk: Pick<Disk, 'readText'>): LogIdentity | null {
  const text = disk.readText(join(directory, FILE))
  if (text === null) return null
  const parsed = identitySchema.safeParse(parsedJson(text))
  if (parsed.success) return parsed.data
  throw new SallyportError('SP-AUDIT', `${FILE} of the audit log can't be read`)
}

export async function writeIdentity(directory: string, identity: LogIdentity, disk: Disk): Promise<void> {
  await disk.replace(join(directory, FILE), `${JSON.stringify(identity, null, 2)}\n`)
  await disk.syncDirectory(directory)
}

/** The key that signs: as configured, or one that is made when it is first asked for. Throws `SP-AUDIT`. */
export async function signingKey(path: string, configured: string | null, name: string, disk: Disk): Promise<NoteKey> {
  const text = configured ?? disk.readText(path) ?? (await newKey(path, name, disk))
  const key = noteKey(text.trim())
  if (key === null || key.private === null) {
    throw new SallyportError('SP-AUDIT', 'the key of the audit log is no private key of a signed note')
  }
  return key
}

async function newKey(path: string, name: string, disk: Disk): Promise<string> {
  const skey = skeyOf(name, randomBytes(SEED_BYTES))
  await disk.replace(path, `${skey}\n`)
  return skey
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
