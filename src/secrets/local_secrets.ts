import { open } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { MAX_SECRET_BYTES, secretError } from './provider.ts'

const OTHERS_MAY_READ = 0o077

/**
 * The text behind `env:NAME` or `file:PATH`; a relative path starts at `baseDir`. One final newline is left out.
 * Rejects with `SP-CONFIG`, which names the reference and never the secret.
 */
export async function readLocal(reference: string, baseDir: string): Promise<string> {
  if (reference.startsWith('env:')) return fromEnvironment(reference.slice('env:'.length))
  if (reference.startsWith('file:')) return fromFile(reference.slice('file:'.length), baseDir)
  throw secretError('a secret that opens a provider is given as env:NAME or file:PATH')
}

function fromEnvironment(variable: string): string {
  const value = process.env[variable]
  if (value === undefined || value === '') throw secretError(`the environment variable ${variable} is not set`)
  return value
}

/** The mode is read from the open file, so that it can't be another one than the text. */
async function fromFile(path: string, baseDir: string): Promise<string> {
  const full = isAbsolute(path) ? path : join(baseDir, path)
  const file = await open(full, 'r').catch(() => {
    throw secretError(`${path}: the file can't be read`)
  })
  try {
    const { mode, size } = await file.stat()
    if ((mode & OTHERS_MAY_READ) !== 0) throw secretError(`${path}: others may read the file; run chmod 600`)
    if (size > MAX_SECRET_BYTES) throw secretError(`${path}: too large for a secret`)
    const text = (await file.readFile('utf8')).replace(/\r?\n$/, '')
    if (text === '') throw secretError(`${path}: the file is empty`)
    return text
  } finally {
    await file.close()
  }
}
