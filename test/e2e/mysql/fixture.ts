import type { Section } from '../../servers/sallyport.ts'

/**
 * A small clinic of made-up people. Every protected value holds a canary that can't come from anywhere else, so that
 * finding one in an answer is a leak whatever way it took.
 */
interface Protected {
  readonly [column: string]: readonly string[]
}

export const CANARIES = {
  email: ['canary-fox-1@mail.example', 'canary-owl-2@mail.example', 'canary-elk-3@mail.example'],
  phone: ['+00-7351-0001', '+00-7351-0002', '+00-7351-0003'],
  taxId: ['TAXCANARY-11-7', 'TAXCANARY-22-8', 'TAXCANARY-33-9'],
  born: ['1911-02-03', '1912-03-04', '1913-04-05'],
  pan: ['4999000011112222', '4999000033334444', '4999000055556666'],
  note: ['notecanaryalpha', 'notecanarybravo', 'notecanarygamma'],
  key: ['keycanary-one', 'keycanary-two'],
  doc: ['doccanaryzulu', 'doccanaryyankee'],
} as const satisfies Protected

/** Other people's values of the same shape: what differs between the two databases is protected, and nothing else. */
export const TWINS: typeof CANARIES = {
  email: ['other-yak-4@mail.example', 'other-bee-5@mail.example', 'other-cat-6@mail.example'],
  phone: ['+00-8462-0004', '+00-8462-0005', '+00-8462-0006'],
  taxId: ['TAXSECOND-44-1', 'TAXSECOND-55-2', 'TAXSECOND-66-3'],
  born: ['1951-07-08', '1952-08-09', '1953-09-10'],
  pan: ['5888999911118888', '5888999922227777', '5888999933336666'],
  note: ['noteotherdelta', 'noteotherechos', 'noteotherfoxes'],
  key: ['keysecond-four', 'keysecond-five'],
  doc: ['docothertango', 'docothervictor'],
} as unknown as typeof CANARIES

export const FIXTURE_SQL = fixtureSql(CANARIES)

