import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import { makeCertificates } from '../../certs/make.ts'
import { copyTemplate } from './data_template.ts'
import { mysqlTree, type ServerTree } from './mysql_packages.ts'
import { type DatabaseServer, giveTo, inServerFolder, launch, runAs, type ServerFolder } from './process.ts'

const USER = 'app'
export const PASSWORD = 'apppw'
const DATABASE = 'test'
const PROBE_TIMEOUT_MS = 5_000

export interface MysqlOptions {
  /** Statements that `app`, who may do anything, runs once the server answers. */
  readonly setupSql?: readonly string[]
  /** Server options more, such as `--performance-schema=ON`. */
  readonly settings?: readonly string[]
}

/**
 * MySQL 9, or what SALLYPORT_MYSQL_TREE names, of its own on a free loopback port: app/apppw (`caching_sha2_password`, all rights), database `test`, TLS
 * with a certificate for localhost. Version 9 has no `mysql_native_password`; MariaDB is where that is tried.
 */
export async function startMysql(options: MysqlOptions = {}): Promise<DatabaseServer> {
  const tree = mysqlTree()
  return inServerFolder('mysql', (folder) => startIn(folder, tree, options))
}

async function startIn(folder: ServerFolder, tree: ServerTree, options: MysqlOptions): Promise<DatabaseServer> {
  const data = join(folder.path, 'data')
  copyTemplate(join(tree.root, tree.server), folder, data, (fresh) => initialize(tree, folder, fresh))
  const [command, ...loader] = tree.program(tree.server)
  const users = [`CREATE USER IF NOT EXISTS app@'%' IDENTIFIED WITH caching_sha2_password BY '${PASSWORD}';`]
  return startFamily(
    folder,
    command,
    options,
    (port, files) => [
      ...loader,
      ...treeOptions(tree, data),
      ...familyOptions(folder, port, files),
      '--mysqlx=OFF',
      '--skip-log-bin',
      '--performance-schema=OFF',
      '--auto-generate-certs=OFF',
      '--caching-sha2-password-auto-generate-rsa-keys=OFF',
      '--sha256-password-auto-generate-rsa-keys=OFF',
      '--table-definition-cache=400',
    ],
    users,
  )
}

interface FamilyFiles {
  readonly cert: string
  readonly key: string
  readonly initFile: string
}

/** What MySQL and MariaDB have in common: certificates, the account `app`, readiness, set-up and end. */
export async function startFamily(
  folder: ServerFolder,
  command: string,
  options: MysqlOptions,
  args: (port: number, files: FamilyFiles) => readonly string[],
  users: readonly string[],
): Promise<DatabaseServer> {
  const { ca: caFile, cert, key } = makeCertificates(join(folder.path, 'tls'))
  const initFile = join(folder.path, 'init.sql')
  writeFileSync(
    initFile,
    [...users, `GRANT ALL ON *.* TO app@'%' WITH GRANT OPTION;`, `CREATE DATABASE IF NOT EXISTS ${DATABASE};`, ''].join(
      '\n',
    ),
  )
  giveTo(folder.account, key)
  const ca = readFileSync(caFile, 'utf8')
  const server = await launch({
    folder,
    command,
    args: (port) => [...args(port, { cert, key, initFile }), ...(options.settings ?? [])],
    stopSignal: 'SIGKILL',
    probe: (port) => query(port, ca, ['SELECT 1']),
  })
  try {
    await query(server.port, ca, options.setupSql ?? [])
  } catch (error) {
    await server.stop()
    throw error
  }
  return { host: '127.0.0.1', user: USER, password: PASSWORD, database: DATABASE, ca, caFile, ...server }
}

/** Loopback, little memory, no durability: the data lives as long as one test file. */
export function familyOptions(folder: ServerFolder, port: number, files: FamilyFiles): string[] {
  return [
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(folder.path, 'server.sock')}`,
    `--pid-file=${join(folder.path, 'server.pid')}`,
    `--tmpdir=${folder.path}`,
    `--init-file=${files.initFile}`,
    `--ssl-cert=${files.cert}`,
    `--ssl-key=${files.key}`,
    '--innodb-buffer-pool-size=32M',
    '--innodb-flush-log-at-trx-commit=0',
    '--max-connections=60',
  ]
}

function initialize(tree: ServerTree, folder: ServerFolder, fresh: string): void {
  const [command, ...loader] = tree.program(tree.server)
  runAs(folder.account, command, [...loader, ...treeOptions(tree, fresh), '--initialize-insecure'])
}

function treeOptions(tree: ServerTree, data: string): string[] {
  return [
    '--no-defaults',
    `--basedir=${join(tree.root, 'usr')}`,
    `--lc-messages-dir=${join(tree.root, 'usr/share/mysql')}`,
    `--character-sets-dir=${join(tree.root, 'usr/share/mysql/charsets')}`,
    `--plugin-dir=${join(tree.root, 'usr/lib/mysql/plugin')}`,
    `--datadir=${data}`,
    '--secure-file-priv=NULL',
    '--innodb-redo-log-capacity=8M',
  ]
}

async function query(port: number, ca: string, statements: readonly string[]): Promise<void> {
  const connection = await mysql.createConnection({
    host: '127.0.0.1',
    port,
    user: USER,
    password: PASSWORD,
    database: DATABASE,
    ssl: { ca },
    connectTimeout: PROBE_TIMEOUT_MS,
  })
  try {
    for (const statement of statements) await connection.query(statement)
  } finally {
    await connection.end()
  }
}
