import { afterAll, beforeAll, expect, it } from 'vitest'
import { BROWSED_SQL } from './browsing.ts'
import { type CommandLineClient, mariadbProgram, mysqlProgram } from './command_line.ts'
import { FAMILIES } from './families.ts'
import { FIXTURE_SQL } from './fixture.ts'
import { type Stack, startStack } from './stack.ts'

/** A script of what people write, in each form of output: the same text through the proxy as past it. */

const SCRIPT = `-- a comment of its own
USE clinic;
/* block; with 'quotes' */ SELECT id, floor, label FROM rooms ORDER BY id; # at the end
SELECT 'a;b', "it's", 1/0;
SHOW WARNINGS;
INSERT INTO notes (id, v) VALUES (1, 'x'), (2, 'y');
UPDATE notes SET v = 'z';
SELECT ROW_COUNT();
INSERT INTO notes (id, v) VALUES (1, 'x');
DELETE FROM notes;
SELECT NULL, '', 'tab	in', 'line
end', 'žluť', 0x0001ff AS bytes;
/*!40101 SET @before=@@sql_mode, sql_mode='NO_AUTO_VALUE_ON_ZERO' */;
SELECT @@sql_mode; SHOW TABLES LIKE 'r%'; DESC stays; SHOW CREATE TABLE stays;
EXPLAIN SELECT * FROM rooms WHERE id = 1;
BEGIN; INSERT INTO notes (v) VALUES ('t'); ROLLBACK; SELECT COUNT(*) FROM notes;
PREPARE p FROM 'SELECT id, ? AS x FROM rooms WHERE id = ?'; SET @a = 'q', @b = 2; EXECUTE p USING @a, @b;
SELECT DATABASE(), @a;
`
const FORMS = [
  [],
  ['--table', '--column-names'],
  ['--xml'],
  ['--html'],
  ['--vertical'],
  ['--raw', '--column-names'],
  ['--quick', '--compress'],
]
const NOTES = 'CREATE TABLE clinic.notes (id int PRIMARY KEY AUTO_INCREMENT, v varchar(200))'
const ROLES = [
  {
    name: 'writer',
    scope: [
      { schemas: ['clinic'], tables: ['rooms', 'stays'], verbs: ['read'] },
      { schemas: ['clinic'], tables: ['notes'], verbs: ['read', 'insert', 'update', 'delete'] },
    ],
  },
  { name: 'reader', scope: [{ schemas: ['clinic'], tables: ['rooms'], verbs: ['read'] }] },
  { name: 'unlimited', unrestricted: true },
]

for (const family of FAMILIES) {
  const clients: readonly (readonly [string, CommandLineClient])[] = [
    ['mariadb', mariadbProgram],
    // MariaDB does not know the character set by which MySQL's client asks, and takes latin1 in its place.
    ...(family.name === 'MySQL' ? [['mysql', mysqlProgram] as const] : []),
  ]
  family.describe(`command-line clients through ${family.name}`, () => {
    let stack: Stack
    beforeAll(async () => {
      stack = await startStack(family.start, {
        fixture: [...FIXTURE_SQL, ...BROWSED_SQL, NOTES],
        proxy: { roles: ROLES },
      })
    })
    afterAll(() => stack?.stop())

    it.each(clients.flatMap(([name, client]) => FORMS.map((form) => [name, form.join(' '), client, form] as const)))(
      '%s %s prints the same',
      async (_name, _form, client, form) => {
        const { server, proxy } = stack
        const database = 'clinic'
        const direct = {
          port: server.port,
          user: server.user,
          password: server.password,
          database,
          caFile: server.caFile,
        }
        const expected = await client(direct, SCRIPT, ...form).outcome
        expect(expected.rows.length).toBeGreaterThan(10)
        for (const person of ['bob', 'carol'] as const) {
          const token = await stack.token(person)
          const login = { port: proxy.mysqlPort, user: stack.user(person), password: token, database, caFile: proxy.ca }
          expect(await client(login, SCRIPT, ...form).outcome).toEqual(expected)
        }
      },
    )
  })
}
