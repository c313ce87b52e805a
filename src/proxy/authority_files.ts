import { randomUUID } from 'node:crypto'
import { link, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SallyportError } from '../errors.ts'
import { type AuthorityFiles, makeAuthority } from './authority.ts'

const NAME = 'client-authority.pem'
const OWNER_ALONE = 0o600
const OTHERS_MAY = 0o077
const SPLIT = '-----END CERTIFICATE-----\n'

/**
 * The authority of a proxy that was given none: made once in the data directory, for the eyes of its owner alone. Key and
 * certificate are one file, which comes to be whole or not at all, so that two processes agree on one. Rejects with
 * `SP-CONFIG` where others may read it.
 */
export async function ownAuthority(dataDir: string, now: number): Promise<AuthorityFiles> {
  const path = join(dataDir, NAME)
  return (await readAuthority(path)) ?? (await writeAuthority(path, now))
}

async function readAuthority(path: string): Promise<AuthorityFiles | null> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new SallyportError('SP-CONFIG', `${NAME}: the file can't be read`)
  })
  if (file === null) return null
  try {
    if (((await file.stat()).mode & OTHERS_MAY) !== 0) {
      throw new SallyportError('SP-CONFIG', `${NAME}: others may read the file; run chmod 600`)
    }
    const [cert = '', key = ''] = (await file.readFile('utf8')).split(SPLIT)
    return { cert: `${cert}${SPLIT}`, key }
  } finally {
    await file.close()
  }
}

/** A link is made only where the name is free: who comes second takes what the first one made. */
async function writeAuthority(path: string, now: number): Promise<AuthorityFiles> {
  const { cert, key } = makeAuthority(now)
  const draft = `${path}.${randomUUID()}`
  const file = await open(draft, 'wx', OWNER_ALONE)
  try {
    await file.writeFile(cert + key)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(draft, path)
    return { cert, key }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return (await readAuthority(path)) ?? { cert, key }
  } finally {
    await rm(draft, { force: true })
  }
}
