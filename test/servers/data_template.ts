import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { cacheFolder, runAs, type ServerFolder } from './process.ts'

const HASH_CHARACTERS = 12
/** PostgreSQL starts in no other. */
const OWNER_ONLY = 0o700

/**
 * A data directory for one server. Initialising takes seconds, so it is done once for each program (its path, size and
 * time) in the cache, by `make` into an empty place, and copied.
 */
export function copyTemplate(program: string, folder: ServerFolder, data: string, make: (fresh: string) => void): void {
  const { mtimeMs, size } = statSync(program)
  const version = createHash('sha256').update(`${program} ${mtimeMs} ${size}`).digest('hex').slice(0, HASH_CHARACTERS)
  const template = join(cacheFolder(), `${basename(program)}-data-${version}`)
  if (!existsSync(template)) makeTemplate(folder, template, make)
  runAs(null, 'cp', ['-r', '--reflink=auto', template, data])
  chmodSync(data, OWNER_ONLY)
  if (folder.account !== null) runAs(null, 'chown', ['-R', `${folder.account.uid}:${folder.account.gid}`, data])
}

function makeTemplate(folder: ServerFolder, template: string, make: (fresh: string) => void): void {
  const fresh = join(folder.path, 'fresh')
  make(fresh)
  // Each server has an identity of its own, made at its first start.
  rmSync(join(fresh, 'auto.cnf'), { force: true })
  mkdirSync(cacheFolder(), { recursive: true })
  const unfinished = `${template}.${process.pid}`
  cpSync(fresh, unfinished, { recursive: true })
  try {
    renameSync(unfinished, template)
  } catch (error) {
    if (!existsSync(template)) throw error
    rmSync(unfinished, { recursive: true, force: true })
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}
