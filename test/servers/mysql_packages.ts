/**
 * Servers of the MySQL family that the machine's own distribution lacks: packages of Debian sid, unpacked into the
 * cache and run from there with their own loader and libraries. apt works on a state of its own here, so the machine's
 * sources, lists and packages stay as they are. Any other version can be tested from a folder of unpacked packages
 * that an environment variable names.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DEBIAN_KEYRING, debianMirrors, privateApt } from './apt.ts'
import { cacheFolder } from './process.ts'

interface Product {
  readonly name: 'mysql' | 'mariadb'
  readonly server: string
  readonly packages: readonly string[]
  /** Names a folder of unpacked packages that takes the place of the usual server. */
  readonly variable: 'SALLYPORT_MYSQL_TREE' | 'SALLYPORT_MARIADB_TREE'
}

const MYSQL: Product = {
  name: 'mysql',
  server: 'usr/sbin/mysqld',
  packages: ['mysql-server-core', 'mysql-client-core'],
  variable: 'SALLYPORT_MYSQL_TREE',
}

const MARIADB: Product = {
  name: 'mariadb',
  server: 'usr/sbin/mariadbd',
  packages: ['mariadb-server-core', 'mariadb-client-core'],
  variable: 'SALLYPORT_MARIADB_TREE',
}

const LAYOUT = 1

/** Loader of each processor that Debian builds these servers for (Debian policy, multiarch tuples). */
const LOADERS: Readonly<Record<string, { readonly tuple: string; readonly loader: string }>> = {
  x64: { tuple: 'x86_64-linux-gnu', loader: 'ld-linux-x86-64.so.2' },
  arm64: { tuple: 'aarch64-linux-gnu', loader: 'ld-linux-aarch64.so.1' },
}

/** Unpacked packages of one server and its clients. */
export interface ServerTree {
  readonly root: string
  /** The server's program within the tree. */
  readonly server: string
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

/** The MySQL that was asked for, else that of the cache, downloaded where it is missing. Throws where it can't be had. */
export function mysqlTree(): ServerTree {
  return chosenTree(MYSQL) ?? cachedTree(MYSQL)
}

/** The MariaDB that was asked for in place of the machine's own, or null. */
export function chosenMariadb(): ServerTree | null {
  return chosenTree(MARIADB)
}

/** Debian sid's MariaDB of the cache, downloaded where it is missing. Throws where it can't be had. */
export function newerMariadb(): ServerTree {
  return cachedTree(MARIADB)
}

function chosenTree(product: Product): ServerTree | null {
  const root = process.env[product.variable]
  if (root === undefined || root === '') return null
  if (!existsSync(join(root, product.server))) throw new Error(`${product.variable} has no ${product.server}`)
  return treeAt(root, product)
}

function cachedTree(product: Product): ServerTree {
  const root = join(cacheFolder(), `${product.name}-${LAYOUT}-${process.arch}`)
  const tree = treeAt(root, product)
  if (!existsSync(join(root, product.server))) download(product, root)
  return tree
}

function treeAt(root: string, { name, server }: Product): ServerTree {
  const { tuple, loader } = LOADERS[process.arch] ?? { tuple: '', loader: '' }
  if (process.platform !== 'linux' || tuple === '')
    throw new Error(`no ${name} packages for ${process.platform} ${process.arch}`)
  const libraries = join(root, 'usr/lib', tuple)
  const path = [libraries, join(root, 'usr/lib/mysql/private')].join(':')
  return { root, server, program: (file) => [join(libraries, loader), '--library-path', path, join(root, file)] }
}

function download(product: Product, root: string): void {
  mkdirSync(dirname(root), { recursive: true })
  const scratch = mkdtempSync(`${root}.`)
  try {
    const mirror = debianMirrors().find((uri) => /\/debian\/?$/.test(uri))
    if (mirror === undefined) throw new Error('apt knows no Debian archive')
    const apt = privateApt(scratch, [`deb [signed-by=${DEBIAN_KEYRING}] ${mirror} sid main`])
    apt(['-y', '-qq', '--download-only', 'install', ...product.packages])
    unpack(join(scratch, 'cache/archives'), join(scratch, 'tree'))
    renameInto(join(scratch, 'tree'), root, product.server)
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
function renameInto(tree: string, root: string, server: string): void {
  try {
    renameSync(tree, root)
  } catch (error) {
    if (!existsSync(join(root, server))) throw error
  }
}
