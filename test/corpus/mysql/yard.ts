import type { Section } from '../../servers/sallyport.ts'
import { yardRoles } from '../yard_roles.ts'

/**
 * A boat yard that does not exist, twice: the twins have the same schema and the same clear values, and differ in every
 * value that a role hides. Masks that keep a part of a value keep the same part on both sides.
 */

export type Side = 'a' | 'b'

/** Enough for an index to be worth it, and for statistics to differ. */
const CREW = 40
const ACCOUNTS = 9

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)
const rows = (of: readonly number[], row: (id: number) => string) => of.map((id) => `(${row(id)})`).join(',')

/** Sorted one way on side a and the other way on side b, and of the same length, so that pages fill alike. */
function hand(side: Side, id: number): string {
  const order = String(side === 'a' ? id : CREW + 1 - id).padStart(3, '0')
  const upper = side.toUpperCase()
  const note = `CANARY-NOTE-${upper}-${order}`
  const born = `19${10 + (id % 60)}-${side === 'a' ? '01' : '11'}-${String(1 + (id % 28)).padStart(2, '0')}`
  const pay = 9100 + 100 * (id % 7) + (side === 'a' ? id : CREW + 1 - id) / 2
  return `${id}, 'Hand ${id}', 'Port ${'ABC'[id % 3]}', 'canary-${side}-${order}@yard.test', 'CANARY-${upper}-${order}-${String(id % 10).padStart(2, '0')}', '${born}', ${pay}, '{"text":"${note}","tags":["${note}"]}'`
}

export function sideSql(side: Side): readonly string[] {
  const up = side === 'a'
  const upper = side.toUpperCase()
  const turned = (id: number, last: number) => (up ? id : last + 1 - id)
  return [
    ...SCHEMA,
    `INSERT INTO yard.crew (id, name, port, email, phone, born, pay, notes) VALUES ${rows(numbers(1, CREW), (id) => hand(side, id))}`,
    `INSERT INTO yard.badges VALUES ${rows(numbers(1, CREW), (id) => `${id}, ${id}, 'CANARY-BADGE-${(id * 37) % 1000}', 'canary.badge${(id * 37) % 1000}@yard.test'`)}`,
    `INSERT INTO yard.jobs VALUES ${rows(numbers(1, 30), (id) => `${id}, ${1 + (id % CREW)}, 'Job ${id}', ${id * 10}`)}`,
    `INSERT INTO yard.cards VALUES ${rows(numbers(11, 40), (id) => `${id}, '20${id}-01-01', 'CANARY-CARD-${upper}-${turned(id, 50)}'`)}`,
    `INSERT INTO yard.shelves VALUES ${rows(numbers(1, 8), (id) => `${id}, 'Shelf ${id}', ${turned(id, 8) * 100}`)}`,
    // The rows of the north are the same on both sides; those of the south, which nobody here may see, are not.
    `INSERT INTO yard.slips VALUES ${rows(numbers(1, 12), (id) => `${id}, 'north', 'slip ${id}', ${id}, '{"a":1}'`)}`,
    `INSERT INTO yard.slips VALUES ${rows(numbers(101, up ? 140 : 130), (id) => `${id}, 'south', 'CANARY-SLIP-${upper}-${id}', ${up ? 0 : id}, '${up ? 'no json' : '{"b":2}'}'`)}`,
    `INSERT INTO yard.drafts VALUES (1, 'first', 10), (2, 'second', 20)`,
    `INSERT INTO yard.accounts SELECT c.id, concat('Account ', c.id), concat('CANARY-PIN-${upper}-', ${up ? 'c.id' : `${ACCOUNTS} - c.id`}), c.email
       FROM yard.crew c WHERE c.id <= ${ACCOUNTS}`,
    `INSERT INTO yard.tills (id, name, slot, amount, code, rate) VALUES ${rows(numbers(1, 5), (id) => `${id}, 'till ${id}', ${id}, ${10 + id}, 'CANARY-TILL-${upper}-${id}', ${up ? id : 1000 * id}`)}`,
    `INSERT INTO yard.safes VALUES (1, 'CANARY-SAFE-${upper}-1')`,
    `INSERT INTO yard.memos VALUES ${rows(numbers(1, 6), (id) => `${id}, 'Memo ${id}', '${`canary-memo-${side}-${id} `.repeat(turned(id, 6))}'`)}`,
    `INSERT INTO yard.sorts VALUES ${rows(
      numbers(1, 6),
      (
        id,
      ) => `${id}, 'CANARY-BYTES-${upper}-${id}', '${up ? 'red' : 'blue'}', '${up ? 'x' : 'y,z'}', ${up ? id : 16 - id}, ${turned(id, 6) + 2000}, '0${turned(id, 6)}:00:00',
        '2001-01-0${turned(id, 6)} 01:02:03.000${turned(id, 6)}', ${turned(id, 6)}.5, ${turned(id, 6)}000000007, ${up}, ST_GeomFromText('POINT(${turned(id, 6)} 1)')`,
    )}`,
    'ANALYZE TABLE yard.crew, yard.badges, yard.jobs, yard.cards, yard.shelves, yard.slips, yard.accounts, yard.tills, yard.memos, yard.sorts',
  ]
}

