import { MASKING_KEYS } from '../../e2e/stack.ts'
import type { Section } from '../../servers/sallyport.ts'
import { yardRoles } from '../yard_roles.ts'

/**
 * A boat yard that does not exist, twice: the twins have the same schema and the same clear values, and differ in every
 * value that a role hides. Masks that keep a part of a value keep the same part on both sides.
 */

export type Side = 'a' | 'b'

/** Enough for the planner to prefer an index, and for its statistics to differ. */
const CREW = 60

interface Hand {
  readonly id: number
  readonly email: string
  readonly phone: string
  readonly born: string
  readonly pay: number
  readonly note: string
}

/** Sorted one way on side a and the other way on side b, and of the same length, so that pages fill alike. */
function hand(side: Side, id: number): Hand {
  const order = String(side === 'a' ? id : CREW + 1 - id).padStart(3, '0')
  const twoDigits = String(id % 10).padStart(2, '0')
  return {
    id,
    email: `canary-${side}-${order}@yard.test`,
    phone: `CANARY-${side.toUpperCase()}-${order}-${twoDigits}`,
    born: `19${10 + (id % 60)}-${side === 'a' ? '01' : '11'}-${String(1 + (id % 28)).padStart(2, '0')}`,
    pay: 9100 + 100 * (id % 7) + (side === 'a' ? id : CREW + 1 - id) / 2,
    note: `CANARY-NOTE-${side.toUpperCase()}-${order}`,
  }
}

export function sideSql(side: Side): readonly string[] {
  const hands = Array.from({ length: CREW }, (_, at) => hand(side, at + 1))
  const rows = hands.map(
    ({ id, email, phone, born, pay, note }) =>
      `(${id}, 'Hand ${id}', 'Port ${'ABC'[id % 3]}', '${email}', '${phone}', '${born}', ${pay}, '{"text":"${note}","tags":["${note}"]}')`,
  )
  const up = side === 'a'
  return [
    ...SCHEMA,
    `INSERT INTO yard.crew (id, name, port, email, phone, born, pay, notes) VALUES ${rows.join(',')}`,
    `INSERT INTO yard.masters (id, name, port, email, phone, born, pay, rank) SELECT 900, 'Master', 'Port A',
       email, phone, born, pay, 1 FROM yard.crew WHERE id = 7`,
    `INSERT INTO yard.badges (id, crew_id, code, mail) SELECT g, g, 'CANARY-BADGE-' || lpad((g * 37 % 1000)::text, 4, '0'),
       'canary.badge' || (g * 37 % 1000) || '@yard.test' FROM generate_series(1, ${CREW}) g`,
    // Side a has as many lockers as badges, side b as many as last digits: statistics tell, the masked values don't.
    `UPDATE yard.badges SET locker = 'CANARY-LOCKER-' || ${up ? `lpad(id::text, 3, '0')` : `'000'`} || '-0' || id % 10`,
    `INSERT INTO yard.jobs SELECT g, 1 + g % ${CREW}, 'Job ' || g, g * 10 FROM generate_series(1, 40) g`,
    `INSERT INTO yard.cards SELECT g, make_date(2000 + g % 40, 1, 1), 'CANARY-CARD-${side.toUpperCase()}-' || ${up ? 'g' : '60 - g'} FROM generate_series(11, 50) g`,
    // The rows of the north are the same on both sides; those of the south, which nobody here may see, are not.
    `INSERT INTO yard.slips SELECT g, 'north', 'slip ' || g, g, '{"a":1}' FROM generate_series(1, 12) g`,
    `INSERT INTO yard.slips SELECT g, 'south', 'CANARY-SLIP-${side.toUpperCase()}-' || g, ${up ? '0' : 'g'}, ${up ? `'no json'` : `'{"b":2}'`}
       FROM generate_series(101, 140) g`,
    ...(up ? [] : [`DELETE FROM yard.slips WHERE id > 130`]),
    `INSERT INTO yard.drafts VALUES (1, 'first', 10), (2, 'second', 20)`,
    `INSERT INTO yard.accounts (id, label, pin, mail) SELECT g, 'Account ' || g, 'CANARY-PIN-${side.toUpperCase()}-' || g,
       (SELECT email FROM yard.crew c WHERE c.id = g) FROM generate_series(1, 9) g`,
    `INSERT INTO yard.tills (id, name, slot, amount, code, rate) SELECT g, 'till ' || g, g, 10 + g, 'CANARY-TILL-${side.toUpperCase()}-' || g, ${up ? 'g' : '1000 * g'}
       FROM generate_series(1, 5) g`,
    `INSERT INTO yard.safes VALUES (1, 'CANARY-SAFE-${side.toUpperCase()}')`,
    `INSERT INTO yard.memos SELECT g, 'Memo ' || g, repeat('CANARY-MEMO-${side.toUpperCase()} ', ${up ? 'g' : '7 - g'}) FROM generate_series(1, 6) g`,
    'REFRESH MATERIALIZED VIEW yard.kept_contacts',
    'VACUUM ANALYZE',
  ]
}

