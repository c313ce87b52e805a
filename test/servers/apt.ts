/** Packages of Debian without touching the machine's own: apt works on a state, lists and cache in a folder given to it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onPath } from './process.ts'

export const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const DOWNLOAD_TIMEOUT_MS = 300_000

/** The addresses of the Debian archives that this machine already uses. */
export function debianMirrors(): readonly string[] {
  return indexTargets('$(REPO_URI)')
}

/** As `debianMirrors`, with the suite of each: `http://mirror/debian/ bookworm`. */
export function debianSuites(): readonly string[] {
  return indexTargets('$(REPO_URI) $(RELEASE)')
}

function indexTargets(format: string): readonly string[] {
  const targets = execFileSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    encoding: 'utf8',
  })
  return [...new Set(targets.split('\n'))].filter((line) => /\/debian(?:-security)?\/?(?: |$)/.test(line))
}

/**
 * `apt-get` over these sources alone, their lists read already; packages land in `scratch/cache/archives`, sources in
 * `scratch`. Throws where apt is missing or fails.
 */
export function privateApt(scratch: string, sources: readonly string[]): (args: readonly string[]) => void {
  for (const tool of ['apt-get', 'apt-config', 'dpkg-deb']) {
    if (!onPath(tool)) throw new Error(`${tool} is not installed, so packages can't be had`)
  }
  const configuration = writeConfiguration(scratch, sources)
  run(scratch, configuration, ['-qq', 'update'])
  return (args) => run(scratch, configuration, args)
}

function writeConfiguration(scratch: string, sources: readonly string[]): string {
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'none']) {
    mkdirSync(join(scratch, folder), { recursive: true })
  }
  writeFileSync(join(scratch, 'status'), '')
  writeFileSync(join(scratch, 'sources.list'), `${sources.join('\n')}\n`)
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
    // A mirror that stands still serves sid's index beyond its date; for tests an old server is as good.
    'Acquire::Check-Valid-Until "false";',
    'Debug::NoLocking "true";',
  ]
  const file = join(scratch, 'apt.conf')
  writeFileSync(file, `${settings.join('\n')}\n`)
  return file
}

/**
 * The machine's own proxy and certificate settings, and whether it compares an index with the clock. Its hooks would
 * work on its own cache, so nothing else is taken. Signatures are checked in any case.
 */
function networkSettings(): string[] {
  const lines = execFileSync('apt-config', ['dump', 'Acquire'], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => /^Acquire::(https?::|Check-Date )/.test(line))
}

function run(cwd: string, configuration: string, args: readonly string[]): void {
  const env = { ...process.env, APT_CONFIG: configuration, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    execFileSync('apt-get', args, { cwd, env, stdio: 'pipe', timeout: DOWNLOAD_TIMEOUT_MS })
  } catch (error) {
    const text =
      error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').slice(-2).join(' ') : ''
    throw new Error(`apt-get ${args.join(' ')} failed: ${text}`, { cause: error })
  }
}
