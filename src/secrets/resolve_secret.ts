import { open } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { SallyportError } from '../errors.ts'

const OTHERS_MAY_READ = 0o077
const MAX_SECRET_BYTES = 64 * 1024

/**
 * The text behind `env:NAME` or `file:PATH`; a relative path starts at `baseDir`. One final newline is left out.
 * Rejects with `SP-CONFIG`, which names the reference and never the secret.
 */
export async function resolveSecret(reference: string, baseDir: string): Promise<string> {
  if (reference.startsWith('env:')) return fromEnvironment(reference.slice('env:'.length))
  if (reference.startsWith('file:')) return fromFile(reference.slice('file:'.length), baseDir)
  throw new SallyportError('SP-CONFIG', 'a secret is given by reference: env:NAME or file:PATH')
}

function fromEnvironment(variable: string): string {
  const value = process.env[variable]
  if (value === undefined || value === '') {
    throw new SallyportError('SP-CONFIG', `the environment variable ${variable} is not set`)
  }
  return value
}

/** The mode is read from the open file, so that it can't be another one than the text. */
async function fromFile(path: string, baseDir: string): Promise<string> {
  const full = isAbsolute(path) ? path : join(baseDir, path)
  const file = await open(full, 'r').catch(() => {
    throw new SallyportError('SP-CONFIG', `${path}: the file can't be read`)
  })
  try {
    const { mode, size } = await file.stat()
    if ((mode & OTHERS_MAY_READ) !== 0) {
      throw new SallyportError('SP-CONFIG', `${path}: others may read the file; run chmod 600`)
    }
    if (size > MAX_SECRET_BYTES) throw new SallyportError('SP-CONFIG', `${path}: too large for a secret`)
    const text = (await file.readFile('utf8')).replace(/\r?\n$/, '')
    if (text === '') throw new SallyportError('SP-CONFIG', `${path}: the file is empty`)
    return text
  } finally {
    await file.close()
  }
}
