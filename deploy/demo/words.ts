import type { Sallyport } from '../../test/servers/sallyport.ts'
import { COMMAND, type DemoUser } from './people.ts'

interface Shown {
  readonly users: readonly DemoUser[]
  readonly proxy: Sallyport
  readonly mysql: boolean
  readonly sealKey: string
}

/** What `--json` prints: one line for a program. */
export function summary({ users, proxy, mysql, sealKey }: Shown): Record<string, unknown> {
  const host = '127.0.0.1'
  return {
    postgres: { host, port: proxy.postgresPort, database: 'postgres', target: 'pay-pg' },
    mysql: mysql ? { host, port: proxy.mysqlPort, database: 'pay', target: 'pay-my' } : null,
    users: Object.fromEntries(
      users.map(({ name, user, token, role, home }) => [name, { user, password: token, role, home }]),
    ),
    ca: proxy.ca,
    api: proxy.apiUrl,
    command: COMMAND,
    audit: proxy.auditLog,
    sealKey,
    metrics: `${proxy.metricsUrl}/metrics`,
  }
}

/** What a person reads: settings and commands that can be pasted. */
export function instructions(shown: Shown): string {
  const { users, proxy } = shown
  const lines = [
    '',
    'Sallyport is running. Ctrl-C ends everything and removes it.',
    '',
    `  authority of the proxy's certificate   ${proxy.ca}`,
    `  admin API                              ${proxy.apiUrl}`,
    `  audit log                              ${proxy.auditLog}`,
    `  metrics                                ${proxy.metricsUrl}/metrics`,
    '',
    'A first look: three people hold a grant by a policy file, until tonight.',
    '',
    ...users.flatMap((user) => forPerson(user, shown)),
    'DBeaver: New connection, PostgreSQL; host 127.0.0.1, the port and database above; user name and password as in the',
    '  psql line (the token is the password); SSL tab: Use SSL, mode verify-full, root certificate as above.',
    ...(shown.mysql ? ['  For MySQL likewise; SSL tab: Use SSL, CA certificate as above.'] : []),
    '',
    'Try as alice:  SELECT * FROM pay.customers LIMIT 3;             masked by strategy',
    `               SELECT count(*) FROM pay.customers WHERE email LIKE 'person00%';   computed on masks, with a notice`,
    '               SELECT * FROM internal.api_keys;                  out of scope',
    '               SELECT session_user;                              an account of this session alone',
    '',
    ...story(shown),
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

const LONG_QUERY =
  'SELECT count(*) FROM pay.payments a, pay.payments b, pay.payments c WHERE a.amount < b.amount + c.amount'

/** Access that is asked for, in two terminals: alice's and carol's. */
function story({ users, proxy, mysql, sealKey }: Shown): string[] {
  const shell = (name: string) => `. ${users.find((user) => user.name === name)?.shell ?? ''}`
  return [
    'Access that is asked for: two terminals, whose people are logged in already.',
    '',
    `  1  ${shell('alice')}`,
    '  1  sallyport whoami',
    '  1  sallyport connect pay-pg/refund-desk --psql               refused: no such grant; the hint holds an ID',
    "  1  sallyport request --from ID --role refund-desk --reason 'a customer was charged twice'",
    '',
    `  2  ${shell('carol')}`,
    '  2  sallyport request ls --to-answer',
    "  2  sallyport approve REQUEST --reason 'reads are masked' --for 30m",
    '',
    '  1  sallyport connect pay-pg/refund-desk --psql               in, by an account that lives as long as the session',
    '  1     SELECT session_user, full_name, email FROM pay.customers WHERE id = 7;',
    `  1     INSERT INTO pay.refunds (payment_id, amount, reason) VALUES (7, 12.50, 'charged twice');`,
    `  1     ${LONG_QUERY};`,
    '',
    '  2  sallyport session ls --all',
    '  2  sallyport grant ls --all --state active',
    "  2  sallyport grant revoke GRANT --reason 'done'              ends the query of terminal 1 in the middle",
    '',
    ...(mysql ? ['The same on MySQL: pay-my in place of pay-pg, --mysql in place of --psql.', ''] : []),
    'Other ways, in terminal 1 or 2:',
    "  sallyport request pay-pg --role figures --reason 'a report'       approved by its rule: no personal data in scope",
    "  sallyport request pay-pg --role repair --reason 'a wrong status'  two people of different groups",
    "  sallyport request pay-pg --role repair --script FILE.sql --reason 'a mass fix'  its statements, and no others",
    `  ${shell('bob')}`,
    "  sallyport break-glass pay-pg --incident desk:INC-1 --reason 'payments stand'   at once; carol reviews it:",
    '  sallyport break-glass-review ls',
    '  sallyport connect pay-pg/responder --psql                as bob: this session is recorded; then, as carol:',
    '  sallyport recording list',
    `  sallyport recording play RECORDING --key ${sealKey}`,
    '  sallyport break-glass pay-pg --incident desk:INC-2 --reason again              closed: refused',
    "  sallyport lock set person bob@example.test --reason 'laptop lost'              as carol: ends all that is bob's",
    '',
    'What auditors ask, as carol:',
    '  sallyport audit ask pii-readers',
    '  sallyport audit ask exports',
    '  sallyport audit ask migration REQUEST',
    '  sallyport audit ask deletions',
    '  sallyport audit search --person alice --seen masked',
    '',
    'With a browser on this machine, asking and approving are pages too: follow the link of a refusal as alice, or open',
    `  ${proxy.apiUrl}/ as carol. The provider takes alice, bob or carol and any password. The command line logs in by:`,
    `  sallyport login --server ${proxy.apiUrl} --ca ${proxy.ca}`,
    '',
  ]
}
