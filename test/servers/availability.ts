import { describe } from 'vitest'
import { mariadbUnavailable } from './mariadb.ts'
import { mysqlUnavailable } from './mysql_packages.ts'
import { hasPostgres, POSTGRES_MAJORS, type PostgresMajor } from './postgres_major.ts'

/** The one server of the MySQL family that is looked at: `npm run test:versions` sets it. */
const ONLY = process.env.SALLYPORT_TEST_MYSQL_FAMILY

/** Suites that need MySQL proper: skipped, with one loud line, only where it can neither be found nor downloaded. */
export function describeWithMysql(name: string, suite: () => void): void {
  if (ONLY === 'mariadb') describe.skip(name, suite)
  else describeUnless(mysqlUnavailable(), name, suite)
}

/** Suites that need MariaDB. */
export function describeWithMariadb(name: string, suite: () => void): void {
  if (ONLY === 'mysql') describe.skip(name, suite)
  else describeUnless(mariadbUnavailable(), name, suite)
}

/** Suites that need the distribution's PostgreSQL 15 beside the packaged 18. */
export function describeWithPostgres15(name: string, suite: () => void): void {
  describeUnless(hasPostgres(15) ? null : 'PostgreSQL 15 is not installed (apt-get install postgresql-15)', name, suite)
}

/** One suite for each major of PostgreSQL that this run looks at. */
export function describeEachPostgres(name: string, suite: (major: PostgresMajor) => void): void {
  for (const major of POSTGRES_MAJORS) {
    const reason = hasPostgres(major)
      ? null
      : `PostgreSQL ${major} is not installed (apt-get install postgresql-${major})`
    describeUnless(reason, `${name}, PostgreSQL ${major}`, () => suite(major))
  }
}

/** Runs the suite, or says with one loud line for which reason it can't run here. */
export function describeUnless(reason: string | null, name: string, suite: () => void): void {
  if (reason !== null) process.stderr.write(`\n!!!!! NOT TESTED: ${name}: ${reason}\n\n`)
  describe.skipIf(reason !== null)(name, suite)
}
