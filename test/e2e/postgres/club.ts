import type { Section } from '../../servers/sallyport.ts'
import { MASKING_KEYS } from '../stack.ts'

/** A sailing club that does not exist. Every value that has to stay hidden begins with CANARY or is listed below. */

export const MEMBERS = [
  {
    id: 1,
    name: 'Anchor One',
    city: 'Port A',
    email: 'CANARY-MAIL-1@club.invalid',
    phone: 'CANARY-TEL-111',
    born: '1911-01-11',
    dues: '9110.01',
  },
  {
    id: 2,
    name: 'Buoy Two',
    city: 'Port B',
    email: 'CANARY-MAIL-2@club.invalid',
    phone: 'CANARY-TEL-222',
    born: '1912-02-12',
    dues: '9220.02',
  },
  {
    id: 3,
    name: 'Capstan Three',
    city: 'Port A',
    email: 'CANARY-MAIL-3@club.invalid',
    phone: 'CANARY-TEL-333',
    born: '1913-03-13',
    dues: '9330.03',
  },
] as const

const memberRows = MEMBERS.map(
  ({ id, name, city, email, phone, born, dues }) =>
    `(${id},'${name}','${city}','${email}','${phone}','${born}',${dues})`,
)

export const CLUB_SQL: readonly string[] = [
  'CREATE SCHEMA club',
  'CREATE SCHEMA vault',
  `CREATE TABLE club.members (
     id int PRIMARY KEY, name text NOT NULL, city text NOT NULL, email text UNIQUE, phone text, born date,
     dues numeric(10,2), email_upper text GENERATED ALWAYS AS (upper(email)) STORED)`,
  'CREATE INDEX members_phone ON club.members (phone)',
  'CREATE TABLE club.captains (rank text) INHERITS (club.members)',
  `CREATE TABLE club.boats (id int PRIMARY KEY, name text NOT NULL, owner_id int NOT NULL, price numeric(10,2) NOT NULL)`,
  `CREATE TABLE club.cards (id int, paid_on date, number text NOT NULL, PRIMARY KEY (id, paid_on)) PARTITION BY RANGE (paid_on)`,
  `CREATE TABLE club.cards_old PARTITION OF club.cards FOR VALUES FROM ('2000-01-01') TO ('2020-01-01')`,
  `CREATE TABLE club.cards_new PARTITION OF club.cards FOR VALUES FROM ('2020-01-01') TO ('2040-01-01')`,
  'CREATE TABLE club.letters (id int PRIMARY KEY, member_id int NOT NULL, title text NOT NULL, body jsonb)',
  `CREATE TABLE club.drafts (id int PRIMARY KEY, label text NOT NULL, amount numeric(10,2) NOT NULL DEFAULT 0)`,
  'CREATE TABLE club.safes (id int PRIMARY KEY, name text, code text)',
  'CREATE TABLE vault.log (id int PRIMARY KEY, detail text)',
  'CREATE TABLE club."Odd Name" (id int PRIMARY KEY, "Some Label" text)',
  `INSERT INTO club.members (id, name, city, email, phone, born, dues) VALUES ${memberRows.join(',')}`,
  `INSERT INTO club.captains (id, name, city, email, phone, born, dues, rank)
     VALUES (4, 'Davit Four', 'Port C', 'CANARY-MAIL-4@club.invalid', 'CANARY-TEL-444', '1914-04-14', 9440.04, 'first')`,
  `INSERT INTO club.boats VALUES (1, 'Alpha', 1, 100), (2, 'Beta', 2, 200), (3, 'Gamma', 1, 300)`,
  `INSERT INTO club.cards VALUES (1, '2010-01-01', 'CANARY-CARD-1'), (2, '2030-01-01', 'CANARY-CARD-2')`,
  `INSERT INTO club.letters VALUES (1, 1, 'Welcome', '{"text":"CANARY-LETTER-1","tags":["CANARY-TAG-1"]}'),
     (2, 2, 'Reminder', '{"text":"CANARY-LETTER-2"}')`,
  `INSERT INTO club.drafts VALUES (1, 'first', 10), (2, 'second', 20)`,
  `INSERT INTO club.safes VALUES (1, 'blue', 'CANARY-SAFE-1')`,
  `INSERT INTO vault.log VALUES (1, 'CANARY-VAULT-1')`,
  `INSERT INTO club."Odd Name" VALUES (1, 'plain')`,
  'CREATE VIEW club.contacts AS SELECT id, name, email AS contact, length(email) AS size FROM club.members',
  'CREATE MATERIALIZED VIEW club.contacts_kept AS SELECT id, phone AS reach FROM club.members',
  'CREATE VIEW club.safe_names AS SELECT name, code FROM club.safes',
  `CREATE FUNCTION club.mail_of(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM club.members WHERE id = $1'`,
  `CREATE FUNCTION club.everyone() RETURNS SETOF club.members LANGUAGE sql STABLE AS 'SELECT * FROM ONLY club.members'`,
  'ANALYZE',
]

/** Reads the club without the safes, everything personal hidden in full. */
export const READER: Section = {
  name: 'reader',
  scope: [{ databases: ['postgres'], schemas: ['club'], tables: ['*'], exceptTables: ['safes'], verbs: ['read'] }],
}

/** Reads addresses in clear and works on drafts. */
export const CLERK: Section = {
  name: 'clerk',
  scope: [
    { databases: ['postgres'], schemas: ['club'], tables: ['members', 'boats', 'drafts'], verbs: ['read'] },
    { databases: ['postgres'], schemas: ['club'], tables: ['drafts'], verbs: ['insert', 'update', 'delete'] },
    { databases: ['postgres'], schemas: ['club'], tables: ['boats'], columns: ['price'], verbs: ['update'] },
  ],
  unmask: ['club.members.email', 'club.members.email_upper'],
  requireWhere: true,
}

export const OWNER: Section = { name: 'owner', unrestricted: true }

export const CLUB_ROLES: readonly Section[] = [READER, CLERK, OWNER]

/** Masks that keep nothing of a value: what a paired attack gets can then be compared with nothing. */
export const HIDDEN: Section = {
  masks: [
    { schemas: ['club'], tables: ['members'], columns: ['email', 'phone'], strategy: 'redact', text: '[hidden]' },
    { schemas: ['club'], tables: ['members'], columns: ['born', 'dues'], strategy: 'null' },
    { schemas: ['club'], tables: ['cards'], columns: ['number'], strategy: 'redact', text: '[hidden]' },
    { schemas: ['club'], tables: ['letters'], columns: ['body'], strategy: 'redact', text: '[hidden]' },
  ],
}

/** Masks as people use them, one of each strategy. */
export const SHOWN_IN_PART: Section = {
  keys: MASKING_KEYS,
  masks: [
    { schemas: ['club'], tables: ['members'], columns: ['email'], strategy: 'email' },
    { schemas: ['club'], tables: ['members'], columns: ['phone'], strategy: 'partial', keepLast: 3 },
    { schemas: ['club'], tables: ['members'], columns: ['born', 'dues'], strategy: 'null' },
    { schemas: ['club'], tables: ['cards'], columns: ['number'], strategy: 'token', key: 'test-key' },
    { schemas: ['club'], tables: ['letters'], columns: ['body'], strategy: 'redact', text: '[hidden]' },
  ],
}