export function fixtureSql(secret: typeof CANARIES): readonly string[] {
  const people = [1, 2, 3].map((id) => {
    const at = id - 1
    const { email, phone, taxId, born, note } = secret
    const balance = Number(secret.pan[at]?.slice(-4))
    return `(${id}, 'Person ${id}', '${email[at]}', '${phone[at]}', '${taxId[at]}', '${born[at]}', ${balance}, '${note[at]}', ${id === 3 ? 'NULL' : `'DE'`})`
  })
  return [
    'CREATE DATABASE clinic CHARACTER SET utf8mb4',
    'CREATE DATABASE vault CHARACTER SET utf8mb4',
    `CREATE TABLE clinic.patients (
     id int PRIMARY KEY, full_name varchar(80) NOT NULL, email varchar(120) UNIQUE, phone varchar(40), tax_id varchar(20),
     born date, balance int, note text, country char(2), email_lower varchar(120) AS (lower(email)) STORED)`,
    `CREATE TABLE clinic.cards (id int PRIMARY KEY, patient_id int NOT NULL, brand varchar(10), pan varchar(24))`,
    `CREATE TABLE clinic.visits (
     id int PRIMARY KEY AUTO_INCREMENT, patient_id int NOT NULL, fee decimal(12,2) NOT NULL, at datetime NOT NULL,
     reason varchar(80))`,
    `CREATE TABLE clinic.big (id int PRIMARY KEY, body longtext)`,
    `CREATE TABLE clinic.types (
     id int PRIMARY KEY, ti tinyint, ui int unsigned, bi bigint, ub bigint unsigned, d decimal(30,10), f float, g double,
     s varchar(100), b varbinary(100), t text, bl blob, da date, dt datetime(6), ti2 time(3), y year, j json, bt bit(12), n int)`,
    'CREATE TABLE vault.api_keys (id int PRIMARY KEY, owner varchar(40), secret varchar(80))',
    `INSERT INTO clinic.patients (id, full_name, email, phone, tax_id, born, balance, note, country) VALUES ${people.join(', ')}`,
    `INSERT INTO clinic.cards VALUES ${secret.pan.map((pan, at) => `(${at + 1}, ${at + 1}, 'visa', '${pan}')`).join(', ')}`,
    `INSERT INTO clinic.visits (patient_id, fee, at, reason)
     VALUES (1, 10.50, '2026-01-02 03:04:05', 'check'), (2, 20.25, '2026-01-03 03:04:05', NULL), (1, 30, '2026-01-04', 'cough')`,
    `INSERT INTO vault.api_keys VALUES ${secret.key.map((key, at) => `(${at + 1}, 'owner ${at + 1}', '${key}')`).join(', ')}`,
    'CREATE VIEW clinic.contacts AS SELECT id AS patient_id, full_name, email AS contact FROM clinic.patients',
    "CREATE VIEW clinic.leaky AS SELECT full_name FROM clinic.patients WHERE email LIKE 'canary-fox%'",
    `CREATE FUNCTION clinic.email_of(who int) RETURNS varchar(120) READS SQL DATA
     RETURN (SELECT email FROM clinic.patients WHERE id = who)`,
    'CREATE PROCEDURE clinic.dump_patients() READS SQL DATA SELECT * FROM clinic.patients',
    'CREATE TABLE clinic.files (id int PRIMARY KEY, doc json)',
    `INSERT INTO clinic.files VALUES ${secret.doc.map((word, at) => `(${at + 1}, '{"patient": {"name": "${word}"}}')`).join(', ')}`,
    'CREATE DATABASE scratch CHARACTER SET utf8mb4',
    'CREATE TABLE scratch.notes (id int PRIMARY KEY AUTO_INCREMENT, v varchar(200))',
    'CREATE TABLE scratch.unique_notes (v varchar(200) UNIQUE)',
    // Two servers with the same tables have to choose the same plans, or rows come in different orders.
    'ANALYZE TABLE clinic.patients, clinic.cards, clinic.visits, clinic.files',
  ]
}

const CLINIC = { schemas: ['clinic'], tables: ['*'] }

export const ROLES: readonly Section[] = [
  { name: 'reader', scope: [{ ...CLINIC, verbs: ['read'] }], limits: { maxRowsPerResult: 100_000 } },
  {
    name: 'writer',
    scope: [
      { ...CLINIC, verbs: ['read'] },
      { schemas: ['clinic'], tables: ['visits', 'types', 'big'], verbs: ['insert', 'update', 'delete'] },
    ],
    unmask: ['clinic.patients.email'],
    requireWhere: true,
  },
  { name: 'unlimited', unrestricted: true },
]

const PATIENTS = { schemas: ['clinic'], tables: ['patients'] }

/** One column for each strategy. */
export const MASKING: Section = {
  keys: { 'test-key': 'env:MASKING_KEY' },
  masks: [
    { ...PATIENTS, columns: ['email'], strategy: 'email' },
    { ...PATIENTS, columns: ['phone'], strategy: 'partial', keepLast: 2 },
    { ...PATIENTS, columns: ['tax_id'], strategy: 'redact', text: '[redacted]' },
    { ...PATIENTS, columns: ['born', 'balance'], strategy: 'null' },
    { ...PATIENTS, columns: ['note'], strategy: 'hash', key: 'test-key', length: 16 },
    { schemas: ['clinic'], tables: ['cards'], columns: ['pan'], strategy: 'token', key: 'test-key' },
  ],
}

/** The same with constants alone, so that no answer can tell two values apart. */
export const CONSTANT_MASKING: Section = {
  masks: [
    {
      ...PATIENTS,
      columns: ['email', 'phone', 'tax_id', 'born', 'balance', 'note'],
      strategy: 'redact',
      text: '[redacted]',
    },
    { schemas: ['clinic'], tables: ['cards'], columns: ['pan'], strategy: 'null' },
    { schemas: ['clinic'], tables: ['files'], columns: ['doc'], strategy: 'null' },
  ],
}