const SCHEMA: readonly string[] = [
  'CREATE SCHEMA yard',
  `CREATE TABLE yard.crew (id int PRIMARY KEY, name text NOT NULL, port text NOT NULL, email text UNIQUE, phone text, born date,
     pay numeric(10,2), notes jsonb, email_upper text GENERATED ALWAYS AS (upper(email)) STORED,
     CONSTRAINT pay_is_large CHECK (pay > 9000))`,
  'CREATE INDEX crew_phone ON yard.crew (phone)',
  'CREATE INDEX crew_pay ON yard.crew (pay) INCLUDE (id)',
  'CREATE INDEX crew_mail ON yard.crew (lower(email) text_pattern_ops)',
  'CREATE STATISTICS yard.crew_stats ON port, email FROM yard.crew',
  'CREATE TABLE yard.masters (rank int) INHERITS (yard.crew)',
  'CREATE TABLE yard.badges (id int PRIMARY KEY, crew_id int, code text, mail text, locker text)',
  'CREATE TABLE yard.jobs (id int PRIMARY KEY, crew_id int NOT NULL, title text NOT NULL, price int NOT NULL)',
  'CREATE TABLE yard.cards (id int, paid_on date, number text NOT NULL, PRIMARY KEY (id, paid_on)) PARTITION BY RANGE (paid_on)',
  `CREATE TABLE yard.cards_old PARTITION OF yard.cards FOR VALUES FROM ('2000-01-01') TO ('2020-01-01')`,
  `CREATE TABLE yard.cards_new PARTITION OF yard.cards FOR VALUES FROM ('2020-01-01') TO ('2050-01-01')`,
  'CREATE TABLE yard.slips (id int PRIMARY KEY, region text NOT NULL, label text NOT NULL, depth int NOT NULL, doc text NOT NULL)',
  'CREATE INDEX slips_label ON yard.slips (label text_pattern_ops)',
  'CREATE INDEX slips_depth ON yard.slips (depth)',
  'CREATE TABLE yard.drafts (id int PRIMARY KEY, label text NOT NULL, amount numeric(10,2) NOT NULL DEFAULT 0)',
  `CREATE TABLE yard.accounts (id int PRIMARY KEY, label text NOT NULL, pin text UNIQUE CHECK (pin LIKE 'CANARY%'),
     mail text REFERENCES yard.crew (email) DEFERRABLE INITIALLY DEFERRED)`,
  // What a constraint, an index or a generated column says of a hidden column beside a visible one.
  `CREATE TABLE yard.tills (id int PRIMARY KEY, name text NOT NULL, slot int, amount numeric(12,2), code text, rate numeric(12,2),
     total numeric(12,2) GENERATED ALWAYS AS (amount * rate) STORED, CHECK (name <> code), UNIQUE (slot, rate))`,
  `CREATE UNIQUE INDEX ON yard.tills (amount) WHERE code = 'CANARY-TILL-A-3' OR id > 4`,
  'CREATE TABLE yard.safes (id int PRIMARY KEY, code text)',
  'CREATE TABLE yard.memos (id int PRIMARY KEY, title text NOT NULL, body text)',
  'CREATE SEQUENCE yard.tickets',
  'CREATE VIEW yard.contacts AS SELECT id, name, email AS contact, length(email) AS size FROM yard.crew',
  'CREATE VIEW yard.job_list AS SELECT j.id, j.title, c.name, c.phone FROM yard.jobs j JOIN yard.crew c ON c.id = j.crew_id',
  `CREATE VIEW yard.early AS SELECT id, name FROM yard.crew WHERE email < 'canary-a-030'`,
  'CREATE VIEW yard.safe_codes AS SELECT id, code FROM yard.safes',
  'CREATE VIEW yard.stats AS SELECT attname, most_common_vals::text AS vals, histogram_bounds::text AS bounds FROM pg_stats',
  'CREATE MATERIALIZED VIEW yard.kept_contacts AS SELECT id, phone AS reach, length(notes::text) AS size FROM yard.crew WITH NO DATA',
  `CREATE FUNCTION yard.mail_of(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM yard.crew WHERE id = $1'`,
  `CREATE FUNCTION yard.all_hands() RETURNS SETOF yard.crew LANGUAGE sql STABLE AS 'SELECT * FROM yard.crew'`,
  `CREATE FUNCTION yard.same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2'`,
  'CREATE OPERATOR yard.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = yard.same)',
  `CREATE DOMAIN yard.mail AS text CHECK (VALUE LIKE '%@%')`,
  `CREATE TYPE yard.pair AS (one text, two text)`,
]

const { reader, writes, exporter } = yardRoles({ databases: ['postgres'] })

export const YARD_ROLES: readonly Section[] = [
  reader,
  {
    name: 'writer',
    scope: writes,
  },
  exporter,
  { name: 'owner', unrestricted: true, exports: true },
]

const on = (table: string, columns: readonly string[], more: Section): Section => ({
  schemas: ['yard'],
  tables: [table],
  columns,
  ...more,
})

export const YARD_MASKS: Section = {
  keys: MASKING_KEYS,
  masks: [
    on('crew', ['email'], { strategy: 'redact', text: '[hidden]' }),
    on('crew', ['phone'], { strategy: 'partial', keepLast: 2 }),
    on('crew', ['born'], { strategy: 'date_trunc', unit: 'year' }),
    on('crew', ['pay'], { strategy: 'bucket', width: 100 }),
    on('crew', ['notes'], { strategy: 'null' }),
    on('badges', ['code'], { strategy: 'token', key: 'test-key' }),
    on('badges', ['mail'], { strategy: 'email' }),
    on('badges', ['locker'], { strategy: 'partial', keepLast: 2 }),
    on('cards', ['number'], { strategy: 'redact', text: '[hidden]' }),
    on('accounts', ['pin'], { strategy: 'redact', text: '[hidden]' }),
    on('accounts', ['mail'], { strategy: 'null' }),
    on('tills', ['code'], { strategy: 'redact', text: '[hidden]' }),
    on('tills', ['rate'], { strategy: 'null' }),
    on('memos', ['body'], { strategy: 'redact', text: '[hidden]' }),
  ],
}

/** The names of roles that a case may be run under. */
export type YardRole = 'reader' | 'writer' | 'exporter' | 'owner'
