/**
 * MySQL proper for machines whose own distribution has MariaDB alone: the packages of Debian sid, unpacked into the
 * cache and run from there with their own loader and libraries. apt works on a state of its own here, so the machine's
 * sources, lists and packages stay as they are.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DEBIAN_KEYRING, debianMirrors, privateApt } from './apt.ts'
import { cacheFolder } from './process.ts'

const PACKAGES = ['mysql-server-core', 'mysql-client-core']
const LAYOUT = 1

/** Loader of each processor that Debian builds MySQL for (Debian policy, multiarch tuples). */
const LOADERS: Readonly<Record<string, { readonly tuple: string; readonly loader: string }>> = {
  x64: { tuple: 'x86_64-linux-gnu', loader: 'ld-linux-x86-64.so.2' },
  arm64: { tuple: 'aarch64-linux-gnu', loader: 'ld-linux-aarch64.so.1' },
}

/** An unpacked MySQL. */
export interface MysqlTree {
  readonly root: string
  /** Program and first arguments that run a binary of the tree: its own loader with its own libraries. */
  program(path: string): readonly [string, ...string[]]
}

/** Why MySQL proper can't be had here, or null where it can. Downloads it where it is not in the cache yet. */
export function mysqlUnavailable(): string | null {
  try {
    mysqlTree()
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The unpacked MySQL of the cache, downloaded first where it is missing. Throws where that can't be done. */
export function mysqlTree(): MysqlTree {
  const { tuple, loader } = LOADERS[process.arch] ?? { tuple: '', loader: '' }
  if (process.platform !== 'linux' || tuple === '')
    throw new Error(`no MySQL packages for ${process.platform} ${process.arch}`)
  const root = join(cacheFolder(), `mysql-${LAYOUT}-${process.arch}`)
  if (!existsSync(join(root, 'usr/sbin/mysqld'))) download(root)
  const libraries = join(root, 'usr/lib', tuple)
  const path = [libraries, join(root, 'usr/lib/mysql/private')].join(':')
  return { root, program: (file) => [join(libraries, loader), '--library-path', path, join(root, file)] }
}

function download(root: string): void {
  mkdirSync(dirname(root), { recursive: true })
  const scratch = mkdtempSync(`${root}.`)
  try {
    const mirror = debianMirrors().find((uri) => /\/debian\/?$/.test(uri))
    if (mirror === undefined) throw new Error('apt knows no Debian archive')
    const apt = privateApt(scratch, [`deb [signed-by=${DEBIAN_KEYRING}] ${mirror} sid main`])
    apt(['-y', '-qq', '--download-only', 'install', ...PACKAGES])
    unpack(join(scratch, 'cache/archives'), join(scratch, 'tree'))
    renameInto(join(scratch, 'tree'), root)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function unpack(archives: string, tree: string): void {
  mkdirSync(join(tree, 'usr/lib'), { recursive: true })
  const packages = readdirSync(archives).filter((name) => name.endsWith('.deb'))
  for (const name of packages) execFileSync('dpkg-deb', ['-x', join(archives, name), tree], { stdio: 'pipe' })
  for (const unused of ['usr/share/doc', 'usr/share/man', 'usr/share/locale'])
    rmSync(join(tree, unused), { recursive: true, force: true })
}

/** Another test process may have been faster; then its tree serves. */
function renameInto(tree: string, root: string): void {
  try {
    renameSync(tree, root)
  } catch (error) {
    if (!existsSync(join(root, 'usr/sbin/mysqld'))) throw error
  }
}
