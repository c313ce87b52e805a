import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DEBIAN_KEYRING, debianMirrors, debianSuites, privateApt } from '../servers/apt.ts'
import { cacheFolder } from '../servers/process.ts'
import { readScript, type Step } from './script.ts'

export type Family = 'mariadb' | 'mysql'

interface Source {
  readonly package: string
  /** Where the tests are in the package. */
  readonly path: string
  /** Folders that need no special server. */
  readonly folders: readonly string[]
}

const SOURCES: Readonly<Record<Family, Source>> = {
  mariadb: {
    package: 'mariadb-test-data',
    path: 'usr/share/mysql/mysql-test',
    folders: [
      'main',
      ...['compat/oracle', 'funcs_1', 'gcol', 'innodb_fts', 'json', 'vcol'].map((name) => `suite/${name}/t`),
      ...['maria', 'period', 'sql_sequence', 'versioning', 'innodb_gis', 'engines/funcs'].flatMap((name) => [
        `suite/${name}`,
        `suite/${name}/t`,
      ]),
    ],
  },
  mysql: {
    package: 'mysql-testsuite',
    path: 'usr/lib/mysql-test',
    folders: [
      't',
      ...['collations', 'engines/funcs', 'funcs_1', 'gcol', 'gis', 'innodb_fts', 'innodb_gis', 'json', 'opt_trace'].map(
        (name) => `suite/${name}/t`,
      ),
    ],
  },
}

/** What a test takes in that runs on a server of another kind than ours. */
const SPECIAL_SERVER =
  /(?:have_(?:debug|ndb|multi_ndb|log_bin|binlog|udf|dbug|rocksdb|group|component)|master-slave|rpl_init|ndb|galera|wsrep|big_test|mysql_upgrade)/
/** Taken in for what it tells the tester, not for its SQL. */
const OF_THE_TESTER =
  /(?:have_|not_|no_|wait_|restart|count_|default_|show_|assert|rpl|kill|start|shutdown|check|diff|force|expect|long_|windows|linux|save_|restore_|search_|mtr)/
const DEPTH_MAX = 4

/** The folder that holds the tests of a family: `SALLYPORT_SUITES`/family, or the cache, filled from Debian's package. */
function suiteRoot(family: Family): string {
  const root = join(cacheFolder(), `suite-${family}-1`)
  if (!existsSync(root)) bring(root, family)
  return root
}

function bring(root: string, family: Family): void {
  const { package: name, path } = SOURCES[family]
  mkdirSync(dirname(root), { recursive: true })
  const scratch = mkdtempSync(`${root}.`)
  try {
    const apt = privateApt(scratch, sourcesOf(family))
    apt(['-qq', 'download', name])
    const archive = readdirSync(scratch).find((file) => file.endsWith('.deb'))
    if (archive === undefined) throw new Error(`apt gave no ${name}`)
    const wanted = ['*.test', '*.inc'].map((end) => `./${path}/${end}`)
    // The package is hundreds of megabytes, most of them expected answers.
    execFileSync('sh', ['-c', 'dpkg-deb --fsys-tarfile "$0" | tar x --wildcards "$@"', archive, ...wanted], {
      cwd: scratch,
    })
    renameSync(join(scratch, path), root)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** MariaDB's tests of the release that the machine has; Debian has MySQL's in sid alone. */
function sourcesOf(family: Family): readonly string[] {
  const signed = `[signed-by=${DEBIAN_KEYRING}]`
  if (family === 'mariadb') return debianSuites().map((suite) => `deb ${signed} ${suite} main`)
  const mirror = debianMirrors().find((uri) => /\/debian\/?$/.test(uri))
  if (mirror === undefined) throw new Error('apt knows no Debian archive')
  return [`deb ${signed} ${mirror} sid main`]
}

export interface TestFile {
  /** Relative to the suite's root. */
  readonly name: string
  /** Null where it needs a server of another kind. */
  readonly steps: readonly Step[] | null
}

/** The tests whose names match, each with what it takes in, in an order that mixes subjects: a part is a sample. */
export function* testFiles(family: Family, pattern: RegExp): Generator<TestFile> {
  const root = suiteRoot(family)
  const names = SOURCES[family].folders.flatMap((folder) => {
    const path = join(root, folder)
    return existsSync(path) ? readdirSync(path).map((file) => `${folder}/${file}`) : []
  })
  const mixed = names.map((name) => ({ name, rank: createHash('sha256').update(name).digest('hex') }))
  mixed.sort((a, b) => (a.rank < b.rank ? -1 : 1))
  for (const { name } of mixed) {
    if (name.endsWith('.test') && pattern.test(name)) yield { name, steps: stepsOf(root, join(root, name), 0) }
  }
}

function stepsOf(root: string, file: string, depth: number): readonly Step[] | null {
  const { steps, sources } = readScript(readFileSync(file, 'utf8'))
  const all: Step[] = []
  let taken = 0
  for (const { file: name, after } of sources) {
    all.push(...steps.slice(taken, after))
    taken = after
    if (SPECIAL_SERVER.test(name)) return null
    const found = OF_THE_TESTER.test(name) || depth >= DEPTH_MAX ? null : included(root, file, name)
    const inner = found === null ? [] : stepsOf(root, found, depth + 1)
    if (inner === null) return null
    all.push(...inner)
  }
  return [...all, ...steps.slice(taken)]
}

function included(root: string, from: string, name: string): string | null {
  if (name.includes('$')) return null
  return [join(root, name), join(dirname(from), name)].find((path) => existsSync(path)) ?? null
}
