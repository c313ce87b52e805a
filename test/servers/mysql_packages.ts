/**
 * MySQL proper for machines whose own distribution has MariaDB alone: the packages of Debian sid, unpacked into the
 * cache and run from there with their own loader and libraries. apt works on a state of its own here, so the machine's
 * sources, lists and packages stay as they are.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheFolder, onPath } from './process.ts'

const PACKAGES = ['mysql-server-core', 'mysql-client-core']
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const DOWNLOAD_TIMEOUT_MS = 300_000
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
  for (const tool of ['apt-get', 'apt-config', 'dpkg-deb']) {
    if (!onPath(tool)) throw new Error(`${tool} is not installed, so the packages of MySQL can't be had`)
  }
  mkdirSync(dirname(root), { recursive: true })
  const scratch = mkdtempSync(`${root}.`)
  try {
    const configuration = writeAptConfiguration(scratch, debianMirror())
    apt(configuration, ['-qq', 'update'])
    apt(configuration, ['-y', '-qq', '--download-only', 'install', ...PACKAGES])
    unpack(join(scratch, 'cache/archives'), join(scratch, 'tree'))
    renameInto(join(scratch, 'tree'), root)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** The address of the Debian archive that this machine already uses. */
function debianMirror(): string {
  const targets = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], {
    encoding: 'utf8',
  })
  const mirror = targets.split('\n').find((uri) => /\/debian\/?$/.test(uri))
  if (mirror === undefined) throw new Error('apt knows no Debian archive')
  return mirror
}

function writeAptConfiguration(scratch: string, mirror: string): string {
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'none']) {
    mkdirSync(join(scratch, folder), { recursive: true })
  }
  writeFileSync(join(scratch, 'status'), '')
  writeFileSync(join(scratch, 'sources.list'), `deb [signed-by=${KEYRING}] ${mirror} sid main\n`)
  const settings = [
    ...networkSettings(),
    `Dir::State "${scratch}/state";`,
    `Dir::State::status "${scratch}/status";`,
    `Dir::Cache "${scratch}/cache";`,
    `Dir::Etc::sourcelist "${scratch}/sources.list";`,
    ...['sourceparts', 'parts', 'preferencesparts'].map((name) => `Dir::Etc::${name} "${scratch}/none";`),
    `Dir::Etc::preferences "${scratch}/none/preferences";`,
    'APT::Install-Recommends "false";',
    'APT::Sandbox::User "";',
    'Acquire::Languages "none";',
    'Acquire::Retries "2";',
    'Debug::NoLocking "true";',
  ]
  const file = join(scratch, 'apt.conf')
  writeFileSync(file, `${settings.join('\n')}\n`)
  return file
}

/**
 * The machine's own proxy and certificate settings, and how old an index it takes (a frozen mirror needs that said).
 * Its hooks would work on its own cache, so nothing else is taken. Signatures are checked in any case.
 */
function networkSettings(): string[] {
  const lines = execFileSync('apt-config', ['dump', 'Acquire'], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => /^Acquire::(https?::|Check-Valid-Until )/.test(line))
}

function apt(configuration: string, args: readonly string[]): void {
  const env = { ...process.env, APT_CONFIG: configuration, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    execFileSync('apt-get', args, { env, stdio: 'pipe', timeout: DOWNLOAD_TIMEOUT_MS })
  } catch (error) {
    const text =
      error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').slice(-2).join(' ') : ''
    throw new Error(`apt-get ${args.join(' ')} failed: ${text}`, { cause: error })
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
