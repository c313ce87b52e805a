import type { Sallyport } from '../../test/servers/sallyport.ts'

export interface DemoUser {
  readonly name: string
  readonly role: string
  readonly user: string
  readonly token: string
}

interface Shown {
  readonly users: readonly DemoUser[]
  readonly proxy: Sallyport
  readonly mysql: boolean
}

/** What `--json` prints: one line for a program. */
export function summary({ users, proxy, mysql }: Shown): Record<string, unknown> {
  const host = '127.0.0.1'
  return {
    postgres: { host, port: proxy.postgresPort, database: 'postgres' },
    mysql: mysql ? { host, port: proxy.mysqlPort, database: 'pay' } : null,
    users: Object.fromEntries(users.map(({ name, user, token, role }) => [name, { user, password: token, role }])),
    ca: proxy.ca,
    audit: proxy.auditPath,
    metrics: `${proxy.metricsUrl}/metrics`,
  }
}

/** What a person reads: settings that can be pasted. */
export function instructions(shown: Shown): string {
  const { users, proxy } = shown
  const lines = [
    '',
    'Sallyport is running. Ctrl-C ends everything and removes it.',
    '',
    `  authority of the proxy's certificate   ${proxy.ca}`,
    `  audit log                              ${proxy.auditPath}`,
    `  metrics                                ${proxy.metricsUrl}/metrics`,
    '',
    ...users.flatMap((user) => forPerson(user, shown)),
    'DBeaver: New connection, PostgreSQL; host 127.0.0.1, the port and database above; user name and password as in the',
    '  psql line (the token is the password); SSL tab: Use SSL, mode verify-full, root certificate as above.',
    ...(shown.mysql ? ['  For MySQL likewise; SSL tab: Use SSL, CA certificate as above.'] : []),
    '',
    'Try as alice:  SELECT * FROM pay.customers LIMIT 3;             masked by strategy',
    `               SELECT count(*) FROM pay.customers WHERE email LIKE 'person00%';   computed on masks, with a notice`,
    '               SELECT * FROM internal.api_keys;                  out of scope',
    '',
  ]
  return `${lines.join('\n')}\n`
}

function forPerson({ name, role, user, token }: DemoUser, { proxy, mysql: hasMysql }: Shown): string[] {
  const address = `host=127.0.0.1 port=${proxy.postgresPort} dbname=postgres user=${user}`
  const psql = `PGPASSWORD='${token}' psql "${address} sslmode=verify-full sslrootcert=${proxy.ca}"`
  const mysql = [
    `MYSQL_PWD='${token}' mysql --host=127.0.0.1 --port=${proxy.mysqlPort} --user='${user}'`,
    `--ssl-mode=VERIFY_IDENTITY --ssl-ca=${proxy.ca} pay`,
  ].join(' ')
  const mariadb = `     (MariaDB's client: mariadb with --ssl-verify-server-cert in place of --ssl-mode)`
  return [`${name} (${role})`, `  ${psql}`, ...(hasMysql ? [`  ${mysql}`, mariadb] : []), '']
}
