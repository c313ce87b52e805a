/**
 * The tests of an engine on each version that Sallyport knows. What neither `npm ci` nor the system brings is
 * downloaded once into the tests' cache.
 *
 *     npm run test:versions [-- VERSION...]
 *
 * 15, 16, 17 and 18 are PostgreSQL; mariadb-11 is Debian sid's MariaDB. Another version of MySQL or MariaDB is tested
 * from a folder into which its Debian or Ubuntu packages were unpacked (server and client, with the libraries they
 * need), which SALLYPORT_MYSQL_TREE or SALLYPORT_MARIADB_TREE names:
 *
 *     SALLYPORT_MYSQL_TREE=/path npm run test:versions -- mysql
 *     SALLYPORT_MARIADB_TREE=/path npm run test:versions -- mariadb
 */
import { spawnSync } from 'node:child_process'
import { newerMariadb } from '../servers/mysql_packages.ts'
import { hasPostgres, type PostgresMajor } from '../servers/postgres_major.ts'
import { unpackPostgres } from './postgres.ts'

interface Version {
  readonly name: string
  /** Every file that looks at the server's own grammar, catalog, plans, values or messages. */
  readonly tests: readonly string[]
  /** What tells the tests to use this version, once it is there. */
  readonly environment: () => Readonly<Record<string, string>>
}

const POSTGRES_TESTS = [
  'test/upstream/postgres_catalog.test.ts',
  'test/upstream/postgres_live.test.ts',
  'test/upstream/postgres_accounts.test.ts',
  'test/upstream/postgres_accounts_crash.test.ts',
  'test/upstream/postgres_posture.test.ts',
  'test/e2e/postgres',
]
const MYSQL_TESTS = ['test/upstream/mysql_live.test.ts', 'test/e2e/mysql']

const USUAL: readonly Version[] = [
  ...([15, 16, 17, 18] as const).map(postgres),
  mysqlFamily('mariadb', 'mariadb-11', () => ({ SALLYPORT_MARIADB_TREE: newerMariadb().root })),
]

const CHOSEN: readonly Version[] = [mysqlFamily('mysql'), mysqlFamily('mariadb')]

function postgres(major: PostgresMajor): Version {
  const environment = () => {
    if (!hasPostgres(major)) unpackPostgres(major)
    return { SALLYPORT_TEST_POSTGRES: String(major) }
  }
  return { name: String(major), tests: POSTGRES_TESTS, environment }
}

function mysqlFamily(
  family: 'mysql' | 'mariadb',
  name: string = family,
  tree: () => Readonly<Record<string, string>> = () => ({}),
): Version {
  return { name, tests: MYSQL_TESTS, environment: () => ({ SALLYPORT_TEST_MYSQL_FAMILY: family, ...tree() }) }
}

function main(wanted: readonly string[]): number {
  const known = [...USUAL, ...CHOSEN]
  const unknown = wanted.filter((name) => !known.some((version) => version.name === name))
  if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: one of ${known.map(({ name }) => name).join(', ')}`)
  const versions = wanted.length === 0 ? USUAL : known.filter(({ name }) => wanted.includes(name))
  const failed = versions.filter((version) => !passes(version)).map(({ name }) => name)
  const names = versions.map(({ name }) => name).join(', ')
  console.log(failed.length === 0 ? `\nall passed on ${names}` : `\nfailed on ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
}

function passes({ name, tests, environment }: Version): boolean {
  const env = { ...process.env, ...environment() }
  console.log(`\n=== ${name}`)
  return spawnSync('vitest', ['run', ...tests], { env, stdio: 'inherit' }).status === 0
}

process.exitCode = main(process.argv.slice(2))
