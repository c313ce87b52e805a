import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DEBIAN_KEYRING, debianSuites, privateApt } from '../servers/apt.ts'
import { cacheFolder } from '../servers/process.ts'

/** `regress` runs statements with psql, `isolation` those of several sessions that wait for one another. */
export type SuiteName = 'regress' | 'isolation'

/** One of PostgreSQL's own suites, of the very version that is installed here. */
export interface RegressionSuite {
  readonly name: SuiteName
  /** `src/test/regress` or `src/test/isolation`: statements, expected answers, data, the schedule. */
  readonly source: string
  readonly schedule: string
  /** Modules in C that the suite loads into the server. */
  readonly modules: string
  /** The program that runs it, and the folder of the psql that it runs. */
  readonly program: string
  readonly binaries: string
}

const SCHEDULES = { regress: 'parallel_schedule', isolation: 'isolation_schedule' } as const
const PROGRAMS = { regress: 'pg_regress', isolation: 'pg_isolation_regress' } as const
const MODULES = ['src/test/regress/regress.c', 'contrib/spi/refint.c', 'contrib/spi/autoinc.c']

/** The suite from Debian's source package, its modules built; kept in the cache. Throws where that can't be done. */
export function regressionSuite(major: number, name: SuiteName): RegressionSuite {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format
  const version = execFileSync('dpkg-query', ['-W', '-f', '${Version}', `postgresql-${major}`], { encoding: 'utf8' })
  const root = join(cacheFolder(), `suites-${version}`)
  if (!existsSync(root)) prepare(root, major, version)
  return {
    name,
    source: join(root, name),
    schedule: SCHEDULES[name],
    modules: join(root, 'modules'),
    program: `/usr/lib/postgresql/${major}/lib/pgxs/src/test/${name}/${PROGRAMS[name]}`,
    binaries: `/usr/lib/postgresql/${major}/bin`,
  }
}

function prepare(root: string, major: number, version: string): void {
  mkdirSync(dirname(root), { recursive: true })
  const scratch = mkdtempSync(`${root}.`)
  try {
    const suites = debianSuites().map((suite) => `[signed-by=${DEBIAN_KEYRING}] ${suite} main`)
    const sources = suites.flatMap((suite) => [`deb ${suite}`, `deb-src ${suite}`])
    const apt = privateApt(scratch, sources)
    apt(['-qq', '--download-only', 'source', `postgresql-${major}=${version}`])
    apt(['-qq', 'download', `postgresql-server-dev-${major}=${version}`])
    const tree = unpack(scratch)
    const built = join(scratch, 'built')
    mkdirSync(join(built, 'modules'), { recursive: true })
    for (const module of MODULES) compile(scratch, major, join(tree, module), join(built, 'modules'))
    for (const name of ['regress', 'isolation'])
      cpSync(join(tree, 'src/test', name), join(built, name), { recursive: true })
    // The server reads the suite's data, and as another account.
    chmodSync(built, 0o755)
    renameSync(built, root)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function unpack(scratch: string): string {
  const files = readdirSync(scratch)
  const archive = files.find((name) => /\.orig\.tar\.\w+$/.test(name))
  const headers = files.find((name) => name.endsWith('.deb'))
  if (archive === undefined || headers === undefined) throw new Error('apt gave no source package')
  const wanted = ['*/src/test/regress/*', '*/src/test/isolation/*', '*/contrib/spi/*']
  execFileSync('tar', ['xf', archive, '--wildcards', ...wanted], { cwd: scratch })
  execFileSync('dpkg-deb', ['-x', headers, 'headers'], { cwd: scratch })
  const tree = readdirSync(scratch).find((name) => existsSync(join(scratch, name, 'src/test/regress')))
  if (tree === undefined) throw new Error('the source package holds no regression suite')
  return join(scratch, tree)
}

function compile(scratch: string, major: number, file: string, into: string): void {
  const headers = join(scratch, 'headers/usr/include/postgresql')
  const paths = [headers, join(headers, 'internal'), join(headers, `${major}/server`)].map((path) => `-I${path}`)
  const name = file.replace(/^.*\/(\w+)\.c$/, '$1.so')
  execFileSync('cc', ['-O1', '-fPIC', '-shared', '-w', '-DREFINT_VERBOSE', ...paths, '-o', join(into, name), file], {
    stdio: 'pipe',
  })
}
