import { constants } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

const OWNER_ONLY = 0o600
const OWNER_ONLY_DIRECTORY = 0o700
const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_APPEND, O_RDONLY, O_DIRECTORY } = constants

/** After a crash or a power loss the file is either the old one or the new one, whole. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: OWNER_ONLY_DIRECTORY })
  const temporary = `${path}.tmp`
  const file = await open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, OWNER_ONLY)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  await syncDirectory(dirname(path))
}

/** On disk when it resolves. */
export async function appendDurably(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: OWNER_ONLY_DIRECTORY })
  const file = await open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, OWNER_ONLY)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncDirectory(dirname(path))
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, O_RDONLY | O_DIRECTORY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