/** Statistics of values, which each server gathers in its own way. */
export const STATISTICS = {
  MySQL: 'ANALYZE TABLE yard.accounts UPDATE HISTOGRAM ON pin, mail',
  MariaDB: 'ANALYZE TABLE yard.accounts PERSISTENT FOR ALL',
} as const

const SCHEMA: readonly string[] = [
  'CREATE DATABASE yard CHARACTER SET utf8mb4',
  'CREATE DATABASE store CHARACTER SET utf8mb4',
  'CREATE DATABASE bench CHARACTER SET utf8mb4',
  `CREATE TABLE yard.crew (id int PRIMARY KEY, name varchar(40) NOT NULL, port varchar(20) NOT NULL, email varchar(80) UNIQUE,
     phone varchar(40), born date, pay decimal(10,2), notes json, email_upper varchar(80) AS (upper(email)) STORED,
     KEY crew_phone (phone), KEY crew_port (port), CONSTRAINT pay_is_large CHECK (pay > 9000))`,
  'CREATE TABLE yard.badges (id int PRIMARY KEY, crew_id int, code varchar(40), mail varchar(80))',
  'CREATE TABLE yard.jobs (id int PRIMARY KEY, crew_id int NOT NULL, title varchar(40) NOT NULL, price int NOT NULL, KEY by_crew (crew_id))',
  `CREATE TABLE yard.cards (id int, paid_on date, number varchar(40) NOT NULL, PRIMARY KEY (id, paid_on))
     PARTITION BY RANGE (year(paid_on)) (PARTITION old VALUES LESS THAN (2020), PARTITION new VALUES LESS THAN (2050))`,
  `CREATE TABLE yard.shelves (id int, label varchar(20), code int, PRIMARY KEY (id, code))
     PARTITION BY RANGE (code) (PARTITION low VALUES LESS THAN (500), PARTITION high VALUES LESS THAN MAXVALUE)`,
  `CREATE TABLE yard.slips (id int PRIMARY KEY, region varchar(20) NOT NULL, label varchar(40) NOT NULL, depth int NOT NULL,
     doc varchar(80) NOT NULL, KEY by_label (label), KEY by_depth (depth))`,
  'CREATE TABLE yard.drafts (id int PRIMARY KEY, label varchar(200) NOT NULL, amount decimal(10,2) NOT NULL DEFAULT 0)',
  `CREATE TABLE yard.accounts (id int PRIMARY KEY, label varchar(80) NOT NULL, pin varchar(40) UNIQUE CHECK (pin LIKE 'CANARY%'),
     mail varchar(80), FOREIGN KEY mail_of_crew (mail) REFERENCES yard.crew (email))`,
  // What a constraint, an index or a generated column says of a hidden column beside a visible one.
  `CREATE TABLE yard.tills (id int PRIMARY KEY, name varchar(40) NOT NULL, slot int, amount decimal(12,2), code varchar(40), rate decimal(12,2),
     total decimal(14,2) AS (amount * rate) STORED, CHECK (name <> code), UNIQUE KEY slot_rate (slot, rate))`,
  'CREATE TABLE yard.safes (id int PRIMARY KEY, code varchar(40))',
  'CREATE TABLE yard.memos (id int PRIMARY KEY, title varchar(200) NOT NULL, body text, FULLTEXT KEY words (body))',
  `CREATE TABLE yard.sorts (id int PRIMARY KEY, b varbinary(40), e enum('red','blue'), s set('x','y','z'), bt bit(8), y year, t time,
     dt datetime(6), f double, bi bigint, yes tinyint(1), g point NOT NULL)`,
  'CREATE TABLE yard.`Odd Name` (id int PRIMARY KEY, `some ``label``` varchar(20))',
  'INSERT INTO yard.`Odd Name` VALUES (1, "plain"), (2, "odd")',
  'CREATE TABLE store.ledger (id int PRIMARY KEY, detail varchar(40))',
  'CREATE TABLE bench.notes (id int PRIMARY KEY AUTO_INCREMENT, v varchar(200))',
  'CREATE VIEW yard.contacts AS SELECT id, name, email AS contact, length(email) AS size FROM yard.crew',
  'CREATE VIEW yard.job_list AS SELECT j.id, j.title, c.name, c.phone FROM yard.jobs j JOIN yard.crew c ON c.id = j.crew_id',
  `CREATE VIEW yard.early AS SELECT id, name FROM yard.crew WHERE email < 'canary-b'`,
  'CREATE VIEW yard.safe_codes AS SELECT id, code FROM yard.safes',
  'CREATE ALGORITHM=TEMPTABLE VIEW yard.pins AS SELECT id, pin AS p FROM yard.accounts',
  'CREATE SQL SECURITY INVOKER VIEW yard.slip_list AS SELECT id, label FROM yard.slips',
  'CREATE VIEW yard.open_jobs AS SELECT id, title, price FROM yard.jobs WHERE price < 200',
  'CREATE FUNCTION yard.mail_of(who int) RETURNS varchar(80) READS SQL DATA RETURN (SELECT email FROM yard.crew WHERE id = who)',
  'CREATE FUNCTION yard.same(x varchar(80), y varchar(80)) RETURNS int DETERMINISTIC NO SQL RETURN x = y',
  'CREATE PROCEDURE yard.all_hands() READS SQL DATA SELECT * FROM yard.crew',
  'CREATE PROCEDURE yard.pin_of(IN who int, OUT found varchar(40)) READS SQL DATA SELECT pin INTO found FROM yard.accounts WHERE id = who',
]

