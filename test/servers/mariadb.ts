import { join } from 'node:path'
import { familyOptions, type MysqlOptions, PASSWORD, startFamily } from './mysql.ts'
import {
  type DatabaseServer,
  giveTo,
  inServerFolder,
  isExecutable,
  onPath,
  runAs,
  type ServerFolder,
} from './process.ts'

/** Debian keeps the server's program where a person's PATH does not look. */
const SERVER = '/usr/sbin/mariadbd'

/** Why MariaDB can't be started here, or null where it can. */
export function mariadbUnavailable(): string | null {
  if (isExecutable(SERVER) && onPath('mariadb-install-db')) return null
  return 'MariaDB is not installed (apt-get install mariadb-server)'
}

/**
 * MariaDB of its own on a free loopback port: app/apppw (`mysql_native_password`, all rights), database `test`, TLS with
 * a certificate for localhost.
 */
export async function startMariadb(options: MysqlOptions = {}): Promise<DatabaseServer> {
  const reason = mariadbUnavailable()
  if (reason !== null) throw new Error(reason)
  return inServerFolder('mariadb', (folder) => startIn(folder, options))
}

async function startIn(folder: ServerFolder, options: MysqlOptions): Promise<DatabaseServer> {
  const data = join(folder.path, 'data')
  // Its log is written in whole at the first start: 8 MB instead of 96.
  const small = ['--innodb-log-file-size=8M', `--datadir=${data}`]
  // Two at once trip over each other's temporary tables in /tmp.
  const own = `--tmpdir=${folder.path}`
  const create = ['--no-defaults', '--auth-root-authentication-method=normal', '--skip-test-db', own, ...small]
  runAs(folder.account, 'mariadb-install-db', create)
  giveTo(folder.account, data)
  const users = [
    `CREATE USER IF NOT EXISTS app@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('${PASSWORD}');`,
  ]
  const args = (port: number, files: Parameters<typeof familyOptions>[2]) => [
    '--no-defaults',
    ...small,
    ...familyOptions(folder, port, files),
  ]
  return startFamily(folder, SERVER, options, args, users)
}
