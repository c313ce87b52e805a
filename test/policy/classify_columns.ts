import type { SampledColumn } from '../../src/policy/classify.ts'

/** Columns with what they hold, as a person would label them; null is nothing of a person and no secret. */
export interface Labelled extends SampledColumn {
  readonly label: string | null
}

const COUNT = 40

/** The same numbers on every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

type Make = (random: () => number, at: number) => string

function digits(random: () => number, count: number): string {
  return Array.from({ length: count }, () => Math.floor(random() * 10)).join('')
}

function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T
}

function letters(random: () => number, count: number, from = 'abcdefghijklmnopqrstuvwxyz0123456789'): string {
  return Array.from({ length: count }, () => pick(random, [...from])).join('')
}

const FIRST =
  'James Maria Peter Olga Wei Fatima Lukas Giulia Anders Priya Torvald Siobhan Kwame Ngozi Eilidh Zbigniew'.split(' ')
const LAST = 'Smith Garcia Müller Petrova Chen Haddad Schmidt Rossi Larsen Sharma Berg Murphy Mensah Okafor'.split(' ')

const email: Make = (r, at) => `${pick(r, FIRST).toLowerCase()}${at}@${pick(r, ['example.test', 'mail.example.test'])}`
const fullName: Make = (r) => `${pick(r, FIRST)} ${pick(r, LAST)}`
const phoneIntl: Make = (r) => `+${pick(r, ['1', '44', '49', '33'])} ${digits(r, 3)} ${digits(r, 6)}`
const phoneNorth: Make = (r) => `(${digits(r, 3)}) ${digits(r, 3)}-${digits(r, 4)}`
const phonePlain: Make = (r) => digits(r, 10)
const ipv4: Make = (r) => Array.from({ length: 4 }, () => Math.floor(r() * 256)).join('.')
const ipv6: Make = (r) => `2001:db8::${letters(r, 4, '0123456789abcdef')}:${letters(r, 4, '0123456789abcdef')}`
const mac: Make = (r) => Array.from({ length: 6 }, () => letters(r, 2, '0123456789abcdef')).join(':')
const ssnOf: Make = (r) =>
  `${100 + Math.floor(r() * 500)}-${10 + Math.floor(r() * 80)}-${1000 + Math.floor(r() * 8000)}`
const uuid: Make = (r) => [8, 4, 4, 4, 12].map((count) => letters(r, count, '0123456789abcdef')).join('-')
const bcrypt: Make = (r) => `$2b$12$${letters(r, 53)}`
const date: Make = (r) => `${1950 + Math.floor(r() * 60)}-0${1 + Math.floor(r() * 9)}-1${Math.floor(r() * 10)}`

function withLuhn(body: string): string {
  const sum = [...body].reverse().reduce((total, digit, at) => {
    const value = Number(digit) * (at % 2 === 0 ? 2 : 1)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return body + ((10 - (sum % 10)) % 10)
}
const card: Make = (r) => withLuhn(`4${digits(r, 14)}`)
const cardSpaced: Make = (r, at) => card(r, at).replaceAll(/(\d{4})(?=\d)/g, '$1 ')

const ibanOf: Make = (r) => {
  const body = digits(r, 18)
  const check = 98n - (BigInt(`${body}131400`) % 97n)
  return `DE${String(check).padStart(2, '0')}${body}`
}
const dniOf: Make = (r) => {
  const number = 10_000_000 + Math.floor(r() * 80_000_000)
  return `${number}${'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}`
}
const words: Make = (r) =>
  Array.from({ length: 5 }, () => pick(r, ['ships', 'late', 'the', 'blue', 'box', 'returned', 'asks', 'again'])).join(
    ' ',
  )

type Row = readonly [table: string, column: string, type: string, make: Make | null, label: string | null]

const fixed =
  (...values: readonly string[]): Make =>
  (r) =>
    pick(r, values)

const ROWS: readonly Row[] = [
  ['users', 'email', 'text', email, 'pii.email'],
  ['users', 'contact', 'character varying(200)', email, 'pii.email'],
  ['users', 'backupEmail', 'varchar(120)', email, 'pii.email'],
  ['newsletter', 'address', 'text', email, 'pii.email'],
  ['log', 'payload_1', 'text', email, 'pii.email'],
  ['users', 'email_verified', 'boolean', fixed('true', 'false'), null],
  ['users', 'email_sent_at', 'timestamp', date, null],
  ['users', 'email_count', 'integer', (r) => digits(r, 2), null],
  ['mails', 'email_subject', 'text', words, null],
  ['mails', 'email_template', 'text', fixed('welcome', 'reset', 'bill', 'bye'), null],
  ['users', 'name', 'text', fullName, 'pii.name'],
  ['customers', 'full_name', 'text', fullName, 'pii.name'],
  ['employees', 'LastName', 'varchar(80)', fixed(...LAST), 'pii.name'],
  ['employees', 'firstName', 'varchar(80)', fixed(...FIRST), 'pii.name'],
  ['orders', 'recipient', 'text', fullName, 'pii.name'],
  ['orders', 'x3', 'text', fullName, 'pii.name'],
  ['products', 'name', 'text', fixed('Blue chair', 'Red lamp', 'Oak desk', 'Green sofa', 'Shelf'), null],
  ['plans', 'display_name', 'text', fixed('Free', 'Team', 'Business', 'Enterprise', 'Trial'), null],
  ['cities', 'name', 'text', fixed('Oslo', 'Bergen', 'Paris', 'Kyoto', 'Lima', 'Quito'), null],
  ['files', 'file_name', 'text', (r) => `${letters(r, 8)}.pdf`, null],
  ['users', 'phone', 'text', phoneIntl, 'pii.phone'],
  ['users', 'mobile', 'varchar(32)', phonePlain, 'pii.phone'],
  ['leads', 'tel', 'text', phoneNorth, 'pii.phone'],
  ['calls', 'caller', 'text', phoneIntl, 'pii.phone'],
  ['calls', 'msisdn', 'bigint', phonePlain, 'pii.phone'],
  ['devices', 'phone_model', 'text', fixed('A12', 'P30', 'X1', 'Mi 9', 'G7'), null],
  ['parts', 'part_no', 'text', (r) => `${digits(r, 4)}-${digits(r, 4)}-${digits(r, 2)}`, null],
  ['parts', 'made', 'text', (r, at) => date(r, at).replaceAll('-', '/'), null],
  ['parts', 'dimension', 'text', (r) => `${digits(r, 2)}.${digits(r, 2)}.${digits(r, 2)}`, null],
  ['users', 'ssn', 'text', ssnOf, 'pii.national_id'],
  ['tax', 'ref', 'text', ssnOf, 'pii.national_id'],
  ['clientes', 'documento', 'text', dniOf, 'pii.national_id'],
  ['users', 'passport_number', 'text', (r) => letters(r, 9, 'CFGHJK0123456789'), 'pii.national_id'],
  ['orders', 'order_no', 'text', (r) => digits(r, 9), null],
  ['orders', 'tracking', 'text', (r) => digits(r, 11), null],
  ['orders', 'invoice', 'text', (r) => `${digits(r, 4)}-${digits(r, 3)}`, null],
  ['payments', 'card_number', 'text', card, 'financial.card'],
  ['payments', 'reference', 'text', cardSpaced, 'financial.card'],
  ['payments', 'transaction', 'text', (r) => digits(r, 16), null],
  ['products', 'ean', 'text', (r) => `4${digits(r, 12)}`, null],
  ['payments', 'iban', 'text', ibanOf, 'financial.iban'],
  ['suppliers', 'pay_to', 'text', ibanOf, 'financial.iban'],
  ['suppliers', 'bic', 'text', fixed('DEUTDEFF', 'BNPAFRPP', 'CHASUS33', 'INGBNL2A'), 'financial.iban'],
  ['suppliers', 'vat_code', 'text', (r) => `DE${digits(r, 9)}`, null],
  ['sessions', 'ip', 'inet', ipv4, 'pii.ip'],
  ['sessions', 'peer', 'text', ipv4, 'pii.ip'],
  ['sessions', 'origin', 'text', ipv6, 'pii.ip'],
  ['releases', 'version', 'text', (r) => `${digits(r, 1)}.${digits(r, 2)}.${digits(r, 1)}`, null],
  ['releases', 'build', 'text', (r) => `10.${digits(r, 1)}.${digits(r, 1)}.${digits(r, 2)}`, null],
  ['releases', 'at_time', 'text', (r) => `1${digits(r, 1)}:4${digits(r, 1)}:2${digits(r, 1)}`, null],
  ['devices', 'mac_address', 'text', mac, 'pii.device'],
  ['devices', 'hw', 'text', mac, 'pii.device'],
  ['devices', 'user_agent', 'text', fixed('Mozilla/5.0 (X11)', 'curl/8', 'Safari/17', 'Firefox/130'), 'pii.device'],
  ['users', 'password_hash', 'text', bcrypt, 'secret'],
  ['users', 'credential', 'text', bcrypt, 'secret'],
  ['apps', 'api_key', 'text', (r) => letters(r, 32), 'secret'],
  ['apps', 'token', 'text', (r) => `eyJ${letters(r, 20)}.${letters(r, 30)}.${letters(r, 20)}`, 'secret'],
  ['users', 'password_changed_at', 'timestamp', date, null],
  ['users', 'password_expires', 'timestamp', date, null],
  ['files', 'md5', 'text', (r) => letters(r, 32, '0123456789abcdef'), null],
  ['lexer', 'token_type', 'text', fixed('word', 'number', 'space', 'end'), null],
  ['users', 'dob', 'date', date, 'pii.birth_date'],
  ['patients', 'birthDate', 'date', date, 'pii.birth_date'],
  ['people', 'born_on', 'date', date, 'pii.birth_date'],
  ['users', 'created_at', 'timestamp', date, null],
  ['orders', 'placed_on', 'date', date, null],
  ['addresses', 'street', 'text', (r) => `${pick(r, LAST)} Street ${digits(r, 2)}`, 'pii.address'],
  ['addresses', 'zip', 'text', (r) => digits(r, 5), 'pii.address'],
  ['addresses', 'postal_code', 'text', (r) => digits(r, 5), 'pii.address'],
  ['addresses', 'line2', 'text', (r) => `Flat ${digits(r, 2)}`, 'pii.address'],
  ['addresses', 'address_type', 'text', fixed('home', 'work', 'billing', 'other'), null],
  ['addresses', 'country', 'text', fixed('NO', 'FR', 'DE', 'PE'), null],
  ['visits', 'latitude', 'double precision', (r) => `${(r() * 90).toFixed(5)}`, 'pii.location'],
  ['visits', 'lng', 'numeric(9,6)', (r) => `${(r() * 90).toFixed(5)}`, 'pii.location'],
  ['patients', 'diagnosis', 'text', words, 'phi.health'],
  ['patients', 'blood_type', 'text', fixed('A+', 'B-', '0+', 'AB+'), 'phi.health'],
  ['patients', 'ward', 'text', fixed('A', 'B', 'C', 'D'), null],
  ['employees', 'salary', 'numeric(10,2)', (r) => digits(r, 5), 'financial.salary'],
  ['employees', 'gender', 'text', fixed('f', 'm', 'x', '-'), 'pii.gender'],
  ['employees', 'nickname', 'text', (r) => letters(r, 7), 'pii.name'],
  ['orders', 'id', 'bigint', (r) => digits(r, 7), null],
  ['orders', 'public_id', 'uuid', uuid, null],
  ['orders', 'status', 'text', fixed('open', 'paid', 'sent', 'lost'), null],
  ['orders', 'total', 'numeric(10,2)', (r) => `${digits(r, 3)}.${digits(r, 2)}`, null],
  ['orders', 'currency', 'text', fixed('EUR', 'USD', 'NOK', 'JPY'), null],
  ['orders', 'notes', 'text', words, null],
  ['orders', 'user_id', 'integer', (r) => digits(r, 4), null],
  ['orders', 'coupon', 'text', (r) => letters(r, 8).toUpperCase(), null],
  ['products', 'sku', 'text', (r) => `${letters(r, 3).toUpperCase()}-${digits(r, 5)}`, null],
  ['products', 'title', 'text', words, null],
  ['products', 'color', 'text', fixed('Red', 'Blue', 'Green', 'Grey', 'Rose', 'Olive'), null],
  ['products', 'weight', 'integer', (r) => digits(r, 3), null],
  ['settings', 'key', 'text', (r) => `app.${letters(r, 5)}`, null],
  ['settings', 'value', 'text', fixed('on', 'off', '10', 'eu-1'), null],
  ['jobs', 'queue', 'text', fixed('mail', 'bill', 'sync', 'low'), null],
  ['jobs', 'email_queue', 'text', fixed('mail-1', 'mail-2', 'mail-3', 'mail-4'), null],
  ['jobs', 'url', 'text', (r) => `https://${letters(r, 6)}.example.test/`, null],
  ['ads', 'campaign', 'text', words, null],
  ['team', 'mail_server', 'text', (r) => `mx${digits(r, 1)}.example.test`, null],
  ['customers', 'empty_email', 'text', null, 'pii.email'],
  ['customers', 'old_phone', 'text', null, 'pii.phone'],
]

export const LABELLED: readonly Labelled[] = ROWS.map(([table, column, type, make, label], index) => {
  const random = numbers(index + 1)
  const values = make === null ? [] : Array.from({ length: COUNT }, (_unused, at) => make(random, at))
  return { schema: 'shop', table, column, type, values, label }
})
