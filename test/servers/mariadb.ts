import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyTemplate } from './data_template.ts'
import { familyOptions, type MysqlOptions, PASSWORD, startFamily } from './mysql.ts'
import { chosenMariadb, type ServerTree } from './mysql_packages.ts'
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
/** Its log is written in whole at the first start: 8 MB instead of 96. */
const SMALL_LOG = '--innodb-log-file-size=8M'
/** What mariadb-install-db gives to a server that starts for the first time, in its order. */
const SYSTEM_TABLES = [
  'mariadb_system_tables.sql',
  'mariadb_performance_tables.sql',
  'mariadb_system_tables_data.sql',
  'maria_add_gis_sp_bootstrap.sql',
  'mariadb_sys_schema.sql',
]

/** Why MariaDB can't be started here, or null where it can. */
export function mariadbUnavailable(): string | null {
  if (chosenMariadb() !== null || (isExecutable(SERVER) && onPath('mariadb-install-db'))) return null
  return 'MariaDB is not installed (apt-get install mariadb-server)'
}

/**
 * The machine's MariaDB, or what SALLYPORT_MARIADB_TREE names, of its own on a free loopback port: app/apppw
 * (`mysql_native_password`, all rights), database `test`, TLS with a certificate for localhost.
 */
export async function startMariadb(options: MysqlOptions = {}): Promise<DatabaseServer> {
  const reason = mariadbUnavailable()
  if (reason !== null) throw new Error(reason)
  return inServerFolder('mariadb', (folder) => startIn(folder, chosenMariadb(), options))
}

async function startIn(folder: ServerFolder, tree: ServerTree | null, options: MysqlOptions): Promise<DatabaseServer> {
  const data = join(folder.path, 'data')
  const server = tree === null ? SERVER : join(tree.root, tree.server)
  copyTemplate(server, folder, data, (fresh) => {
    if (tree === null) install(folder, fresh)
    else bootstrap(tree, folder, fresh)
  })
  const [command, ...loader] = tree === null ? [SERVER] : tree.program(tree.server)
  const program = tree === null ? ['--no-defaults', SMALL_LOG, `--datadir=${data}`] : treeOptions(tree, data)
  const users = [
    `CREATE USER IF NOT EXISTS app@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('${PASSWORD}');`,
  ]
  const args = (port: number, files: Parameters<typeof familyOptions>[2]) => [
    ...loader,
    ...program,
    ...familyOptions(folder, port, files),
  ]
  return startFamily(folder, command as string, options, args, users)
}

function install(folder: ServerFolder, data: string): void {
  const create = ['--no-defaults', '--auth-root-authentication-method=normal', '--skip-test-db', SMALL_LOG]
  runAs(folder.account, 'mariadb-install-db', [...create, ownTemporaryFolder(folder), `--datadir=${data}`])
  giveTo(folder.account, data)
}

/** As mariadb-install-db does it: that is a script for programs that run without a loader of their own. */
function bootstrap(tree: ServerTree, folder: ServerFolder, fresh: string): void {
  mkdirSync(fresh)
  giveTo(folder.account, fresh)
  const files = SYSTEM_TABLES.map((name) => readFileSync(join(tree.root, 'usr/share/mariadb', name), 'utf8'))
  const input = ['CREATE DATABASE mysql;', 'USE mysql;', 'SET @auth_root_socket=NULL;', ...files].join('\n')
  const [command, ...loader] = tree.program(tree.server)
  const options = [...treeOptions(tree, fresh), ownTemporaryFolder(folder), '--bootstrap']
  runAs(folder.account, command, [...loader, ...options], '/', input)
}

/** Two at once trip over each other's temporary tables in /tmp. */
function ownTemporaryFolder({ path }: ServerFolder): string {
  return `--tmpdir=${path}`
}

function treeOptions(tree: ServerTree, data: string): string[] {
  return [
    '--no-defaults',
    `--basedir=${join(tree.root, 'usr')}`,
    `--lc-messages-dir=${join(tree.root, 'usr/share/mariadb')}`,
    `--character-sets-dir=${join(tree.root, 'usr/share/mariadb/charsets')}`,
    `--plugin-dir=${join(tree.root, 'usr/lib/mysql/plugin')}`,
    `--datadir=${data}`,
    SMALL_LOG,
  ]
}
