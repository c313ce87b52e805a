import { describeWithMariadb, describeWithMysql } from '../../servers/availability.ts'
import { startMariadb } from '../../servers/mariadb.ts'
import { startMysql } from '../../servers/mysql.ts'

interface Family {
  readonly name: 'MySQL' | 'MariaDB'
  readonly describe: (name: string, suite: () => void) => void
  readonly start: typeof startMysql
}

/** MySQL 9 and MariaDB: the suites that hold for both run against each. */
export const FAMILIES: readonly Family[] = [
  { name: 'MySQL', describe: describeWithMysql, start: startMysql },
  { name: 'MariaDB', describe: describeWithMariadb, start: startMariadb },
]
