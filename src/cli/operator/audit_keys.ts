import { randomBytes, randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { COSIGNED, type NoteKey, noteKey, SIGNED, skeyOf } from '../../audit/note.ts'
import { rotateKey } from '../../auditlog/key_rotation.ts'
import { disk } from '../../auditlog/log_file.ts'
import { readIdentity } from '../../auditlog/log_identity.ts'
import { setLogAside } from '../../auditlog/new_log.ts'
import { SallyportError } from '../../errors.ts'
import { VERSION } from '../../version.ts'
import { UsageError } from '../api/usage_error.ts'
import type { CliContext } from '../context.ts'
import { operatorConfig } from './operator_config.ts'

const OWNER_ONLY = 0o600
const SEED_BYTES = 32

export interface KeyNewOptions {
  readonly out: string
  readonly name: string
  readonly watcher: boolean
}

export interface KeyRotateOptions {
  readonly log: string
  readonly key: string
  readonly new: string
}

export interface NewLogOptions {
  readonly config: string
  readonly reason: string
}

/** The public key goes to standard output, for those who verify. */
export async function writeNewKey({ out, err }: CliContext, options: KeyNewOptions): Promise<void> {
  const { name, watcher, out: path } = options
  const skey = skeyNamed(name, watcher)
  const key = noteKey(skey) as NoteKey
  await writeFile(path, `${skey}\n`, { mode: OWNER_ONLY, flag: 'wx' }).catch((cause: unknown) => {
    throw new SallyportError('SP-INPUT', `${path} can't be written, or is there already`, { cause })
  })
  out(`${key.vkey}\n`)
  err(`The private key is in ${path}. Note the public one where the log's host can't change it.\n`)
}

function skeyNamed(name: string, watcher: boolean): string {
  try {
    return skeyOf(name, randomBytes(SEED_BYTES), watcher ? COSIGNED : SIGNED)
  } catch {
    throw new UsageError('the name of a key is not empty, and has no blanks and no plus')
  }
}

export async function rotate({ out }: CliContext, { log, key, new: next }: KeyRotateOptions): Promise<void> {
  const before = await privateKeyIn(key)
  const after = await privateKeyIn(next)
  const uid = readIdentity(log, disk)?.writer ?? ''
  const product = { version: VERSION, uid }
  const { from } = await rotateKey({ directory: log, before, after, product, id: randomUUID(), time: Date.now() }, disk)
  out(`${after.vkey}\nsigns from ${from} lines on; the checkpoint of that size is signed by both keys\n`)
}

/** Throws `SP-INPUT`. */
export async function privateKeyIn(path: string): Promise<NoteKey> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SallyportError('SP-INPUT', `${path} can't be read`, { cause })
  })
  const key = noteKey(text.trim())
  if (key === null || key.private === null) {
    throw new SallyportError('SP-INPUT', `${path} holds no private key, as \`audit key new\` writes it`)
  }
  return key
}

export async function newLog({ out }: CliContext, { config: dir, reason }: NewLogOptions): Promise<void> {
  if (reason.trim() === '') throw new UsageError('the reason is put on record: it must not be empty')
  const { node } = await operatorConfig(dir)
  const { path, size } = await setLogAside(node.audit.directory, { reason, time: Date.now() }, disk)
  out(
    `${path}: the log up to ${size} lines; the proxy begins a new one when it starts, and its first record says why\n`,
  )
}