const { read, reader, writes, exporter } = yardRoles({})

export const YARD_ROLES: readonly Section[] = [
  reader,
  {
    name: 'writer',
    scope: [
      ...writes,
      { schemas: ['bench'], tables: ['*'], verbs: ['read', 'insert', 'update', 'delete', 'ddl', 'call'] },
    ],
  },
  exporter,
  // No more than some columns of some tables.
  {
    name: 'visitor',
    scope: [
      read(['jobs'], { exceptColumns: ['price'] }),
      read(['crew'], { columns: ['id', 'name', 'port', 'email'] }),
      read(['open_jobs'], { columns: ['id', 'title'] }),
    ],
  },
  { name: 'owner', unrestricted: true, exports: true },
]

const on = (table: string, columns: readonly string[], more: Section): Section => ({
  schemas: ['yard'],
  tables: [table],
  columns,
  ...more,
})
const HIDDEN = { strategy: 'redact', text: '[hidden]' }
const NULL = { strategy: 'null' }

export const YARD_MASKS: Section = {
  keys: { 'test-key': 'env:MASKING_KEY' },
  masks: [
    on('crew', ['email'], HIDDEN),
    on('crew', ['phone'], { strategy: 'partial', keepLast: 2 }),
    on('crew', ['born'], { strategy: 'date_trunc', unit: 'year' }),
    on('crew', ['pay'], { strategy: 'bucket', width: 100 }),
    on('crew', ['notes'], NULL),
    on('badges', ['code'], { strategy: 'token', key: 'test-key' }),
    on('badges', ['mail'], { strategy: 'email' }),
    on('cards', ['number'], HIDDEN),
    on('shelves', ['code'], NULL),
    on('accounts', ['pin'], HIDDEN),
    on('accounts', ['mail'], NULL),
    on('tills', ['code'], HIDDEN),
    on('tills', ['rate'], NULL),
    on('memos', ['body'], HIDDEN),
    on('sorts', ['b', 'e', 's', 'bt', 'y', 't', 'dt', 'f', 'bi', 'yes', 'g'], HIDDEN),
  ],
}

/** The names of roles that a case may be run under. */
export type YardRole = 'reader' | 'writer' | 'exporter' | 'visitor' | 'owner'
