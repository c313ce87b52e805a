import { readFileSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SallyportError } from '../errors.ts'
import type { Notes } from '../session/ports.ts'

const OWNER_ONLY = 0o600

/** One text in one file: the old one or the new one is there at any time, whatever breaks. */
export function createNamesFile(path: string): Notes {
  let last: Promise<void> = Promise.resolve()
  return {
    read: () => readText(path),
    write: (text) => {
      // One after the other: an older text must not replace a newer one.
      last = last.catch(() => {}).then(() => replace(path, text))
      return last
    },
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw new SallyportError('SP-CONFIG', `${path} can't be read`, { cause: error })
  }
}

async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const next = `${path}.next`
  const file = await open(next, 'w', OWNER_ONLY)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(next, path)
}
